import Foundation
import Testing

@testable import Imaging

@Suite struct ContactSheetTests {
  private let red = RGBImage(width: 8, height: 8, filledWith: (200, 0, 0))

  @Test(
    "A sheet is about as wide as high, and has a cell a picture",
    arguments: [(1, 1, 1), (2, 2, 1), (5, 3, 2), (16, 4, 4), (17, 5, 4)])
  func grid(_ count: Int, _ columns: Int, _ rows: Int) {
    var sheet = ContactSheet(side: 32)
    for _ in 0..<count { sheet.add(red, caption: "") }
    let picture = sheet.picture()
    // Red thumbnails begin where the rows and columns say.
    let reds = (0..<picture.height).flatMap { y in (0..<picture.width).filter { isRed(picture, x: $0, y: y) } }
    #expect(reds.count == count * 32 * 32)
    let edges = (1..<picture.width).filter { x in isRed(picture, x: x, y: 20) && !isRed(picture, x: x - 1, y: 20) }
    #expect(edges.count == columns)
    let tops = (1..<picture.height).filter { y in
      isRed(picture, x: edges[0], y: y) && !isRed(picture, x: edges[0], y: y - 1)
    }
    #expect(tops.count == rows)
  }

  @Test("Odd shapes keep their proportions in the middle of the cell")
  func proportions() {
    var sheet = ContactSheet(side: 40)
    sheet.add(RGBImage(width: 200, height: 50, filledWith: (200, 0, 0)), caption: "wide")
    let picture = sheet.picture()
    let rows = (0..<picture.height).filter { isRed(picture, x: picture.width / 2, y: $0) }
    #expect(rows.count == 10)
  }

  @Test("A sheet takes no more than its limit")
  func limit() {
    var sheet = ContactSheet(side: 4)
    for _ in 0..<(ContactSheet.limit + 5) { sheet.add(red, caption: "x") }
    #expect(!sheet.hasRoom)
    var full = ContactSheet(side: 4)
    for _ in 0..<ContactSheet.limit { full.add(red, caption: "x") }
    #expect(sheet.picture() == full.picture())
  }

  @Test("An empty sheet is a small blank picture")
  func empty() {
    let picture = ContactSheet().picture()
    #expect(picture.width > 0 && picture.pixels.allSatisfy { $0 == 255 })
  }

  @Test("Captions are wrapped to two lines and cut with dots")
  func captions() {
    let lines = ContactSheet.lines(of: "a red apple on a blue background", width: 18, count: 2)
    #expect(lines == ["a red apple on a", "blue background"])
    #expect(ContactSheet.lines(of: "  one\t two\n", width: 18, count: 2) == ["one two"])
    #expect(ContactSheet.lines(of: "", width: 18, count: 2) == [])
    #expect(
      ContactSheet.lines(of: String(repeating: "x", count: 20), width: 18, count: 2) == [
        String(repeating: "x", count: 18), "xx",
      ])
    let long = ContactSheet.lines(of: String(repeating: "word ", count: 20), width: 18, count: 2)
    #expect(long == ["word word word", "word word word..."])
    let tight = ContactSheet.lines(of: "abcdefghijklmnop qrstuvwxyzabcdefgh ijk", width: 18, count: 2)
    #expect(tight == ["abcdefghijklmnop", "qrstuvwxyzabcde..."])
    #expect(tight.allSatisfy { $0.count <= 18 })
  }

  @Test(
    "Captions leave ink below the picture, for characters outside the font too", arguments: ["a", "~", "é", "日本", "👩‍👩‍👧‍👦"])
  func ink(_ caption: String) {
    var sheet = ContactSheet(side: 64)
    sheet.add(red, caption: caption)
    var blank = ContactSheet(side: 64)
    blank.add(red, caption: "")
    #expect(sheet.picture() != blank.picture())
  }

  @Test("Every printable character of ASCII has a glyph of its own")
  func font() {
    let glyphs = (33...126).map { CaptionFont.glyph(Character(Unicode.Scalar(UInt8($0)))) }
    #expect(glyphs.allSatisfy { $0.count == CaptionFont.width * CaptionFont.height && $0.contains { $0 > 5 } })
    #expect(Set(glyphs).count == glyphs.count)
    #expect(CaptionFont.glyph(" ").allSatisfy { $0 == 0 })
  }

  private func isRed(_ picture: RGBImage, x: Int, y: Int) -> Bool {
    let place = (y * picture.width + x) * 3
    return picture.pixels[place] > 150 && picture.pixels[place + 1] < 50
  }
}
