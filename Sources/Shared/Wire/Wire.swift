/// Short names for the generated messages of `proto/cluster.proto`, which says who sends each to whom, and when.
package enum Wire {
  /// Of this program; `proto/cluster.proto` says when it is raised.
  package static let protocolVersion = UInt32(clamping: Atelier_Cluster_V1_ProtocolVersion.current.rawValue)

  package typealias FromWorker = Atelier_Cluster_V1_FromWorker
  package typealias FromCoordinator = Atelier_Cluster_V1_FromCoordinator
  package typealias Hello = Atelier_Cluster_V1_Hello
  package typealias Model = Atelier_Cluster_V1_Model
  package typealias Parameters = Atelier_Cluster_V1_Parameters
  package typealias TaskAttempt = Atelier_Cluster_V1_TaskAttempt
  package typealias Heartbeat = Atelier_Cluster_V1_Heartbeat
  package typealias Progress = Atelier_Cluster_V1_Progress
  package typealias Outcome = Atelier_Cluster_V1_Outcome
  package typealias Success = Atelier_Cluster_V1_Success
  package typealias Failure = Atelier_Cluster_V1_Failure
  package typealias Checkpoint = Atelier_Cluster_V1_Checkpoint
  package typealias Payload = Atelier_Cluster_V1_Payload
  package typealias Preview = Atelier_Cluster_V1_Preview
  package typealias Watch = Atelier_Cluster_V1_Watch
  package typealias Welcome = Atelier_Cluster_V1_Welcome
  package typealias Assignment = Atelier_Cluster_V1_Assignment
  package typealias Task = Atelier_Cluster_V1_Task
  package typealias Operation = Atelier_Cluster_V1_Operation
  package typealias Verdict = Atelier_Cluster_V1_Verdict
  package typealias Revocation = Atelier_Cluster_V1_Revocation
  package typealias Refusal = Atelier_Cluster_V1_Refusal
  package typealias Join = Atelier_Cluster_V1_Join
  package typealias Joined = Atelier_Cluster_V1_Joined
}
