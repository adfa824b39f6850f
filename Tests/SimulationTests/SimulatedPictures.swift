import Foundation
import Shared
import Store

/// A folder of pictures in memory, which survives a crash as a disk does.
final class SimulatedPictures: PictureStore, @unchecked Sendable {
  private(set) var files: [String: [UInt8]] = [:]

  private var aside: [String: [UInt8]] = [:]

  func stage(_ pictures: [[UInt8]]) throws(AtelierError) -> [String] {
    pictures.map { bytes in
      let name = "\(aside.count)"
      aside[name] = bytes
      return name
    }
  }

  func place(_ staged: String, name: String) throws(AtelierError) -> String {
    files[name] = aside[staged]
    return ""
  }

  func sync(_ folders: Set<String>) throws(AtelierError) {}
  func discard(_ staged: String) {}
}
