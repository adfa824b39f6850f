import Foundation

/// What a worker keeps of having joined: a folder with its own key (`worker.key`), and where its coordinator is and by
/// which key it knows it (`coordinator.json`).
package struct WorkerMembership: Sendable, Codable, Equatable {
  package var address: String
  /// In Z85.
  package var serverKey: String
  /// Further keys of the coordinator, such as the one that follows; nil for none.
  package var otherServerKeys: [String]?
  /// The public key of the invitation by which it joined, in Z85: the same token need not be used again.
  package var invitation: String

  package static let key = "worker.key"
  /// A key that is to take its place, until it has.
  package static let nextKey = "worker-next.key"
  private static let file = "coordinator.json"

  package init(_ token: WorkerToken) {
    (address, serverKey) = (token.address, token.server.text)
    otherServerKeys = token.next.map { [$0.text] }
    invitation = token.invitation.publicKey.text
  }

  /// The coordinator is known by these keys from now on; that of now first.
  package mutating func learn(_ servers: [CurveKey]) {
    guard let first = servers.first else { return }
    serverKey = first.text
    otherServerKeys = servers.count > 1 ? servers.dropFirst().map(\.text) : nil
  }

  /// Of a folder; nil where nobody has joined yet.
  ///
  /// - Throws: `malformed` if it cannot be read, and what the folder throws.
  package init?(in folder: KeyFolder) throws(AtelierError) {
    guard let bytes = try folder.read(Self.file) else { return nil }
    do {
      self = try JSONCoding.decode(WorkerMembership.self, from: bytes)
    } catch {
      throw AtelierError(
        .malformed, "'\(folder.path)/\(Self.file)' cannot be read. Remove the folder and join again.", cause: error)
    }
  }

  package func save(in folder: KeyFolder) throws(AtelierError) {
    let bytes: Data
    do { bytes = try JSONCoding.encode(self) } catch {
      throw AtelierError(.internal, "Cannot encode where the coordinator is.", cause: error)
    }
    try folder.write(bytes, to: Self.file)
  }

  /// How a worker with these keys proves itself to this coordinator.
  ///
  /// - Throws: `malformed` if the saved key is none.
  package func curve(_ keys: CurveKeyPair) throws(AtelierError) -> CurveClient {
    guard let server = CurveKey(serverKey) else {
      throw AtelierError(.malformed, "The saved key of the coordinator at \(address) is none. Join again.")
    }
    return CurveClient(keys: keys, server: server, others: (otherServerKeys ?? []).compactMap { CurveKey($0) })
  }
}
