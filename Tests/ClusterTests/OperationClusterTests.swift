import Foundation
import Imaging
import Shared
import TestSupport
import Testing

/// What a model can do with pictures, on the command line and in a cluster of real processes with the bundled model.
@Suite(.serialized) struct OperationClusterTests {
  private static let model = Processes.root + "/models/starter"
  private static let steps = ["--prior-steps", "3", "--decoder-steps", "4", "--super-res-steps", "2"]

  /// A picture with a bright disc, and a mask that opens its middle.
  private func write(in folder: TemporaryFolder) throws {
    var picture = RGBImage(width: 96, height: 80, filledWith: (40, 90, 200))
    for y in 0..<80 {
      for x in 0..<96 where (x - 48) * (x - 48) + (y - 40) * (y - 40) < 600 {
        picture.paste(RGBImage(width: 1, height: 1, filledWith: (220, 60, UInt8(x))), x: x, y: y)
      }
    }
    var mask = RGBImage(width: 96, height: 80, filledWith: (0, 0, 0))
    mask.paste(RGBImage(width: 44, height: 50, filledWith: (255, 255, 255)), x: 2, y: 14)
    for (name, image) in [("the disc", picture), ("mask", mask)] {
      try Data(PNG.encode(image)).write(to: URL(fileURLWithPath: "\(folder.path)/\(name).png"))
    }
    // Smaller than any picture that can be asked for, and its middle is to be made.
    var tiny = RGBAImage(RGBImage(width: 4, height: 4, filledWith: (40, 90, 200)))
    for pixel in [5, 6, 9, 10] { tiny.pixels[pixel * 4 + 3] = 0 }
    try Data(PNG.encode(tiny)).write(to: URL(fileURLWithPath: "\(folder.path)/tiny.png"))
  }

