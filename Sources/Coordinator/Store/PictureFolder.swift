package import Foundation
package import Shared

/// Where finished pictures lie: `<data>/pictures/<job>/<thousands>/<item>-<image>.png`.
///
/// A picture is written to a temporary name, synced and renamed, and the database names it only
/// afterwards: so a file that the database names is whole, whatever dies when.
package struct PictureFolder: PictureStore {
  package let root: String

  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/pictures"
    try DurableFile.makeFolder(root)
  }

  /// The name of a picture's file, relative to the folder. Folders of 1,000 items stay quick to list.
  package static func name(job: JobID, item: Int, index: Int) -> String {
    "\(job)/\(padded(item / 1000, 4))/\(padded(item, 6))-\(index).png"
  }

  /// Writes a picture durably. Writing the same picture again is harmless.
  package func write(_ bytes: [UInt8], name: String) throws(AtelierError) {
    try DurableFile.write(bytes, to: root + "/" + name)
  }

  /// The bytes of a picture.
  package func read(_ name: String) throws(AtelierError) -> Data {
    guard let data = FileManager.default.contents(atPath: root + "/" + name) else {
      throw AtelierError(.system, "The picture '\(root)/\(name)' is missing on disk, though the database names it.")
    }
    return data
  }

  /// Removes all pictures of a job. What is not there needs no removing.
  package func remove(_ job: JobID) throws(AtelierError) {
    let folder = "\(root)/\(job)"
    guard FileManager.default.fileExists(atPath: folder) else { return }
    do {
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      throw AtelierError(.system, "Cannot remove the pictures '\(folder)'.", cause: error)
    }
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
