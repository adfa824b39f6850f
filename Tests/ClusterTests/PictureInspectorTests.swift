import Coordinator
import Imaging
import Shared
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
}
