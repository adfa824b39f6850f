import ArgumentParser
import Testing

@testable import atelier

/// What cannot be meant is refused before anything is done, with exit status 2, which `main` makes of the parser's own.
@Suite struct UsageErrorTests {
  private static let render = ["render", "--model", "m", "--out", "x.png"]
  private static let interpolate = ["interpolate", "--model", "m", "--out", "x.png"]
  private static let diff = ["diff", "--model", "m", "--image", "a", "--from", "a", "--to", "b", "--out", "x.png"]

  private func expectRefusal(_ arguments: [String], _ sentence: String) {
    do {
      let command = try Atelier.parseAsRoot(arguments)
      Issue.record("\(arguments) is taken for a \(command)")
    } catch {
      let message = Atelier.message(for: error)
      #expect(Atelier.exitCode(for: error) == .validationFailure)
      #expect(message.contains(sentence), "\(message)")
      #expect(Atelier.fullMessage(for: error).contains("Usage: atelier"))
    }
  }

  @Test(
    arguments: [
      (["fly"], "fly"),
      (["model", "fly"], "fly"),
      (["status", "--colour"], "Unknown option '--colour'"),
      (["status", "job-a", "job-b"], "Unexpected argument 'job-b'"),
      (["submit"], "Missing expected argument '<file>'"),
      (["fetch", "job-a"], "Missing expected argument '--out <out>'"),
      (["fetch", "--out", "pictures"], "Missing expected argument '<job>'"),
      (["cancel"], "Missing expected argument '<job>'"),
      (["retry"], "Name either a job, or a worker with --worker."),
      (["retry", "job-a", "--worker", "decoder-a"], "Name either a job, or a worker with --worker."),
      (["drain"], "Missing expected argument '<worker>'"),
      (["explain"], "Missing expected argument '<subject>'"),
      (["backup"], "Missing expected argument '<file>'"),
      (["restore"], "Missing expected argument '<file>'"),
      (["tokenize", "--model", "m"], "Missing expected argument '<file>'"),
      (["model", "check"], "Missing expected argument '<dir>'"),
      (["worker"], "Missing expected argument '--pool <pool>'"),
      (["render", "--prompt", "a", "--out", "x.png"], "Missing expected argument '--model <dir>'"),
      (["render", "--model", "m", "--prompt", "a"], "Missing expected argument '--out <file.png>'"),
      (["vary", "--model", "m", "--out", "x.png"], "Missing expected argument '--image <file>'"),
      (["score", "--model", "m", "a.png"], "--text"),
      (["score", "--model", "m", "--text", "a"], "Missing expected argument '<images>"),
    ] as [([String], String)])
  func `what is missing or not known is named`(arguments: [String], sentence: String) {
    expectRefusal(arguments, sentence)
  }

  @Test(
    arguments: [
      (["worker", "--pool", "kitchen"], "Please provide one of 'prior' and 'decoder'"),
      (["worker", "--pool", "prior", "--threads", "0"], "--threads must be from 1 to 1024."),
      (["worker", "--pool", "prior", "--threads", "1025"], "--threads must be from 1 to 1024."),
      (["worker", "--pool", "prior", "--capacity", "0"], "--capacity must be from 1 to 1024."),
      (["worker", "--pool", "prior", "--log-level", "loud"], "'loud' is no log level."),
      (["bench", "--model", "m", "--stage", "kitchen"], "'kitchen' is invalid for '--stage <stage>'"),
      (["bench", "--model", "m", "--stage", "prior", "--batch", "0"], "--batch must be from 1 to 4096."),
      (["bench", "--model", "m", "--stage", "prior", "--steps", "100001"], "--steps must be from 1 to 100000."),
      (["bench", "--model", "m", "--stage", "prior", "--threads", "0"], "--threads must be from 1 to 1024."),
      (["verify", "out", "--rerender", "0"], "--rerender takes a number of pictures from 1 on."),
      (["verify", "out", "--model", "m"], "--model, --threads and --sources go with --rerender."),
      (["verify", "out", "--rerender", "1", "--threads", "0"], "--threads must be from 1 to 1024."),
      (["jobs", "--limit", "many"], "'many' is invalid for '--limit <limit>'"),
      (["up", "--prior=-1"], "--prior"),
      (["up", "--decoder=-1"], "--decoder"),
      (["up", "--threads", "0"], "--threads must be from 1 to 1024."),
    ] as [([String], String)])
  func `what is out of range is refused with the range`(arguments: [String], sentence: String) {
    expectRefusal(arguments, sentence)
  }

  @Test(
    arguments: [
      ([], "Say what the picture shows with --prompt, or name an image embedding with --embedding."),
      (["--prompt", "a", "--threads", "0"], "--threads must be from 1 to 1024."),
      (["--prompt", "a", "--item", "1"], "--item, --index and --sources go with --from."),
      (["--prompt", "a", "--sources", "x"], "--item, --index and --sources go with --from."),
      (["--from", "manifest.jsonl"], "Say with --item which item of the manifest it is."),
      (
        ["--from", "manifest.jsonl", "--item", "1", "--prompt", "a"],
        "--from takes all of the request from the manifest"
      ),
      (
        ["--from", "manifest.jsonl", "--item", "1", "--seed", "1"], "--from takes all of the request from the manifest"
      ),
      (["--from", "manifest.jsonl", "--item", "1", "--embedding", "e"], "--from takes all of the request"),
      (["--prompt", "a", "--eta", "0.5", "--sampler", "ddpm"], "'eta' goes with the sampler ddim"),
      (
        ["--prompt", "a", "--decoder-guidance-start", "0.75", "--decoder-guidance-end", "0.25"],
        "the start must be below the end."
      ),
    ] as [([String], String)])
  func `render is told what it needs`(arguments: [String], sentence: String) {
    expectRefusal(Self.render + arguments, sentence)
  }

  @Test(arguments: ["x.gif", "x", "png", "pictures/"])
  func `pictures are PNG files`(name: String) {
    expectRefusal(
      ["render", "--model", "m", "--prompt", "a", "--out", name],
      "--out must name a PNG file, such as apple.png; '\(name)' does not end in .png.")
  }

  @Test(
    arguments: [
      ([], "Give either --from-image or --from-prompt."),
      (["--from-image", "a", "--from-prompt", "b", "--to-prompt", "c"], "Give either --from-image or --from-prompt."),
      (["--from-image", "a"], "Give either --to-image or --to-prompt."),
      (["--from-image", "a", "--to-image", "b", "--to-prompt", "c"], "Give either --to-image or --to-prompt."),
      (["--from-image", "a", "--to-image", "b", "--n", "1"], "--n must be at least 2, the two ends."),
    ] as [([String], String)])
  func `an interpolation has two ends`(arguments: [String], sentence: String) {
    expectRefusal(Self.interpolate + arguments, sentence)
  }

  @Test(
    arguments: [
      "2", "-0.5", "much", "0,", "0,,1", "0;1", "nan", Array(repeating: "0", count: 1001).joined(separator: ","),
    ])
  func `strengths are up to 1000 numbers from 0 to 1`(text: String) {
    expectRefusal(Self.diff + ["--strengths=\(text)"], "is invalid for '--strengths <strengths>'")
  }
}
