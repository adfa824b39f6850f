import ArgumentParser
import Shared

/// The bounds of `--n`, the same as a line of a prompt file has.
enum PictureCount {
  static func check(_ count: Int) throws {
    let range = ItemRequest.pictureRange
    guard range.contains(count) else {
      throw ValidationError("--n must be from \(range.lowerBound) to \(range.upperBound).")
    }
  }
}
