import Foundation
import Imaging
import Shared
import TestSupport
import Testing

@testable import atelier

/// Real processes, a real model (small, with random weights), real signals.
@Suite(.serialized) struct ProcessClusterTests {
  private static let model = Processes.model

  @Test(.timeLimit(.minutes(5)))
  func `a job survives kill -9 of a worker and of the coordinator, and its pictures are those of render`() async throws
  {
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
      [
        "render", "--model", Processes.model, "--prompt", line.prompt, "--seed", "9", "--threads", "2", "--out",
        rendered,
      ] + steps
        + ["--prior-guidance", "4", "--decoder-guidance", "8"])
    #expect(render.status == 0, "\(render.error)")
    let file1 = try Data(contentsOf: URL(fileURLWithPath: rendered))
    let file2 = try Data(contentsOf: URL(fileURLWithPath: out + "/" + #require(line.file)))
    #expect(file1 == file2, "the cluster's picture differs from render's")

    // One that the coordinator's disk has lost keeps none of the others from being fetched.
    let data = processes.folder.path + "/data"
    let kept = try #require(FileManager.default.enumerator(atPath: data)?.compactMap { $0 as? String })
    let lost = try #require(kept.first { $0.hasSuffix(".png") })
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: data + "/" + lost))
    let again = try processes.run(["fetch", job, "--out", out + "2"])
    #expect(again.status == 1)
    #expect(again.error.contains("not fetched: picture 0 of item "), "\(again.error)")
    let rest = try String(contentsOfFile: out + "2/manifest.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8)) }
    let missing = rest.compactMap(\.file).filter { !FileManager.default.fileExists(atPath: out + "2/" + $0) }
    #expect(rest.count == 12 && missing.count == 1)
    #expect(FileManager.default.fileExists(atPath: out + "2/contact-sheet.png"))

    // What was fetched is what the coordinator has signed, and this machine makes the same.
    let key = try processes.run(["keys", "show"]).output.split(separator: "\n").first.map(String.init)
    let verified = try processes.run(
      ["verify", out, "--key", #require(key), "--rerender", "2", "--model", Processes.model, "--json"])
    #expect(verified.status == 0, "\(verified.output)\(verified.error)")
    #expect(verified.output.components(separatedBy: "\"is_same_file\" : true").count == 3, "\(verified.output)")
    let partly = try processes.run(["verify", out + "2"])
    #expect(partly.status == 1)
    #expect(partly.output.contains("missing: \(missing.first ?? "nothing")\n"), "\(partly.output)")
  }

  @Test(arguments: [
    (["submit", "/nowhere/prompts.txt"], Int32(1), "there is no such file"),
    (["submit", "prompts.pdf"], 1, "ends in .txt, .csv or .jsonl"),
    (["submit"], 2, "Missing expected argument"),
    (["status", "--colour"], 2, "Unknown option"),
    (["status", "job-none"], 1, "No coordinator answers"),
    (
      ["render", "--model", "/nowhere", "--prompt", "a", "--out", "/tmp/x.png"], 1,
      "There is no model folder '/nowhere'"
    ),
    (["model", "check", "/nowhere"], 1, "There is no model folder"),
    (["worker", "--pool", "kitchen"], 2, "kitchen"),
    (["render", "--model", model, "--prompt", "a", "--out", "/tmp/x.gif"], 2, "does not end in .png"),
    (
      ["render", "--model", model, "--prompt", "a", "--n", "1000000000", "--out", "/tmp/x.png"], 2,
      "'n' is 1000000000; it must be from 1 to 1000"
    ),
    (
      ["render", "--model", model, "--prompt", "a", "--threads", "1000000000", "--out", "/tmp/x.png"], 2,
      "--threads must be"
    ),
    (["render", "--model", model, "--prompt", "a", "--prior-steps", "1", "--out", "/tmp/x.png"], 2, "prior_steps"),
    (["render", "--model", model, "--prompt", "a", "--eta", "2", "--out", "/tmp/x.png"], 2, "eta"),
    (["render", "--model", model, "--out", "/tmp/x.png"], 2, "--prompt"),
    (["vary", "--model", model, "--image", "/nowhere.png", "--out", "/tmp/x.png"], 1, "no such file"),
    (["score", "--model", model, "--text", "a", "/etc/hostname"], 1, "no PNG, JPEG, WebP or GIF"),
    (
      [
        "diff", "--model", model, "--image", "a", "--from", "a", "--to", "b", "--strengths", "2", "--out", "/tmp/x.png",
      ], 2, "strengths"
    ),
    (["interpolate", "--model", model, "--from-image", "a", "--out", "/tmp/x.png"], 2, "--to-image"),
    (["bench", "--model", model, "--stage", "decoder", "--batch", "1000000000"], 2, "--batch"),
    (["coordinator", "--config", "/nowhere.yaml"], 1, "there is no such file"),
  ]) func `a mistake is one sentence on standard error and the right exit status`(
    arguments: [String], status: Int32, sentence: String
  ) throws {
    let answer = try Processes().run(arguments)
    #expect(answer.status == status)
    #expect(answer.error.contains(sentence), "\(answer.error)")
    #expect(answer.output.isEmpty)
  }

  @Test func `several pictures are numbered, embeddings beside them, and what is transparent is seen over white`()
    throws
  {
    let processes = try Processes()
    let folder = processes.folder.path
    let steps = ["--prior-steps", "2", "--decoder-steps", "2", "--super-res-steps", "2", "--seed", "3"]
    let several = try processes.run(
      [
        "render", "--model", Self.model, "--prompt", "a", "--n", "2", "--out", folder + "/x.png", "--save-embedding",
        folder + "/e",
      ]
        + steps)
    #expect(several.status == 0, "\(several.error)")
    for name in ["x-0.png", "x-1.png", "e-0", "e-1"] {
      #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)"), "\(name)")
    }
    // Picture k is that of seed + k by itself.
    let single = try processes.run(
      ["render", "--model", Self.model, "--prompt", "a", "--out", folder + "/y.png"] + steps.dropLast() + ["4"])
    #expect(single.status == 0, "\(single.error)")
    let (second, alone) = try (
      Data(contentsOf: URL(fileURLWithPath: folder + "/x-1.png")),
      Data(contentsOf: URL(fileURLWithPath: folder + "/y.png"))
    )
    #expect(second == alone)
    let clear = Processes.root + "/Tests/ImagingTests/Fixtures/decode/deep-rgba.png"
    let flat = try PictureFile.decode(Array(Data(contentsOf: URL(fileURLWithPath: clear))))
    try Data(PNG.encode(flat)).write(to: URL(fileURLWithPath: folder + "/flat.png"))
    let varied = try [clear, folder + "/flat.png"].map { image in
      let answer = try processes.run(
        ["vary", "--model", Self.model, "--image", image, "--out", folder + "/v.png"] + steps)
      #expect(answer.status == 0, "\(answer.error)")
      return try Data(contentsOf: URL(fileURLWithPath: folder + "/v.png"))
    }
    #expect(varied[0] == varied[1])
  }

  @Test(.timeLimit(.minutes(3)))
  func `a second SIGTERM stops at the next step, and another worker's picture is the same to the byte`() async throws {
    let processes = try Processes()
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    let first = try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("a long picture\n", to: "prompts.txt")
    let steps = ["--prior-steps", "3", "--decoder-steps", "1000", "--super-res-steps", "3"]
    let submitted = try processes.run(["submit", file, "--seed", "3", "--json"] + steps)
    let job = try JSONCoding.decode(Submitted.self, from: Data(submitted.output.utf8)).job.text
    #expect(try await eventually { try processes.step(of: .denoise) > 20 })
    first.send(SIGTERM)
    first.send(SIGTERM)
    #expect(
      try await eventually {
        first.send(SIGTERM)
        return !first.isRunning
      })
    let explained = try processes.run(["explain", job])
    #expect(explained.output.contains("No decoder worker is connected"), "\(explained.output)\(explained.error)")
    let log = processes.folder.path + "/second.log"
    try processes.start(["worker", "--pool", "decoder", "--threads", "1"], log: log)
    #expect(try await eventually(within: .seconds(90)) { try processes.status(of: job)?.state == .completed })
    let from = try #require(try processes.firstStep(of: .denoise, inLog: log))
    #expect(from > 20, "it goes on from step \(from)")

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

  @Test(.timeLimit(.minutes(2)))
  func `what cannot become what was asked for is told at submission, and by the exit status`() async throws {
    let processes = try Processes()
    let folder = processes.folder
    try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })

    let line = #"{"prompt":"a red apple","decoder_steps":1001,"prior_steps":2,"super_res_steps":2}"#
    let steps = try processes.run(["submit", try folder.write(line + "\n", to: "steps1001.jsonl")])
    #expect(steps.status == 1)
    #expect(
      steps.error.contains("line 1: 'decoder_steps' is 1001; the model 'small' takes at most 1000."), "\(steps.error)")

