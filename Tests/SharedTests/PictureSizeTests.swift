import Foundation
import Shared
import Testing

@Suite struct PictureSizeTests {
  @Test(arguments: [(4, 4), (5000, 8), (64, 64)])
  func `the size that a picture has is read, whether it could be asked for or not`(width: Int, height: Int) throws {
    let size = PictureSize(width: width, height: height)
    let read = try JSONCoding.decode([PictureSize].self, from: JSONCoding.encode([size]))
    #expect(read == [size])
  }

  @Test(arguments: ["4x4", "5000x8", "64", "64x", "axb"])
  func `a size that is asked for has limits`(text: String) {
    let error = #expect(throws: AtelierError.self) { try PictureSize(parsing: text) }
    #expect(error?.code == .invalidInput)
  }

  @Test func `what is no size is none in an answer either`() {
    #expect(throws: AtelierError.self) { try JSONCoding.decode([PictureSize].self, from: Data("[\"64\"]".utf8)) }
  }
}
