import Foundation
import Shared
import TestSupport
import Worker

@testable import Coordinator

extension SimulatedCluster {
  func addWorker(_ pool: Pool, at time: Double) {
    let index = workers.count
    var worker = SimulatedWorker(
      id: WorkerID("\(pool)-\(index)"), pool: pool, capacity: profile.capacity,
      pace: Double.random(in: 0.02...0.5, using: &random))
    worker.nextBeat = time
    if settings.checkShare > 0 { worker.computesWith = "simulated" }
    if profile.hasOnlySlowLinks { slowDown(&worker.link, until: .infinity) }
    workers.append(worker)
    events.add(.beat(index), at: time)
  }

  /// Seconds of latency and tens of kB/s: so much that the largest result still gets through while a worker may be
  /// silent.
  func slowDown(_ link: inout SimulatedLink, until time: Double) {
    link.slowDown(
      until: time, latency: Double.random(in: 0.3...4, using: &random),
      bytesPerSecond: Double.random(in: 12_000...60_000, using: &random))
  }

  func beat(_ index: Int) {
    guard workers[index].isAlive, workers[index].nextBeat <= now else { return }
    let hello = workers[index].hello
    let actions = workers[index].session.due(at: instant, as: hello)
    perform(actions, index)
    planBeat(index)
  }

  private func planBeat(_ index: Int) {
    guard workers[index].isAlive, let due = workers[index].session.nextDue else { return }
    let time = max(now + 0.001, now + (due - instant) / .seconds(1))
    guard time != workers[index].nextBeat else { return }
    workers[index].nextBeat = time
    events.add(.beat(index), at: time)
  }

  func deliver(_ frames: [[UInt8]], to index: Int) {
    guard workers[index].isAlive,
      let message = try? WireMessage<Wire.FromCoordinator>(decoding: frames), let body = message.envelope.body
    else { return }
    let hello = workers[index].hello
    let actions = workers[index].session.receive(
      body, frames: message.frames, number: message.envelope.number, as: hello, at: instant)
    perform(actions, index)
  }

  func perform(_ actions: [WorkerSession.Action], _ index: Int) {
    for action in actions {
      switch action {
      case .send(var body, var frames):
        let isPoisoned = poison(&body, &frames, index)
        sendNoise(index)
        var envelope = Wire.FromWorker()
        envelope.protocolVersion = Wire.protocolVersion
        envelope.workerID = workers[index].id.text
        envelope.body = body
        if case .outcome(let outcome) = body {
          let isSuccess = if case .success? = outcome.result { true } else { false }
          promises.sent(TaskAttempt(outcome.task), by: workers[index].id, isSuccess: isSuccess, isPoisoned: isPoisoned)
        }
        guard let parts = try? WireMessage(envelope, frames: frames).encoded() else { continue }
        carry(.toCoordinator(parts, from: workers[index].id), worker: index)
      case .run(let tasks): begin(tasks, index)
      case .interrupt: workers[index].isInterrupted = true
      case .unwanted, .silent, .lost, .back, .watch: break
      case .refused, .abandoned, .finish:
        note("worker \(index) leaves")
        retire(index)
      }
    }
  }

  /// A worker process ends; another is started in its place.
  func retire(_ index: Int) {
    guard workers[index].isAlive else { return }
    workers[index].isAlive = false
    workers[index].batch = []
    addWorker(workers[index].pool, at: now + Double.random(in: 0.1...3, using: &random))
  }

  private func begin(_ tasks: [StageTask], _ index: Int) {
    workers[index].batches += 1
    workers[index].isInterrupted = false
    workers[index].batch = tasks.map { task in
      promises.began(task, by: workers[index].pool)
      var run = SimulatedWorker.Run(task: task, state: SimulatedStage.begin(task), step: 0, lastSaved: now)
      if let checkpoint = task.checkpoint {
        run.state = SimulatedStage.state(of: checkpoint.latents)
        run.step = checkpoint.completedSteps
      }
      return run
    }
    if tasks.count > 1 { note("worker \(index) works on \(tasks.count) tasks at once") }
    planStep(index)
  }

  private func planStep(_ index: Int) {
    let pace = workers[index].pace * Double.random(in: 0.7...1.3, using: &random)
    events.add(.step(index, batch: workers[index].batches), at: now + pace)
  }

  /// One step of all that was started together.
  func step(_ index: Int, batch number: Int) {
    guard workers[index].isAlive, workers[index].batches == number, !isHanging(index, batch: number) else { return }
    let isInterrupted = workers[index].isInterrupted
    var ended: [SimulatedWorker.Run] = []
    for slot in workers[index].batch.indices {
      var run = workers[index].batch[slot]
      run.state = SimulatedStage.step(run.state, run.step)
      run.step += 1
      workers[index].session.progressed(run.task.id, step: run.step, of: SimulatedStage.steps)
      if run.step < SimulatedStage.steps, isInterrupted || now - run.lastSaved >= settings.checkpoint / .seconds(1) {
        run.lastSaved = now
        send(stateOf: run, index)
      }
      workers[index].batch[slot] = run
      if isInterrupted || run.step == SimulatedStage.steps { ended.append(run) }
    }
    if ended.isEmpty { return planStep(index) }
    // All are as far: they began together, and only what begins at its beginning is started with others.
    workers[index].batch = []
    for run in ended {
      var frames: [[UInt8]] = []
      let result = run.step < SimulatedStage.steps ? nil : result(of: run, frames: &frames)
      perform(workers[index].session.ended(run.task.id, result, frames: frames), index)
    }
  }

  private func send(stateOf run: SimulatedWorker.Run, _ index: Int) {
    var frames: [[UInt8]] = []
    let checkpoint = TaskCheckpoint(pass: 0, completedSteps: run.step, latents: SimulatedStage.latents(run.state))
    let message = checkpoint.wire(of: run.task.id, frames: &frames)
    perform(workers[index].session.checkpoint(message, frames: frames), index)
  }

  private func result(of run: SimulatedWorker.Run, frames: inout [[UInt8]]) -> Wire.Outcome.OneOf_Result {
    if chance(profile.taskFailure) { return .failure(.init(.task, "bad input")) }
    if chance(profile.workerFailure) { return .failure(.init(.worker, "this worker cannot")) }
    if chance(profile.transientFailure) { return .failure(.init(.transient, "no memory")) }
    var success = Wire.Success()
    success.outputs = SimulatedStage.outputs(run.state, run.task).map { Wire.Payload($0, frames: &frames) }
    success.seconds = 4 * 0.2
    return .success(success)
  }
}
