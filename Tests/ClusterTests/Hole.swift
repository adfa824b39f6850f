import Foundation
import Shared
import Store
import Synchronization

@testable import Coordinator

/// A check that is missing at the workers' port: built around the real coordinator by tests alone, to show that what an
/// attack fails on is that check.
enum Hole: Sendable {
  /// Each key is listed as soon as it knocks, also one that was revoked.
  case anyKey
  /// Who says a worker's name is that worker, whatever its connection and its key, and is told what that is told.
  case nameBelieved

  /// Opens the workers' side without the check.
  func transport(
    _ admissions: WorkerAdmissions?, _ handler: TransportHandler,
    open: (CurveServer?, TransportHandler) throws(AtelierError) -> any Transport
  ) throws(AtelierError) -> any Transport {
    switch self {
    case .anyKey:
      let server = admissions.map { admissions in
        CurveServer(keys: admissions.serverKeys.current) { key in
          // Who is invited joins as ever.
          if admissions.admission(of: key) != .invitation {
            admissions.add(WorkerKeyRecord(key: key, name: "anybody", pools: [], createdAt: 0))
          }
          return true
        }
      }
      return try open(server, handler)
    case .nameBelieved:
      let names = BelievedNames()
      let believing = TransportHandler(
        received: { frames, peer in handler.received(frames, names.peer(of: frames, from: peer)) },
        undeliverable: handler.undeliverable)
      return BelievingTransport(try open(admissions?.server, believing), names)
    }
  }
}

/// Takes whoever said a name last for its bearer, and the key that said it first for the bearer's.
private final class BelievedNames: Sendable {
  private let peers = Mutex<[String: (route: String, key: CurveKey?)]>([:])

  /// The peer that a message claims to be of: its route is the name.
  func peer(of frames: [[UInt8]], from peer: Peer) -> Peer {
    guard let name = try? Arrival.message(frames).envelope.workerID, !name.isEmpty else { return peer }
    let key = peers.withLock { peers in
      peers[name] = (peer.route, peers[name]?.key ?? peer.key)
      return peers[name]?.key
    }
    return Peer(route: name, key: key)
  }

  func route(to name: String) -> String { peers.withLock { $0[name]?.route } ?? name }
}

private final class BelievingTransport: Transport {
  private let wire: any Transport
  private let names: BelievedNames

  init(_ wire: any Transport, _ names: BelievedNames) { (self.wire, self.names) = (wire, names) }

  func send(_ frames: [[UInt8]], to peer: String) { wire.send(frames, to: names.route(to: peer)) }
  func close() { wire.close() }
}
