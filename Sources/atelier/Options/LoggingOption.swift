import ArgumentParser
import Logging

/// How much the long-running commands say, on standard error: a line an event, with its facts as key and value.
struct LoggingOption: ParsableArguments {
  @Option(
    help: "Log from this level on: debug, info, notice, warning or error.",
    transform: { text in
      guard let level = Logger.Level(rawValue: text) else {
        throw ValidationError("'\(text)' is no log level.")
      }
      return level
    })
  var logLevel = Logger.Level.info

  /// A log on standard error from the chosen level on.
  ///
  /// - Parameter label: which part speaks, such as `coordinator`.
  func logger(_ label: String) -> Logger {
    var logger = Logger(label: label) { PrintableLogHandler(StreamLogHandler.standardError(label: $0)) }
    logger.logLevel = logLevel
    return logger
  }
}
