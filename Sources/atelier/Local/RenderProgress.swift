import Foundation
import Shared
import Synchronization

/// How far the pictures of one command are, which may be made side by side. A terminal on standard error gets a line
/// that changes; a file or a pipe gets none.
final class RenderProgress: Sendable {
  /// The keys, in snake case, are part of the command line's contract.
  struct Picture: Encodable, Sendable {
    let file: String
    let seed: UInt64
    /// What is made side by side shares the time. The first pictures' are more: buffers are new, and large weights are
    /// read from the disk.
    let seconds: Double
  }

  /// What threads that make pictures side by side share.
  private struct State {
    var pictures: [Int: Picture] = [:]
    var watch: StageClock
    /// Of the first picture that failed.
    var failure: (any Error)?
  }

  private let count: Int
  /// How many pictures are made at a time.
  private let lanes: Int
  private let isShown = isatty(STDERR_FILENO) == 1
  private let state: Mutex<State>

  /// - Parameters:
  ///   - lanes: how many pictures are made at a time.
  ///   - watch: with what was measured before the first picture.
  init(pictures: Int, lanes: Int, watch: StageClock) {
    (count, self.lanes) = (pictures, lanes)
    state = Mutex(State(watch: watch))
  }

  /// The finished pictures in the order of their requests, and where the time went.
  var result: ([Picture], StageClock) {
    state.withLock { state in (state.pictures.sorted { $0.key < $1.key }.map(\.value), state.watch) }
  }

  /// Runs the work on a picture, unless that on another one has failed.
  func attempt(_ work: () throws -> Void) {
    guard state.withLock({ $0.failure == nil }) else { return }
    do {
      try work()
    } catch {
      state.withLock { if $0.failure == nil { $0.failure = error } }
    }
  }

  /// Throws what work on a picture threw first, if any has. To be called when all work has returned.
  func rethrow() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Shows a terminal how far a picture is, if it is the first of those that are being made.
  ///
  /// - Returns: whether to go on: not once the work on another picture has failed.
  func show(_ index: Int, _ what: String) -> Bool {
    state.withLock { state in
      guard state.failure == nil else { return false }
      if isShown, (0..<index).allSatisfy({ state.pictures[$0] != nil }) {
        Self.replaceLine("picture \(index + 1) of \(count): \(what)")
      }
      return true
    }
  }

  /// Takes a finished picture and what was measured of it, and calls `made` alone.
  ///
  /// - Parameter prints: whether the file and its seed are said on standard output.
  /// - Throws: what `made` throws; the picture does not count as finished then.
  func end(
    _ index: Int, file: String, seed: UInt64, _ watch: StageClock, prints: Bool, _ made: () throws -> Void
  ) throws {
    try state.withLock { state in
      if isShown { Self.replaceLine("") }
      try made()
      state.pictures[index] = Picture(file: file, seed: seed, seconds: watch.total / Double(lanes))
      state.watch.add(watch, share: 1 / Double(lanes))
      if prints { printLine("\(file)  seed \(seed)") }
    }
  }

  /// Replaces the terminal's current line.
  private static func replaceLine(_ line: String) {
    FileHandle.standardError.write(Data(replacement(line).utf8))
  }

  /// What makes a terminal show a line in the place of its current one.
  static func replacement(_ line: String) -> String { "\r\u{1B}[K" + line.printable }
}
