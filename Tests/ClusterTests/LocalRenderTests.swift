import Foundation
import Imaging
import Shared
import TestSupport
import Testing

@testable import atelier

/// What is rendered without a cluster, by real processes.
@Suite(.serialized) struct LocalRenderTests {
  private static let steps = ["--prior-steps", "2", "--decoder-steps", "3", "--super-res-steps", "2"]

  private struct Report: Decodable {
    let digest: String
    let warnings: [String]
  }

  /// A picture of one colour.
  private func write(_ colour: (UInt8, UInt8, UInt8), to path: String) throws {
    let picture = RGBImage(width: 24, height: 24, filledWith: colour)
    try Data(PNG.encode(picture)).write(to: URL(filePath: path))
  }

  /// A manifest of one picture of the narrow model.
  private func manifest(
    _ processes: Processes, prompt: String, _ operation: PictureOperation? = nil
  ) throws -> String {
    let checked = try processes.run(["model", "check", Processes.model, "--json"])
    let digest = try JSONCoding.decode(Report.self, from: Data(checked.output.utf8)).digest
    let line = ManifestLine(
      job: JobID("job-a"), item: 0, line: 1, index: 0, count: 1, customId: nil, state: .completed,
      operation: operation, prompt: prompt, negativePrompt: nil, seed: 5, model: "narrow", modelDigest: digest,
      parameters: RenderParameters(priorSteps: 2, decoderSteps: 3, superResSteps: 2).filled(from: .karlo), size: nil,
      resampledFrom: nil, file: nil, sha256: nil, stages: [], error: nil)
    return try processes.folder.write(
      String(decoding: try JSONCoding.encode(line), as: UTF8.self) + "\n", to: "manifest.jsonl")
  }

