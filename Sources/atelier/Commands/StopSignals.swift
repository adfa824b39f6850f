import Dispatch
import Foundation

/// Reacts to SIGTERM, SIGINT and SIGHUP: gently the first time, firmly from the second on. Whatever hangs, the process
/// ends within ``last`` of the second.
///
/// SIGHUP stays ignored where it is when the process starts, as under `nohup`. A standard error that nobody reads any
/// more ends nothing: what watches for signals outlives its terminal.
final class StopSignals {
  /// From the second signal until the process is ended, with exit status 1.
  static let last = Duration.seconds(5)

  private let sources: [any DispatchSourceSignal]

  /// Watches until ``cancel()``.
  ///
  /// - Parameters:
  ///   - patience: after so long the first signal counts as the second; nil for never.
  ///   - first: called at the first signal, of any kind.
  ///   - second: called once, at the second signal or when the patience has ended.
  init(
    patience: Duration? = nil, first: @escaping @Sendable () -> Void, second: @escaping @Sendable () -> Void
  ) {
    signal(SIGPIPE, SIG_IGN)
    // A queue of its own: the cooperative threads may all be at work, and on one core there is but one.
    let queue = DispatchQueue(label: "atelier.signals")
    let count = Count()
    let isTold: @Sendable () -> Void = {
      count.value += 1
      switch count.value {
      case 1: first()
      case 2:
        Self.end(within: Self.last)
        second()
      default: break
      }
    }
    let kinds = [SIGTERM, SIGINT, SIGHUP].filter { $0 != SIGHUP || !Self.isIgnored($0) }
    sources = kinds.map { kind in
      let source = DispatchSource.makeSignalSource(signal: kind, queue: queue)
      source.setEventHandler {
        isTold()
        guard count.value == 1, let patience else { return }
        queue.asyncAfter(deadline: .now() + patience / .seconds(1)) { if count.value == 1 { isTold() } }
      }
      source.resume()
      return source
    }
  }

  func cancel() { for source in sources { source.cancel() } }

  /// Touched on the signals' queue alone.
  private final class Count: @unchecked Sendable { var value = 0 }

  /// Ends the process from a thread that needs nothing of the others, unless it has ended by then.
  private static func end(within time: Duration) {
    Thread {
      Thread.sleep(forTimeInterval: time / .seconds(1))
      _exit(1)
    }.start()
  }

  private static func isIgnored(_ kind: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(kind, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
