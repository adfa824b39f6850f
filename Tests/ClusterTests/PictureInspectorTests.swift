import Coordinator
import Imaging
import Shared
import TestSupport
import Testing

@testable import atelier

/// What the coordinator is given to look at pictures with.
@Suite struct PictureInspectorTests {
  private func mask(_ width: Int) throws -> [UInt8] {
    var mask = RGBImage(width: width, height: 8, filledWith: (0, 0, 0))
    mask.paste(RGBImage(width: 2, height: 2, filledWith: (255, 255, 255)), x: 4, y: 4)
    return try PNG.encode(mask)
  }

  @Test func `pictures are read, and edits are compared, as workers do`() throws {
    let picture = try PNG.encode(RGBImage(width: 12, height: 8, filledWith: (200, 100, 50)))
    let inspector = PictureInspector.imaging
    #expect(inspector.fault(picture) == nil)
    #expect(inspector.fault(Array(picture.prefix(60)))?.code == .invalidInput)
    #expect(inspector.fault(Array("no picture".utf8))?.code == .invalidInput)
    #expect(try inspector.faultOfEdit(picture, mask(12)) == nil)
    #expect(try inspector.faultOfEdit(picture, mask(11))?.message.contains("they must agree") == true)
    #expect(inspector.faultOfEdit(picture, nil)?.message.contains("opaque") == true)
  }

  @Test func `pictures are resized as PNG files, with their opacity`() throws {
    let inspector = PictureInspector.imaging
    var picture = RGBAImage(RGBImage(width: 8, height: 8, filledWith: (200, 100, 50)))
    for pixel in 0..<32 { picture.pixels[pixel * 4 + 3] = 0 }
    let resized = try PictureFile.decodeWithOpacity(
      inspector.resized(PNG.encode(picture), PictureSize(width: 16, height: 16)))
    #expect(resized.width == 16 && resized.height == 16)
    // Its upper half is transparent still, its lower half opaque.
    #expect(resized.opacity.prefix(16) == ArraySlice(repeating: 0, count: 16))
    #expect(resized.opacity.suffix(16).allSatisfy { $0 == 255 })
    #expect(resized.colours.pixels.suffix(3) == [200, 100, 50])
    let error = #expect(throws: AtelierError.self) {
      try inspector.resized(Array("no picture".utf8), PictureSize(width: 16, height: 16))
    }
    #expect(error?.code == .invalidInput)
  }

  @Test func `embeddings are read as workers do`() {
    let inspector = PictureInspector.imaging
    #expect(inspector.faultOfEmbedding(safetensorsBytes([1, 2, 3], shape: [1, 3]), "e") == nil)
    for (bytes, words) in [
      (
        safetensorsBytes([1, .nan], shape: [2]),
        "Cannot use 'e': its embedding holds values that are no numbers, or infinite."
      ),
      (safetensorsBytes([1, -.infinity], shape: [2]), "or infinite"),
      (safetensorsBytes([1, 2, 3, 4], shape: [2, 2]), "an embedding is one row"),
      (safetensorsBytes([], shape: [0]), "an embedding is one row"), (Array("words".utf8), "'e'"),
      (Array(safetensorsBytes([1, 2], shape: [2]).dropLast()), "'e'"),
    ] {
      let fault = inspector.faultOfEmbedding(bytes, "e")
      #expect(fault?.code == .invalidInput)
      #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
    }
  }
}