  /// Adds a number to a file of weights, as a tensor that nothing calls for.
  private func addStray(to path: String) throws {
    let file = URL(filePath: path)
    let data = try Data(contentsOf: file)
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let values = data.dropFirst(8 + length)
    var header = try #require(
      JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length)) as? [String: Any])
    header["stray"] = ["dtype": "F32", "shape": [1], "data_offsets": [values.count, values.count + 4]]
    let text = try JSONSerialization.data(withJSONObject: header)
    let start = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
    try (start + text + values + Data(count: 4)).write(to: file)
  }

  @Test(.timeLimit(.minutes(2)))
  func `tensors that nothing calls for are said by render, by a worker once, and by a check that finds nothing wrong`()
    async throws
  {
    let processes = try Processes()
    let (folder, model) = (processes.folder.path, processes.folder.path + "/model")
    try FileManager.default.copyItem(atPath: Processes.model, toPath: model)
    try addStray(to: model + "/text_encoder/model.safetensors")
    let warning =
      "text_encoder' holds tensors that its configuration does not call for, and that are not used: 'stray'."
    let rendered = try ["/x.png", "/y.png"].map { name in
      let answer = try processes.run(
        ["render", "--model", name == "/x.png" ? model : Processes.model, "--prompt", "a cat", "--seed", "5"]
          + ["--n", "2", "--out", folder + name] + Self.steps)
      #expect(answer.status == 0, "\(answer.error)")
      let picture = try Data(contentsOf: URL(filePath: folder + name.replacing(".png", with: "-1.png")))
      return (error: answer.error, picture: picture)
    }
    #expect(rendered[0].error.components(separatedBy: warning).count == 2, "\(rendered[0].error)")
    #expect(!rendered[1].error.contains("not used"))
    #expect(rendered[0].picture == rendered[1].picture)
    let checked = try processes.run(["model", "check", model])
    #expect(checked.status == 0 && checked.error.contains(warning), "\(checked.error)")
    let log = folder + "/worker.log"
    try processes.start(["worker", "--pool", "prior", "--threads", "1", "--model", model], log: log)
    // It says so before the weights are used.
    #expect(try await eventually { try String(contentsOfFile: log, encoding: .utf8).contains("starting") })
    let told = try String(contentsOfFile: log, encoding: .utf8)
    #expect(told.components(separatedBy: warning).count == 2, "\(told)")
  }

  @Test func `what a model does not see of a manifest's prompt is said`() throws {
    let processes = try Processes()
    let prompt = Array(repeating: "apple", count: 200).joined(separator: " ") + " pear"
    let manifest = try manifest(processes, prompt: prompt)
    let out = processes.folder.path + "/again.png"
    let answer = try processes.run(
      ["render", "--model", Processes.model, "--from", manifest, "--item", "0", "--out", out])
    #expect(answer.status == 0, "\(answer.error)")
    #expect(answer.error.contains("'prompt' is longer than the model reads"), "\(answer.error)")
    #expect(answer.error.contains("pear'"), "\(answer.error)")
  }

  @Test func `a line with two files of one name is made again`() throws {
    let processes = try Processes()
    let folder = processes.folder.path
    func source(_ name: String) throws -> SourceFile {
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
      return SourceFile(digest: hexadecimal(Artifact(source: Array(bytes)).sha256), name: SourceFile(name).name)
    }
    for place in ["one", "two"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(place)", withIntermediateDirectories: true)
    }
    try write((40, 90, 200), to: folder + "/one/a.png")
    var mask = RGBImage(width: 24, height: 24, filledWith: (0, 0, 0))
    mask.paste(RGBImage(width: 10, height: 10, filledWith: (255, 255, 255)), x: 7, y: 7)
    try Data(PNG.encode(mask)).write(to: URL(filePath: folder + "/two/a.png"))
    let edited = try processes.run(
      ["edit", "--model", Processes.model, "--image", folder + "/one/a.png", "--mask", folder + "/two/a.png"]
        + ["--prompt", "a cat", "--seed", "5", "--prior-guidance", "4", "--decoder-guidance", "8"]
        + ["--sampler", "ddpm", "--out", folder + "/edited.png"] + Self.steps)
    #expect(edited.status == 0, "\(edited.error)")
    let operation = PictureOperation.edit(image: try source("one/a.png"), mask: try source("two/a.png"))
    let manifest = try manifest(processes, prompt: "a cat", operation)
    let again = try processes.run(
      ["render", "--model", Processes.model, "--from", manifest, "--item", "0", "--out", folder + "/again.png"])
    #expect(again.status == 0, "\(again.error)")
    let (first, second) = try (
      Data(contentsOf: URL(filePath: folder + "/edited.png")), Data(contentsOf: URL(filePath: folder + "/again.png"))
    )
    #expect(first == second)
  }

  @Test(.timeLimit(.minutes(2)))
  func `weights that are cut short while pictures are made end the command with what to do`() async throws {
    let processes = try Processes()
    let folder = processes.folder.path
    try FileManager.default.copyItem(atPath: Processes.model, toPath: folder + "/model")
    let log = try processes.folder.write("", to: "log")
    let file = try FileHandle(forWritingTo: URL(filePath: log))
    let process = try ChildProcess(
      Processes.executable.path,
      [
        "render", "--model", folder + "/model", "--prompt", "a cat", "--n", "1000", "--decoder-steps", "100", "--out",
        folder + "/x.png",
      ], output: .null, error: .file(file))
    defer { process.send(SIGKILL) }
    #expect(try await eventually { FileManager.default.fileExists(atPath: folder + "/x-0.png") })
    #expect(truncate(folder + "/model/decoder/diffusion_pytorch_model.safetensors", 1) == 0)
    #expect(try await eventually { !process.isRunning })
    #expect(process.ending == .status(1))
    let told = try String(contentsOfFile: log, encoding: .utf8)
    #expect(told.contains("decoder/diffusion_pytorch_model.safetensors' was changed while it was in use"), "\(told)")
    #expect(told.contains("Start again"), "\(told)")
  }
}