  @Test(.timeLimit(.minutes(5))) func `every kind gives in the cluster what its command gives`() async throws {
    let processes = try Processes(model: Self.model)
    let folder = processes.folder
    try write(in: folder)
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "2"])
    try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })

    func local(_ arguments: [String]) throws {
      let answer = try processes.run(
        [arguments[0], "--model", Self.model, "--seed", "5"] + arguments.dropFirst() + Self.steps)
      #expect(answer.status == 0, "\(answer.error)")
    }
    let (disc, mask) = (folder.path + "/the disc.png", folder.path + "/mask.png")
    let embedding = folder.path + "/apple.safetensors"
    try local(["render", "--prompt", "a red apple", "--save-embedding", embedding, "--out", folder.path + "/apple.png"])
    try local(["render", "--embedding", embedding, "--sampler", "dpm-solver", "--out", folder.path + "/l0.png"])
    try local(["vary", "--image", disc, "--n", "2", "--out", folder.path + "/l1.png"])
    try local([
      "vary", "--image", disc, "--invert", "--eta", "0.5", "--out", folder.path + "/l2.png",
    ])
    try local([
      "interpolate", "--from-image", disc, "--to-prompt", "a cat", "--n", "3", "--out", folder.path + "/l3.png",
    ])
    try local([
      "diff", "--image", disc, "--from", "a red apple", "--to", "a banana", "--strengths", "0,0.4", "--out",
      folder.path + "/l4.png",
    ])
    try local([
      "edit", "--image", disc, "--mask", mask, "--prompt", "a cat", "--n", "2", "--out", folder.path + "/l5.png",
    ])
    try local(["edit", "--image", folder.path + "/tiny.png", "--prompt", "a cat", "--out", folder.path + "/l7.png"])
    let scores = try processes.run([
      "score", "--model", Self.model, "--text", "a red apple", "--text", "a cat", "--json", disc, mask,
    ])
    #expect(scores.status == 0, "\(scores.error)")

    let lines = """
      {"embedding": "apple.safetensors", "sampler": "dpm-solver"}
      {"kind": "vary", "image": "the disc.png", "n": 2}
      {"kind": "vary", "image": "\(disc)", "invert": true, "eta": 0.5}
      {"kind": "interpolate", "from": {"image": "the disc.png"}, "to": {"prompt": "a cat"}, "n": 3}
      {"kind": "diff", "image": "the disc.png", "from": "a red apple", "to": "a banana", "strengths": [0, 0.4]}
      {"kind": "edit", "image": "the disc.png", "mask": "mask.png", "prompt": "a cat", "n": 2}
      {"kind": "score", "images": ["the disc.png", "mask.png"], "texts": ["a red apple", "a cat"]}
      {"kind": "edit", "image": "tiny.png", "prompt": "a cat"}
      """
    let file = try folder.write(lines, to: "requests.jsonl")
    let out = folder.path + "/out"
    let submitted = try processes.run(["submit", file, "--seed", "5", "--out", out] + Self.steps)
    #expect(submitted.status == 0, "\(submitted.error)")

    let manifest = try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8)) }
    #expect(manifest.map(\.state) == Array(repeating: .completed, count: 13))
    let counts = [1, 2, 1, 3, 2, 2, 0, 1]
    for line in manifest where line.item != 6 {
      let name = counts[line.item] == 1 ? "l\(line.item).png" : "l\(line.item)-\(line.index).png"
      let local = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + name))
      let cluster = try Data(contentsOf: URL(fileURLWithPath: out + "/" + #require(line.file)))
      #expect(local == cluster, "\(name) differs from the cluster's picture")
    }
    // Interpolations and diffs keep the seed, variations count it on.
    #expect(manifest.filter { $0.item == 3 }.map(\.seed) == [5, 5, 5])
    #expect(manifest.filter { $0.item == 1 }.map(\.seed) == [5, 6])
    // An edit keeps its picture's size.
    #expect(manifest.filter { $0.item == 5 }.allSatisfy { $0.size == PictureSize(width: 96, height: 80) })
    #expect(manifest.last?.size == PictureSize(width: 4, height: 4))

    struct Facts: Decodable { let scores: [[Double]] }
    let expected = try JSONCoding.decode(Facts.self, from: Data(scores.output.utf8)).scores
    let score = try #require(manifest.first { $0.item == 6 })
    #expect(score.file == nil)
    let actual = try #require(score.scores)
    for (left, right) in zip(actual.joined(), expected.joined()) { #expect(abs(left - right) < 1e-6) }
    #expect(actual.map(\.count) == [2, 2])

    // Each file was kept once, whatever name it was called by.
    let kept = FileManager.default.enumerator(atPath: folder.path + "/data/sources")?.compactMap { $0 as? String } ?? []
    #expect(kept.filter { $0.count > 60 }.count == 4)
  }

  @Test(.timeLimit(.minutes(2))) func `an edit keeps every pixel outside the mask, and its seam does not show`() throws {
    let processes = try Processes(model: Self.model)
    try write(in: processes.folder)
    let path = processes.folder.path
    let answer = try processes.run(
      [
        "edit", "--model", Self.model, "--image", path + "/the disc.png", "--mask", path + "/mask.png", "--prompt",
        "a red apple on a blue background", "--seed", "3", "--out", path + "/edited.png",
      ])
    #expect(answer.status == 0, "\(answer.error)")
    let before = try PNG.decode(Array(Data(contentsOf: URL(fileURLWithPath: path + "/the disc.png"))))
    let after = try PNG.decode(Array(Data(contentsOf: URL(fileURLWithPath: path + "/edited.png"))))
    var changed = 0
    for y in 0..<80 {
      for x in 0..<96 {
        let place = (y * 96 + x) * 3
        let isEdited = (2..<46).contains(x) && (14..<64).contains(y)
        let differs = before.pixels[place..<place + 3] != after.pixels[place..<place + 3]
        #expect(isEdited || !differs, "pixel \(x), \(y) changed")
        if isEdited, differs { changed += 1 }
      }
    }
    #expect(changed > 300)
    // Where the mask's edge runs over the plain ground, the step over it is that of a plain ground: no line shows.
    func step(_ first: Int, _ second: Int) -> Double? {
      let isGround = [first, second].allSatisfy { Array(before.pixels[$0 * 3..<$0 * 3 + 3]) == [40, 90, 200] }
      guard isGround else { return nil }
      var sum = 0.0
      for channel in 0..<3 {
        sum += abs(Double(after.pixels[first * 3 + channel]) - Double(after.pixels[second * 3 + channel]))
      }
      return sum / 3
    }
    var pairs: [(Int, Int)] = []
    for y in 14..<64 {
      let row = y * 96
      pairs += [(row + 1, row + 2), (row + 46, row + 45)]
    }
    for x in 2..<46 { pairs += [(13 * 96 + x, 14 * 96 + x), (64 * 96 + x, 63 * 96 + x)] }
    let steps = pairs.compactMap { step($0.0, $0.1) }.sorted()
    #expect(steps.count > 10)
    // How well it does is measured without a model, in EditingTests; here its share of chance is large.
    #expect(steps[steps.count / 2] < 10, "median step over the seam \(steps[steps.count / 2])")
  }

  @Test func `words that the model was not trained on are named at submission`() async throws {
    let processes = try Processes(model: Self.model)
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("# two\na red apple\na stock market crash\n", to: "prompts.txt")
    let answer = try processes.run(["submit", file], in: processes.folder.path)
    #expect(answer.status == 0)
    #expect(answer.error.contains("was not trained on 'stock', 'market', 'crash';"), "\(answer.error)")
  }

  @Test func `what cannot be done is said with the line's number, and nothing is accepted`() async throws {
    let processes = try Processes(model: Self.model)
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write(
      """
      {"kind": "vary", "image": "nowhere.png"}
      {"kind": "paint", "prompt": "a cat"}
      {"kind": "vary", "prompt": "a cat"}
      {"prompt": "a cat", "mask": "mask.png"}
      {"kind": "edit", "image": "sha256:\(String(repeating: "0", count: 64))", "prompt": "a cat"}
      {"kind": "interpolate", "from": {"image": "a", "prompt": "b"}, "to": {"prompt": "c"}}
      {"kind": "vary", "image": "a.png", "invert": true, "sampler": "ddpm"}
      """, to: "bad.jsonl")
    let answer = try processes.run(["submit", file])
    #expect(answer.status == 1)
    for part in [
      "line 1: There is no file 'nowhere.png'", "line 2: The field 'kind' is not known",
      "line 3: The field 'image' is missing", "line 4: The field 'mask' goes with the kinds: edit",
      "line 5: The file '000000000000' was not uploaded", "line 6: An end of an interpolation", "line 7: To begin with a picture's own noise needs the sampler ddim",
    ] {
      #expect(answer.error.contains(part), "\(part) in \(answer.error)")
    }
  }
}
