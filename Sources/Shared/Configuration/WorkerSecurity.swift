import Foundation

/// How workers and coordinator prove who they are: `security.workers` in cluster.yaml.
package enum WorkerSecurity: String, Sendable, CaseIterable {
  /// CurveZMQ: encrypted, and only those get in whose keys are listed.
  case curve
  /// Whoever reaches the port is a worker, and who listens on the way reads all.
  case plain
}

extension ClusterConfiguration {
  /// What holds for the workers' address: as the configuration says; where it says nothing, plain on this machine alone.
  ///
  /// - Throws: `configuration` for an address that other machines reach, with what to write.
  package func workerSecurity() throws(AtelierError) -> WorkerSecurity {
    if let workers = security.workers { return workers }
    if ZeroMQAddress.isLocal(coordinator.work) { return .plain }
    throw AtelierError(
      .configuration,
      "Other machines reach 'coordinator.work' (\(coordinator.work)), so workers have to prove who they are. Write two lines into cluster.yaml, 'security:' and '  workers: curve'; 'atelier worker-token' then makes what a worker joins with. ('  workers: plain' lets anybody in.)"
    )
  }

  /// The coordinator's keys, in its data directory; made if there are none.
  ///
  /// - Throws: `configuration` if others may read them, `malformed`, `system`.
  package func serverKeys() throws(AtelierError) -> ServerKeys {
    try ServerKeys(in: KeyFolder(LocalToken.folder(in: coordinator.data)))
  }

  /// An address as a worker's token has it.
  ///
  /// - Throws: `configuration` if it is none.
  package static func workerAddress(_ text: String) throws(AtelierError) -> String {
    _ = try ZeroMQAddress(text)
    return ZeroMQAddress.reachable(text)
  }

  /// Whether the workers' port is open to other machines that prove nothing.
  package var isOpenToAll: Bool { security.workers == .plain && !ZeroMQAddress.isLocal(coordinator.work) }
}
