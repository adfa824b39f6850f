import Foundation
package import Shared

/// A token as it is kept.
package struct TokenRecord: Sendable, Equatable {
  package var info: TokenInfo
  /// SHA-256 of its secret, 32 bytes.
  package var digest: [UInt8]

  package init(info: TokenInfo, digest: [UInt8]) {
    self.info = info
    self.digest = digest
  }
}

/// What an owner has in a cluster.
package struct OwnerUsage: Sendable, Equatable {
  /// Pictures that are not finished.
  package var pictures: Int
  /// Items of jobs that have not ended.
  package var items: Int
}
