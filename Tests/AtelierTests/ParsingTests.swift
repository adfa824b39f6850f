import ArgumentParser
import Logging
import Shared
import Testing

@testable import atelier

/// What a line of the command line means.
@Suite struct ParsingTests {
  @Test func `status is of all jobs, or of one`() throws {
    let all: StatusCommand = try parsed(["status"])
    #expect(all.job == nil)
    #expect(!all.watch)
    #expect(!all.json)
    let one: StatusCommand = try parsed(["status", "job-a", "--watch", "--json"])
    #expect(one.job == "job-a")
    #expect(one.watch)
    #expect(one.json)
  }

  @Test func `a submission waits for nothing unless it is told to`() throws {
    let plain: SubmitCommand = try parsed(["submit", "prompts.txt"])
    #expect(plain.file == "prompts.txt")
    #expect(!plain.wait)
    #expect(!plain.skipBad)
    #expect(!plain.allowOutside)
    #expect(plain.out == nil)
    #expect(plain.fields.values == SubmitOptions())
    let full: SubmitCommand = try parsed([
      "submit", "--n", "4", "--seed", "1", "--skip-bad", "--interactive", "--allow-outside", "--wait", "--out",
      "pictures",
      "--priority=-5",
      "prompts.csv",
    ])
    #expect(full.file == "prompts.csv")
    #expect(full.wait)
    #expect(full.skipBad)
    #expect(full.interactive && !plain.interactive)
    #expect(full.allowOutside)
    #expect(full.out == "pictures")
    #expect(full.fields.values == SubmitOptions(n: 4, seed: 1, priority: -5))
  }

  @Test func `options may stand anywhere, and with an equals sign`() throws {
    let render: RenderCommand = try parsed([
      "render", "--out=a.PNG", "--prior-steps=3", "--prompt", "a red apple", "--model", "models/starter", "--threads=2",
    ])
    #expect(render.output.out == "a.PNG")
    #expect(render.options.values == ItemRequest(prompt: "", parameters: RenderParameters(priorSteps: 3)))
    #expect(render.prompt == "a red apple")
    #expect(render.model.model == "models/starter")
    #expect(render.model.threads == 2)
    #expect(render.again.from == nil)
  }

  @Test func `a picture is made again from a manifest, whose folder has its files`() throws {
    let render: RenderCommand = try parsed([
      "render", "--model", "m", "--from", "out/manifest.jsonl", "--item", "3", "--index", "1", "--out", "again.png",
    ])
    #expect(render.again.item == 3)
    #expect(render.again.index == 1)
    #expect(render.again.folder(of: "/jobs/out/manifest.jsonl") == "/jobs/out/")
    let other: RenderCommand = try parsed([
      "render", "--model", "m", "--from", "out/manifest.jsonl", "--item", "3", "--sources", "files", "--out",
      "again.png",
    ])
    #expect(other.again.folder(of: "out/manifest.jsonl") == "files")
  }

  @Test func `a worker names its pool, and models as often as it likes`() throws {
    let worker: WorkerCommand = try parsed([
      "worker", "--pool", "decoder", "--model", "models/starter", "--model", "large=/models/karlo", "--capacity", "2",
      "--log-level", "debug",
    ])
    #expect(worker.pool == .decoder)
    #expect(worker.model == ["models/starter", "large=/models/karlo"])
    #expect(worker.capacity == 2)
    #expect(worker.threads == nil)
    #expect(worker.connect == nil)
    #expect(worker.logging.logLevel == .debug)
  }

  @Test func `the long-running commands log what is of note by default`() throws {
    let up: UpCommand = try parsed(["up"])
    let coordinator: CoordinatorCommand = try parsed(["coordinator"])
    let worker: WorkerCommand = try parsed(["worker", "--pool", "prior"])
    for logging in [up.logging, coordinator.logging, worker.logging] { #expect(logging.logLevel == .info) }
  }

  @Test(
    arguments: [
      ([], PictureOperation.strengths), (["--strengths", "0"], [0]), (["--strengths", "0,0.25,1"], [0, 0.25, 1]),
    ] as [([String], [Double])])
  func `a diff has strengths of its own, or those of the paper`(arguments: [String], strengths: [Double]) throws {
    let diff: DiffCommand = try parsed(
      ["diff", "--model", "m", "--image", "a.png", "--from", "a cat", "--to", "a dog", "--out", "x.png"] + arguments)
    #expect(diff.strengths.values == strengths)
    #expect(diff.prompt.isEmpty)
    #expect(!diff.invert)
  }

  @Test func `an interpolation goes from a picture or a prompt to either`() throws {
    let way: InterpolateCommand = try parsed([
      "interpolate", "--model", "m", "--from-image", "cat.png", "--to-prompt", "a red apple", "--out", "x.png",
    ])
    #expect(way.fromImage == "cat.png")
    #expect(way.fromPrompt == nil)
    #expect(way.toPrompt == "a red apple")
    #expect(way.toImage == nil)
  }

  @Test func `a scoring takes several texts and pictures`() throws {
    let score: ScoreCommand = try parsed([
      "score", "--model", "m", "--text", "a cat", "--text", "a dog", "a.png", "b.png",
    ])
    #expect(score.text == ["a cat", "a dog"])
    #expect(score.images == ["a.png", "b.png"])
  }

  @Test func `a benchmark has its bounds and defaults`() throws {
    let bench: BenchCommand = try parsed(["bench", "--model", "m", "--stage", "decoder"])
    #expect(bench.stage == .decoder)
    #expect(bench.batch == 1)
    #expect(bench.steps == 5)
  }

  @Test(arguments: ["status", "jobs", "workers"])
  func `the server that is named is the one that is asked`(command: String) throws {
    let arguments = [command, "--server", "http://10.0.0.5:9000/"]
    let server: ServerOption
    switch try Atelier.parseAsRoot(arguments) {
    case let command as StatusCommand: server = command.server
    case let command as JobsCommand: server = command.server
    case let command as WorkersListCommand: server = command.server
    case let other: throw AtelierError(.internal, "It is a \(other).")
    }
    #expect(try server.client().base == "http://10.0.0.5:9000/")
  }

  @Test func `without a command it is the root, which shows its help`() throws {
    let command = try Atelier.parseAsRoot([])
    #expect(command is Atelier)
  }

  @Test func `a retry is of a job or of a worker`() throws {
    let ofJob: RetryCommand = try parsed(["retry", "job-a", "--json"])
    #expect(ofJob.job == "job-a" && ofJob.worker == nil && ofJob.json)
    let ofWorker: RetryCommand = try parsed(["retry", "--worker", "decoder-a"])
    #expect(ofWorker.job == nil && ofWorker.worker == "decoder-a")
  }

  @Test(arguments: ["cancel", "pause", "resume"])
  func `the commands that change a job take its name and the verb of the API`(verb: String) throws {
    let command = try Atelier.parseAsRoot([verb, "job-a", "--json"])
    let change = try #require(command as? any JobChange)
    #expect(change.job == "job-a")
    #expect(change.json)
    let asked = type(of: change).verb
    #expect(asked == verb)
  }
}
