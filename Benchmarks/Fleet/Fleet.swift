import ArgumentParser
import Foundation
import Shared

/// Simulated workers that speak the real protocol over real sockets and take no time to render.
@main
struct Fleet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet", abstract: "Connect many simulated workers to a coordinator and measure it.",
    discussion: "Prints a line of JSON with counts and times once a second and at the end.")

  @Option(help: "The coordinator's address for workers.") var connect = "tcp://127.0.0.1:5555"
  @Option(help: "How many workers.") var workers = 1000
  @Option(help: "The part of them in the prior pool.") var prior = 0.34
  @Option(help: "Tasks that each holds.") var capacity = 4
  @Option(help: "Seconds that a task takes.") var taskSeconds = 0.0
  @Option(help: "Seconds to run.") var seconds = 3600.0
  @Option(help: "A token of 'atelier worker-token' for so many uses, where workers prove who they are.")
  var token: String?

  func run() throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)

    let priors = Int(Double(workers) * prior)
    let pools = (0..<workers).map { $0 < priors ? Pool.prior : .decoder }
    let curves = try token.map { try Recruits.join(try WorkerToken($0), count: workers) }
    let names = pools.enumerated().map { index, pool in
      let name = WorkerID("\(pool)-fleet-\(getpid())-\(index)")
      return curves.map { name.signed($0[index].keys.publicKey.fingerprint).text } ?? name.text
    }
    let wire = try ZeroMQFleet(connect: connect, curves: curves ?? Array(repeating: nil, count: workers))
    var crew = Crew(pools: pools, names: names, capacity: capacity, taskSeconds: taskSeconds)
    let start = ContinuousClock.now
    var nextReport = start + .seconds(1)
    for index in pools.indices {
      let hello = try crew.hello(index)
      // Nothing is kept for a coordinator that is not connected yet.
      while !wire.send(hello, from: index), ContinuousClock.now < start + .seconds(30) {
        Thread.sleep(forTimeInterval: 0.005)
      }
    }
    while ContinuousClock.now < start + .seconds(seconds) {
      try wire.poll(upTo: .milliseconds(taskSeconds > 0 ? 2 : 20)) { frames, index in
        try crew.receive(frames, by: index, at: .now)
      }
      try crew.work(at: .now)
      for (frames, index) in crew.takeOutgoing() { wire.send(frames, from: index) }
      if ContinuousClock.now >= nextReport {
        nextReport = .now + .seconds(1)
        print(crew.report(elapsed: (ContinuousClock.now - start) / .seconds(1)))
        fflush(nil)
      }
    }
    print(crew.report(elapsed: (ContinuousClock.now - start) / .seconds(1)))
    wire.close()
  }
}