    // More than this model's 16 tokens.
    let prompt = (0..<40).map { "w\($0)" }.joined(separator: " ")
    let file = try folder.write("a\n" + prompt + "\n", to: "long.txt")
    let taken = folder.path + "/taken"
    try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
    _ = try folder.write("another's", to: "taken/manifest.jsonl")
    let refused = try processes.run(["submit", file, "--out", taken])
    #expect(refused.status == 1)
    #expect(refused.error.contains("The folder '\(taken)' has 'manifest.jsonl'"), "\(refused.error)")
    let jobs = try processes.run(["jobs", "--json"])
    #expect(try JSONCoding.decode([JobStatus].self, from: Data(jobs.output.utf8)).isEmpty)

    let long = try processes.run(["submit", file, "--json"])
    #expect(long.status == 0, "\(long.error)")
    #expect(long.error.contains("line 2: 'prompt' is longer than the model reads"), "\(long.error)")
    let submitted = try JSONCoding.decode(Submitted.self, from: Data(long.output.utf8))
    let lost = try #require(submitted.cut.first?.texts.first?.lost)
    #expect(submitted.cut.map(\.line) == [2])
    #expect(lost.hasPrefix("w") && lost.hasSuffix("w39") && lost != prompt)
    let render = try processes.run(
      ["render", "--model", Self.model, "--prompt", prompt, "--out", folder.path + "/x.png", "--prior-steps", "2"]
        + ["--decoder-steps", "2", "--super-res-steps", "2"])
    #expect(render.status == 0)
    #expect(render.error.contains("it does not see the end: '\(lost)'"), "\(render.error)")

    let job = submitted.job.text
    #expect(try processes.run(["cancel", job]).status == 0)
    #expect(try processes.run(["status", job]).status == 0)
    #expect(try processes.run(["status", job, "--watch"]).status == 1)
  }

  @Test func `every command has a help text with an example`() throws {
    let processes = try Processes()
    for command in [
      "up", "coordinator", "worker", "worker-token", "submit", "status", "jobs", "cancel", "pause", "resume", "retry",
      "fetch", "workers", "drain", "explain", "expiry", "backup", "restore", "render", "vary", "interpolate", "diff",
      "edit", "score", "tokenize", "bench", "token",
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
      "coordinator:\n  data: data\n  http: 127.0.0.1:1\n  work: ipc://\(processes.folder.path)/third\n", to: "same.yaml"
    )
    let third = try processes.run(["coordinator", "--config", same])
    #expect(third.status == 1)
    #expect(third.error.contains("another coordinator uses this data directory"), "\(third.error)")
  }
}
