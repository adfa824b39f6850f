import Dispatch
import Foundation

/// Reacts to SIGTERM and SIGINT: gently the first time, firmly the second.
final class StopSignals: @unchecked Sendable {
  private let queue = DispatchQueue(label: "atelier.signals")
  private var sources: [any DispatchSourceSignal] = []
  private var count = 0

  init(first: @escaping @Sendable () -> Void, second: @escaping @Sendable () -> Void) {
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in
        guard let self else { return }
        count += 1
        if count == 1 { first() } else { second() }
      }
      source.resume()
      sources.append(source)
    }
  }

  func cancel() {
    for source in sources { source.cancel() }
  }
}
