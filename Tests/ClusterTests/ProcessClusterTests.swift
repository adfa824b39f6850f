import Foundation
import Shared
import TestSupport
import Testing

/// Real processes, a real model (small, with random weights), real signals.
@Suite(.serialized) struct ProcessClusterTests {
  @Test(.timeLimit(.minutes(5))) func `a job survives kill -9 of a worker and of the coordinator, and its pictures are those of render`() async throws {
    let processes = try Processes()
    var coordinator = try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    let decoder = try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })

    let prompts = (0..<12).map { "picture number \($0)\n" }.joined()
    let file = try processes.folder.write(prompts, to: "prompts.txt")
    let steps = ["--prior-steps", "5", "--decoder-steps", "5", "--super-res-steps", "3"]
    let submitted = try processes.run(["submit", file, "--seed", "9", "--json"] + steps)
    #expect(submitted.status == 0, "\(submitted.error)")
    let job = try JSONCoding.decode(Submitted.self, from: Data(submitted.output.utf8)).job.text

    #expect(try await eventually { try processes.status(of: job)?.images.completed ?? 0 >= 1 })
    processes.die(decoder)
    try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.status(of: job)?.images.completed ?? 0 >= 4 })
    processes.die(coordinator)
    coordinator = try processes.start(["coordinator"])
    #expect(try await eventually(within: .seconds(120)) { try processes.status(of: job)?.state == .completed })

    let out = processes.folder.path + "/out"
    #expect(try processes.run(["fetch", job, "--out", out]).status == 0)
    let lines = try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8)) }
    let status = try #require(try processes.status(of: job))
    #expect(status.images.completed == 12)
    #expect(lines.filter { $0.state == .completed }.count == 12)
    #expect(lines.allSatisfy { $0.stages.count == 3 && $0.modelDigest == status.modelDigest })

    let line = try #require(lines.last)
    let rendered = processes.folder.path + "/one.png"
    let render = try processes.run(
      ["render", "--model", Processes.model, "--prompt", line.prompt, "--seed", "9", "--threads", "2", "--out", rendered] + steps
        + ["--prior-guidance", "4", "--decoder-guidance", "8"])
    #expect(render.status == 0, "\(render.error)")
    let file1 = try Data(contentsOf: URL(fileURLWithPath: rendered))
    let file2 = try Data(contentsOf: URL(fileURLWithPath: out + "/" + #require(line.file)))
    #expect(file1 == file2, "the cluster's picture differs from render's")
  }

  @Test(arguments: [
    (["submit", "/nowhere/prompts.txt"], Int32(1), "there is no such file"),
    (["submit", "prompts.pdf"], 1, "ends in .txt, .csv or .jsonl"),
    (["submit"], 2, "Missing expected argument"),
    (["status", "--colour"], 2, "Unknown option"),
    (["status", "job-none"], 1, "No coordinator answers"),
    (["render", "--model", "/nowhere", "--prompt", "a", "--out", "/tmp/x.png"], 1, "There is no model folder '/nowhere'"),
    (["model", "check", "/nowhere"], 1, "There is no model folder"),
    (["worker", "--pool", "kitchen"], 2, "kitchen"),
    (["coordinator", "--config", "/nowhere.yaml"], 1, "there is no such file"),
  ]) func `a mistake is one sentence on standard error and the right exit status`(
    arguments: [String], status: Int32, sentence: String
  ) throws {
    let answer = try Processes().run(arguments)
    #expect(answer.status == status)
    #expect(answer.error.contains(sentence), "\(answer.error)")
    #expect(answer.output.isEmpty)
  }

  @Test(.timeLimit(.minutes(3))) func `a second SIGTERM stops at the next step, and another worker's picture is the same to the byte`() async throws {
    let processes = try Processes()
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    let first = try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("a long picture\n", to: "prompts.txt")
    let steps = ["--prior-steps", "3", "--decoder-steps", "400", "--super-res-steps", "3"]
    let submitted = try processes.run(["submit", file, "--seed", "3", "--json"] + steps)
    let job = try JSONCoding.decode(Submitted.self, from: Data(submitted.output.utf8)).job.text
    func step() throws -> Int {
      let answer = try processes.run(["workers", "--json"])
      guard answer.status == 0 else { return 0 }
      return try JSONCoding.decode([WorkerStatus].self, from: Data(answer.output.utf8)).flatMap(\.running)
        .first { $0.stage == .denoise }?.step ?? 0
    }
    #expect(try await eventually { try step() > 20 })
    kill(first.processIdentifier, SIGTERM)
    kill(first.processIdentifier, SIGTERM)
    #expect(try await eventually { kill(first.processIdentifier, SIGTERM); return !first.isRunning })
    let explained = try processes.run(["explain", job])
    #expect(explained.output.contains("No decoder worker is connected"), "\(explained.output)\(explained.error)")
    try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually(within: .seconds(90)) { try processes.status(of: job)?.state == .completed })

    let out = processes.folder.path + "/out"
    #expect(try processes.run(["fetch", job, "--out", out]).status == 0)
    let rendered = processes.folder.path + "/one.png"
    let render = try processes.run(
      ["render", "--model", Processes.model, "--prompt", "a long picture", "--seed", "3", "--out", rendered] + steps
        + ["--prior-guidance", "4", "--decoder-guidance", "8"])
    #expect(render.status == 0, "\(render.error)")
    let lines = try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8).split(separator: "\n")
    let line = try JSONCoding.decode(ManifestLine.self, from: Data(#require(lines.first).utf8))
    #expect(line.stages.first { $0.stage == .denoise }?.attempts == 2)
    let file1 = try Data(contentsOf: URL(fileURLWithPath: rendered))
    let file2 = try Data(contentsOf: URL(fileURLWithPath: out + "/" + #require(line.file)))
    #expect(file1 == file2, "the picture differs from render's")

    let copy = processes.folder.path + "/copy/atelier.sqlite"
    try FileManager.default.createDirectory(atPath: processes.folder.path + "/copy", withIntermediateDirectories: true)
    let backup = try processes.run(["backup", copy])
    #expect(backup.status == 0, "\(backup.error)")
    #expect(FileManager.default.fileExists(atPath: copy))
    #expect(try processes.run(["backup", copy]).status == 1)
  }

  @Test func `every command has a help text with an example`() throws {
    let processes = try Processes()
    for command in [
      "up", "coordinator", "worker", "submit", "status", "jobs", "cancel", "pause", "resume", "retry", "fetch", "workers",
      "drain", "explain", "backup", "render", "vary", "interpolate", "diff", "edit", "score", "tokenize", "bench",
    ] {
      let help = try processes.run([command, "--help"])
      #expect(help.status == 0)
      #expect(help.output.contains("atelier \(command)"), "\(command)")
    }
  }

  @Test func `a port in use is one sentence`() async throws {
    let processes = try Processes()
    try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let config = try processes.folder.write(
      "coordinator:\n  data: other\n  http: 127.0.0.1:\(processes.port)\n  work: ipc://\(processes.folder.path)/other\n",
      to: "other.yaml")
    let second = try processes.run(["coordinator", "--config", config])
    #expect(second.status == 1)
    #expect(second.error.contains("the port is in use"), "\(second.error)")
    let same = try processes.folder.write(
      "coordinator:\n  data: data\n  http: 127.0.0.1:1\n  work: ipc://\(processes.folder.path)/third\n", to: "same.yaml")
    let third = try processes.run(["coordinator", "--config", same])
    #expect(third.status == 1)
    #expect(third.error.contains("another coordinator uses this data directory"), "\(third.error)")
  }
}
