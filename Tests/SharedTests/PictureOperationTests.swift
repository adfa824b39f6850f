import Foundation
import Shared
import Testing

@Suite struct PictureOperationTests {
  private static let digest = "sha256:" + String(repeating: "a", count: 64)
  private static let all: [PictureOperation] = [
    .render(embedding: nil), .render(embedding: SourceFile("e.safetensors")),
    .vary(image: SourceFile(digest), invert: true),
    .interpolate(from: .image(SourceFile("a.png")), to: .prompt("a cat")),
    .diff(image: SourceFile("a.png"), from: "a", to: "b", strengths: [0, 0.5], invert: false),
    .edit(image: SourceFile("a.png"), mask: nil), .edit(image: SourceFile("a.png"), mask: SourceFile("m.png")),
    .score(images: [SourceFile("a.png"), SourceFile("b.png")], texts: ["x"]),
  ]

  private func parse(_ line: String) throws -> ItemRequest {
    try #require(ParsedFile(line, as: .jsonl).lines.first).result.get()
  }

  @Test(arguments: all) func `operations survive the store and the prompt file`(operation: PictureOperation) throws {
    let stored = try JSONCoding.encode(operation)
    #expect(try JSONCoding.decode(PictureOperation.self, from: stored) == operation)
    var line = String(decoding: stored, as: UTF8.self)
    line = line.dropLast() + ", \"prompt\": \"a cat\"}"
    let item = try parse(line)
    #expect(item.operation == operation)
    #expect(item.prompt == "a cat")
  }

  @Test func `a prompt is needed where nothing else says what the picture shows`() throws {
    #expect(try parse(#"{"kind": "vary", "image": "a.png"}"#).prompt == "")
    #expect(throws: AtelierError.self) { try parse(#"{"kind": "edit", "image": "a.png"}"#) }
    #expect(throws: AtelierError.self) { try parse(#"{"n": 1}"#) }
  }

  @Test(arguments: [
    (#"{"kind": "diff", "image": "a.png", "from": "a", "to": "b", "strengths": [2]}"#, "from 0 to 1"),
    (#"{"kind": "diff", "image": "a.png", "from": "a", "to": "b", "strengths": []}"#, "from 1 to 1000"),
    (#"{"kind": "diff", "image": "a.png", "from": "a", "to": "b", "n": 2}"#, "leave out 'n'"),
    (#"{"kind": "interpolate", "from": {"prompt": "a"}, "to": {"prompt": "b"}, "n": 1}"#, "at least 2"),
    (#"{"kind": "score", "images": [], "texts": ["a"]}"#, "'images' has 0"),
    (#"{"kind": "score", "images": ["a.png"], "texts": "a"}"#, "'texts' is not a list"),
    (#"{"kind": "edit", "image": "a.png", "prompt": "a", "size": "64x64"}"#, "Kind edit takes no 'size'"),
    (#"{"prompt": "a", "sampler": "euler"}"#, "'sampler' is not one of: ddpm, ddim, dpm-solver"),
    (#"{"prompt": "a", "sampler": "ddpm", "eta": 0.5}"#, "goes with the sampler ddim"),
    (#"{"prompt": "a", "eta": 1.5}"#, "from 0 to 1"),
  ]) func `what makes no sense is said`(line: String, reason: String) {
    let error = #expect(throws: AtelierError.self) { try parse(line) }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test func `pictures count as the operation has them`() {
    #expect(Self.all.map { $0.count(requested: nil, standard: 7) } == [7, 7, 7, 5, 2, 7, 7, 1])
    #expect(PictureOperation.interpolate(from: .prompt("a"), to: .prompt("b")).count(requested: 9, standard: 2) == 9)
  }

  @Test func `a stage is sent the files that it reads, and no others`() {
    let file = SourceFile(Self.digest)
    #expect(PictureOperation.vary(image: file, invert: false).sources(for: .denoise).isEmpty)
    #expect(PictureOperation.vary(image: file, invert: true).sources(for: .denoise) == [file])
    #expect(PictureOperation.edit(image: file, mask: nil).sources(for: .embed).isEmpty)
    #expect(PictureOperation.edit(image: file, mask: nil).sources(for: .upsample) == [file])
  }

  @Test func `eta belongs to the sampler that it was given for`() {
    let line = RenderParameters(sampler: .solver)
    let submission = RenderParameters(eta: 0.5)
    #expect(line.filled(from: submission).filled(from: .karlo).sampler == .solver)
    #expect(line.filled(from: submission).eta == nil)
    #expect(RenderParameters().filled(from: submission).filled(from: .karlo).sampler == .ddim)
    #expect(RenderParameters(sampler: .ddim).filled(from: submission).eta == 0.5)
  }
}
