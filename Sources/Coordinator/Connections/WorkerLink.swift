import Shared
import Synchronization

/// The workers' transport as turns see it: peers are workers, by name, wherever they are connected.
final class WorkerLink: Transport {
  let gate: WorkerGate
  private let transport = Mutex<(any Transport)?>(nil)

  init(_ gate: WorkerGate) { self.gate = gate }

  /// From now on there is a wire.
  func open(_ transport: any Transport) { self.transport.withLock { $0 = transport } }

  private var wire: (any Transport)? { transport.withLock { $0 } }

  func send(_ frames: [[UInt8]], to worker: String) { send([(frames, worker)]) }

  /// What is said to a worker that is heard nowhere is lost: it is asked to introduce itself when it says something.
  func send(_ messages: [(frames: [[UInt8]], peer: String)]) {
    wire?.send(
      messages.compactMap { message in
        gate.route(to: WorkerID(message.peer)).map { (frames: message.frames, peer: $0) }
      })
  }

  /// Says something to who is at the end of a connection and counts as no worker. It has no number.
  func answer(_ body: Wire.FromCoordinator.OneOf_Body, on route: String) {
    guard let frames = try? WireMessage<Wire.FromCoordinator>(body, number: 0).encoded() else { return }
    wire?.send(frames, to: route)
  }

  func serve(_ curve: CurveServer) { wire?.serve(curve) }

  func close() { wire?.close() }
}
