import Logging
import Shared

/// A log whose events stay on their lines: what would steer a terminal, or look like another event in a file, is
/// shown escaped. Messages and metadata hold names and errors that come from others.
struct PrintableLogHandler: LogHandler {
  private var handler: any LogHandler

  /// - Parameter handler: writes the events.
  init(_ handler: any LogHandler) { self.handler = handler }

  var logLevel: Logger.Level {
    get { handler.logLevel }
    set { handler.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue.printable }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { handler[metadataKey: key.printable] }
    set { handler[metadataKey: key.printable] = newValue?.printable }
  }

  func log(event: LogEvent) {
    var event = event
    event.message = "\(event.message.description.printable)"
    event.metadata = event.metadata?.printable
    if let error = event.error {
      // The handler would write it as it is.
      event.metadata = (event.metadata ?? [:]).merging(["error": .string("\(error)".printable)]) { given, _ in given }
      event.error = nil
    }
    handler.log(event: event)
  }
}

extension Logger.Metadata {
  fileprivate var printable: Logger.Metadata {
    Logger.Metadata(map { ($0.key.printable, $0.value.printable) }, uniquingKeysWith: { first, _ in first })
  }
}

extension Logger.MetadataValue {
  fileprivate var printable: Logger.MetadataValue {
    switch self {
    case .string(let text): .string(text.printable)
    case .stringConvertible(let value): .string(value.description.printable)
    case .dictionary(let metadata): .dictionary(metadata.printable)
    case .array(let values): .array(values.map(\.printable))
    }
  }
}
