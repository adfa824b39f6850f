import Shared

/// A picture that is not finished.
struct PartialPicture: Sendable {
  /// A PNG file.
  var png: [UInt8]
  /// How far it is, from 0, which is noise, to 1.
  var progress: Double
}

/// Shows a job's first picture while it is made. The stream may have any number of pictures, and finishes when nobody
/// listens.
typealias PartialPictures = @Sendable (_ job: JobID) -> AsyncStream<PartialPicture>

/// Picks from all that can be shown as many as a client has asked for, at even distances on the way to the picture.
struct PartialSelection: Sendable {
  private let count: Int
  private var sent = 0

  /// - Parameter count: how many at most.
  init(_ count: Int) { self.count = count }

  /// The index of a picture among those that are sent; nil if it is not.
  mutating func index(at progress: Double) -> Int? {
    guard sent < count, progress >= Double(sent + 1) / Double(count + 1) else { return nil }
    defer { sent += 1 }
    return sent
  }
}
