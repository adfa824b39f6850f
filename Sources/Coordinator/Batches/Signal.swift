import Synchronization

/// Wakes one who waits, if only a moment later: a signal that nobody waits for is not lost.
package final class Signal: Sendable {
  private struct State {
    var isSet = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  package init() {}

  package func signal() {
    let waiting = state.withLock { state in
      state.isSet = state.waiting == nil
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }

  /// Waits until somebody signals, or has since the last time; not longer than a while. For one at a time.
  package func wait(atMost limit: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await withTaskCancellationHandler {
          await withCheckedContinuation { continuation in
            let isSet = self.state.withLock { state in
              if state.isSet || Task.isCancelled {
                state.isSet = false
                return true
              }
              state.waiting = continuation
              return false
            }
            if isSet { continuation.resume() }
          }
        } onCancel: {
          let waiting = self.state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
          }
          waiting?.resume()
        }
      }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }
}
