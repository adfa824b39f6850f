import Shared
import Store

@testable import Coordinator

/// Places pictures in memory, and leaves to the simulation when and whether what is said arrives.
final class SimulatedPerformer: TurnPerformer, @unchecked Sendable {
  private let pictures: SimulatedPictures
  private let mistake: PlantedMistake?
  /// What each worker said that it holds when it last introduced itself.
  private var held: [WorkerID: [Wire.TaskAttempt]] = [:]

  init(_ pictures: SimulatedPictures, mistake: PlantedMistake?) {
    self.pictures = pictures
    self.mistake = mistake
  }

  func place(_ placements: [PicturePlacement]) throws(AtelierError) -> [TaskAttempt: String] {
    try pictures.place(placements)
  }

  func perform(_ actions: [Action]) -> [TurnEngine.Event] { [] }

  /// Sees the messages of a turn.
  func look(at events: [TurnEngine.Event]) {
    for case .message(let arrival, let worker) in events {
      if case .hello(let hello)? = arrival.message.envelope.body { held[worker] = hello.held }
    }
  }

  /// What is said to workers by the actions of a turn.
  func messages(_ actions: [Action]) -> [(message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)] {
    actions.compactMap { action in
      switch action {
      case .send(.welcome(var welcome), let worker, let number) where mistake == .twoLeasesAfterRestart:
        welcome.keep = held[worker] ?? []
        return (WireMessage(.welcome(welcome), number: number), worker)
      case .send(let body, let worker, let number): return (WireMessage(body, number: number), worker)
      case .assign(let tasks, let worker, let number):
        var assignment = Wire.Assignment()
        var frames: [[UInt8]] = []
        assignment.tasks = tasks.map { $0.task.wire(frames: &frames) }
        return (WireMessage(.assignment(assignment), number: number, frames: frames), worker)
      case .discard, .removePictures, .endPreviews, .lookForSources, .removeSources, .log: return nil
      }
    }
  }
}
