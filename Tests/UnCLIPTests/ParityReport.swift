import Foundation

/// Prints what parity tests measured where ATELIER_PARITY_REPORT is set; scripts/parity makes a table of it.
enum ParityReport {
  private static let isWanted = ProcessInfo.processInfo.environment["ATELIER_PARITY_REPORT"] != nil

  /// A figure of one model: `measure` is a part, or a kind of picture with what is measured of it.
  static func add(_ fixture: Fixture, _ measure: String, _ value: Float) {
    guard isWanted else { return }
    // One write a line: tests run at the same time.
    FileHandle.standardOutput.write(Data("parity: \(fixture.name) \(measure) \(value)\n".utf8))
  }
}
