import ArgumentParser
import Logging

/// How much the long-running commands say, on standard error.
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

  func logger(_ label: String) -> Logger {
    var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel
    return logger
  }
}
