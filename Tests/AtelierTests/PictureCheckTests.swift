import Foundation
import Imaging
import NIOCore
import Shared
import TestSupport
import Testing

@testable import atelier

/// Pictures are looked at before a prompt file is sent, not when an item of the job is rendered.
@Suite struct PictureCheckTests {
  private let temporary: TemporaryFolder
  private var folder: String { temporary.path }

  /// A picture, masks that fit it and do not, and files that are no pictures.
  init() throws {
    temporary = try TemporaryFolder()
    let picture = RGBAImage(RGBImage(width: 12, height: 8, filledWith: (200, 100, 50)))
    try LocalFile.write(PNG.encode(picture), to: folder + "/cat.png")
    var hole = picture
    for pixel in 40..<44 { hole.pixels[pixel * 4 + 3] = 0 }
    try LocalFile.write(PNG.encode(hole), to: folder + "/hole.png")
    for (name, width) in [("mask", 12), ("narrow", 11)] {
      var mask = RGBImage(width: width, height: 8, filledWith: (0, 0, 0))
      mask.paste(RGBImage(width: 2, height: 2, filledWith: (255, 255, 255)), x: 4, y: 4)
      try LocalFile.write(PNG.encode(mask), to: folder + "/\(name).png")
    }
    try LocalFile.write(PNG.encode(RGBImage(width: 12, height: 8, filledWith: (0, 0, 0))), to: folder + "/black.png")
    try LocalFile.write(Array(PNG.encode(picture).prefix(60)), to: folder + "/cut.png")
    try LocalFile.write([0, 0, 0, 24] + Array("ftypheic".utf8), to: folder + "/phone.jpg")
    for (name, values) in [("apple", [1, 2] as [Float]), ("spoilt", [1, .infinity])] {
      try LocalFile.write(safetensorsBytes(values, shape: [2]), to: folder + "/\(name).safetensors")
    }
  }

  private func refusal(_ line: String) throws -> String? {
    let path = try temporary.write(line + "\n", to: "prompts.jsonl")
    do {
      let refused = try PromptFileCheck.run(
        path, .jsonl, SourceFolder(of: path, allowsOutside: false), skipsBad: false)
      #expect(refused.numbers.isEmpty)
      return nil
    } catch let error as AtelierError {
      #expect(error.code == .invalidInput)
      return error.message
    }
  }

  @Test(
    arguments: [
      (#"{"kind": "vary", "image": "cut.png"}"#, "It names 'cut.png', which cannot be used. Cannot read the PNG: "),
      (#"{"kind": "score", "images": ["cat.png", "cut.png"], "texts": ["a"]}"#, "It names 'cut.png', which cannot"),
      (
        #"{"kind": "interpolate", "from": {"image": "phone.jpg"}, "to": {"prompt": "a"}}"#,
        "It names 'phone.jpg', which is HEIC, and not a PNG, JPEG, WebP or GIF picture; convert it with 'heif-convert"
      ),
      (
        #"{"embedding": "spoilt.safetensors"}"#, "Cannot use 'spoilt.safetensors': its embedding holds values that are"
      ),
      (
        #"{"kind": "edit", "image": "cat.png", "prompt": "a"}"#,
        "It asks to edit 'cat.png'. The picture is opaque and there is no mask"
      ),
      (
        #"{"kind": "edit", "image": "cat.png", "mask": "narrow.png", "prompt": "a"}"#,
        "It asks to edit 'cat.png', with the mask 'narrow.png'. The mask is 11x8 pixels, the picture 12x8"
      ),
      (
        #"{"body": {"kind": "edit", "image": "cat.png", "mask": "black.png", "prompt": "a"}}"#,
        "It asks to edit 'cat.png', with the mask 'black.png'. The mask names nothing to edit"
      ),
      (#"{"kind": "edit", "image": "cat.png", "mask": "cut.png", "prompt": "a"}"#, "It names 'cut.png', which cannot"),
    ] as [(String, String)])
  func `what cannot be used is refused by its name, with the reason`(line: String, reason: String) throws {
    let message = try #require(try refusal(line))
    #expect(message.hasPrefix("Line 1 is refused, so nothing was accepted: \(reason)"), "\(message)")
  }

  @Test(
    arguments: [
      #"{"kind": "edit", "image": "cat.png", "mask": "mask.png", "prompt": "a"}"#,
      #"{"kind": "edit", "image": "hole.png", "prompt": "a"}"#,
      #"{"kind": "vary", "image": "cat.png"}"#, #"{"embedding": "apple.safetensors"}"#,
      // Not there: the coordinator's to tell, with all other bad lines.
      #"{"kind": "edit", "image": "cat.png", "mask": "none.png", "prompt": "a"}"#,
    ])
  func `what can be used goes on`(line: String) throws { #expect(try refusal(line) == nil) }

  @Test func `a picture that was in order in one line is looked at again for an edit of another`() throws {
    let lines = [#"{"kind": "vary", "image": "cat.png"}"#, #"{"kind": "edit", "image": "cat.png", "prompt": "a"}"#]
    let message = try #require(try refusal(lines.joined(separator: "\n")))
    #expect(message.hasPrefix("Line 2 is refused"), "\(message)")
  }

  @Test func `where bad lines are left out, these go on without their files, so that the coordinator refuses them`()
    async throws
  {
    let lines = [
      #"{"kind": "edit", "image": "cat.png", "mask": "mask.png", "prompt": "a"}"#,
      #"{"kind": "edit", "image": "cat.png", "mask": "narrow.png", "prompt": "a"}"#,
      #"{"kind": "vary", "image": "cut.png"}"#, #"{"kind": "vary", "image": "hole.png"}"#,
    ]
    let path = try temporary.write(lines.joined(separator: "\n"), to: "prompts.jsonl")
    let sources = SourceFolder(of: path, allowsOutside: false)
    let refused = try PromptFileCheck.run(path, .jsonl, sources, skipsBad: true)
    #expect(Array(refused.numbers) == [2, 3])
    #expect(refused[2]?.contains("they must agree") == true)
    #expect(refused[3]?.contains("'cut.png'") == true)
    #expect(refused[1] == nil)
    var sent: [UInt8] = []
    let upload = try SourceUpload(
      path: path, folder: sources, skipsBad: true, refused: refused.numbers
    ) { _, _ in }
    for try await piece in upload { sent += Array(piece.readableBytesView) }
    var parser = PromptFileParser(format: .jsonl)
    let items = try (parser.consume(sent) + parser.finish()).map { try $0.result.get() }
    let isUploaded = items.map { item in item.operation.sources.allSatisfy { $0.digest != nil } }
    #expect(isUploaded == [true, false, false, true])
  }
}
