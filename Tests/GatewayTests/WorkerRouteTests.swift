import Shared
import Testing

/// Workers and the models that they hold.
@Suite struct WorkerRouteTests {
  private static let worker = WorkerID("decoder-host7-4211-1x9k2z")

  @Test func `without workers the list is empty`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("workers")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      #expect(answer.text == "[]")
    }
  }

  @Test func `workers are listed by name, with what they said of themselves`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.connect(WorkerID("prior-z"), pool: .prior)
      try await gateway.connect(Self.worker)
      let workers = try await gateway.get("workers").decoded(as: [WorkerStatus].self)
      #expect(workers.map(\.id) == [Self.worker, WorkerID("prior-z")])
      #expect(workers.map(\.pool) == [.decoder, .prior])
      let worker = try #require(workers.first)
      #expect(worker.state == .connected)
      #expect(worker.host == "host7")
      #expect(worker.processId == 4211)
      #expect(worker.threads == 3)
      #expect(worker.capacity == 2)
      #expect(worker.version == AtelierVersion.current)
      #expect(worker.models == [TestGateway.model])
      #expect(worker.held == 0)
      #expect(worker.running.isEmpty)
      #expect(worker.secondsSinceHeard >= 0)
    }
  }

  @Test func `a worker that is drained is told so, and listed as draining`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.connect(Self.worker)
      let answer = try await gateway.post("workers/\(Self.worker)/drain")
      #expect(answer.status == 200)
      #expect(try answer.decoded(as: [WorkerStatus].self).map(\.state) == [.draining])
      #expect(try gateway.isToldToDrain(Self.worker))
    }
  }

  @Test func `a worker that is not there is not drained`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.connect(Self.worker)
      let answer = try await gateway.post("workers/decoder-none/drain")
      #expect(answer.status == 404)
      #expect(try answer.refusal.code == "not_found")
      #expect(try answer.refusal.message == "There is no worker 'decoder-none'. 'atelier workers' lists them.")
      #expect(try !gateway.isToldToDrain(Self.worker))
    }
  }

  @Test(arguments: ["decoder%2Dhost7%2D4211-1x9k2z", "decoder-host7-4211-1x9k2z"])
  func `a worker in the path is who was meant, whichever characters are escaped`(written: String) async throws {
    try await TestGateway.run { gateway in
      try await gateway.connect(Self.worker)
      #expect(try await gateway.post("workers/\(written)/drain").status == 200)
      #expect(try gateway.isToldToDrain(Self.worker))
      let explained = try await gateway.get("explain/\(written)")
      #expect(explained.status == 200, "\(explained.text)")
    }
  }

  @Test func `so is what there is none of, and what is no text is refused`() async throws {
    try await TestGateway.run { gateway in
      for path in ["workers/a%2Fb%20c/drain", "explain/a%2Fb%20c", "tokens/a%2Fb%20c/revoke"] {
        let answer = path.hasPrefix("explain") ? try await gateway.get(path) : try await gateway.post(path)
        #expect(answer.status == 404)
        #expect(try answer.refusal.message.contains("'a/b c'"), "\(answer.text)")
      }
      let answer = try await gateway.post("workers/%FF/drain")
      #expect(answer.status == 400)
      #expect(try answer.refusal.message.contains("'%FF'"))
    }
  }

  @Test func `pictures of a worker are made again`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n")
      try await gateway.finish(job)
      let retried = try await gateway.post("workers/decoder-test/retry").decoded(as: RetriedPictures.self)
      #expect(retried == RetriedPictures(worker: WorkerID("decoder-test"), images: 2, more: false))
      #expect(try await gateway.status(of: job).images.pending == 2)
      try await gateway.finish(job)
      let answer = try await gateway.get("jobs/\(job)/pictures/1/0")
      #expect(answer.bytes == TestGateway.picture("b"))
      let none = try await gateway.post("workers/decoder-none/retry").decoded(as: RetriedPictures.self)
      #expect(none.images == 0)
    }
  }

  @Test func `models are those of the configuration and those that workers bring`() async throws {
    var other = TestGateway.model
    other.name = "other"
    other.digest = String(repeating: "b", count: 64)
    other.readsPictures = true
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("models")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      #expect(try answer.decoded(as: [ModelInfo].self) == [TestGateway.model])
      try await gateway.connect(Self.worker, model: other)
      let models = try await gateway.get("models").decoded(as: [ModelInfo].self)
      #expect(Set(models) == [TestGateway.model, other])
    }
  }

  @Test func `without models the list is empty`() async throws {
    try await TestGateway.run(models: []) { gateway in
      let answer = try await gateway.get("models")
      #expect(answer.status == 200)
      #expect(answer.text == "[]")
    }
  }
}
