import Coordinator
import Foundation
import Shared

/// A folder of pictures in memory, which survives a crash as a disk does.
final class SimulatedPictures: PictureStore, @unchecked Sendable {
  private(set) var files: [String: [UInt8]] = [:]

  func write(_ bytes: [UInt8], name: String) throws(AtelierError) { files[name] = bytes }
}
