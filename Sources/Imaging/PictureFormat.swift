/// What kind of file some bytes are, told by how they begin.
package enum PictureFormat: Sendable, Equatable {
  case png, jpeg, webp, gif
  /// What is known but not read: its name, and a command or a step that makes a picture of it that is.
  case other(name: String, remedy: String)

  /// What is read, in words.
  package static let taken = "PNG, JPEG, WebP or GIF"
  /// So many bytes are enough to tell.
  package static let signatureLength = 16

  /// Nil for what is no kind of picture that is known.
  package init?(of bytes: some Sequence<UInt8>) {
    let start = Array(bytes.prefix(Self.signatureLength))
    func has(_ text: String, at place: Int = 0) -> Bool { start.dropFirst(place).starts(with: text.utf8) }
    if start.starts(with: PNG.signature) {
      self = .png
    } else if start.starts(with: JPEG.signature) {
      self = .jpeg
    } else if has("RIFF"), has("WEBP", at: 8) {
      self = .webp
    } else if has("GIF87a") || has("GIF89a") {
      self = .gif
    } else if has("ftyp", at: 4) {
      self = Self.mediaFile(brand: String(decoding: start.dropFirst(8).prefix(4), as: UTF8.self))
    } else if let known = Self.known.first(where: { start.dropFirst($0.place).starts(with: $0.bytes) }) {
      self = .other(name: known.name, remedy: known.remedy)
    } else {
      return nil
    }
  }

  /// Files of ISO/IEC 14496-12: pictures and films, told by their brand.
  private static func mediaFile(brand: String) -> PictureFormat {
    switch brand {
    case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
      .other(name: "HEIC", remedy: "convert it with 'heif-convert FILE picture.png'")
    case "avif", "avis": .other(name: "AVIF", remedy: "convert it with 'avifdec FILE picture.png'")
    case "crx ": .other(name: "a camera's raw file", remedy: development)
    default: .other(name: "a film", remedy: "take a frame of it with 'ffmpeg -i FILE -frames:v 1 picture.png'")
    }
  }

  private static let conversion = "convert it with 'magick FILE picture.png'"
  private static let development = "develop it to a PNG or JPEG with the camera's program"
  private static let page = "save the picture itself and not the page that shows it"

  private static let known: [(place: Int, bytes: [UInt8], name: String, remedy: String)] = [
    (0, [0x49, 0x49, 0x2A, 0], "TIFF or a camera's raw file", conversion),
    (0, [0x4D, 0x4D, 0, 0x2A], "TIFF or a camera's raw file", conversion),
    (0, Array("FUJIFILM".utf8), "a camera's raw file", development),
    (0, Array("BM".utf8), "BMP", conversion),
    (0, Array("8BPS".utf8), "a Photoshop file", "export a PNG from it"),
    (0, [0, 0, 1, 0], "an icon file", conversion),
    (4, Array("JXL ".utf8), "JPEG XL", "convert it with 'djxl FILE picture.png'"),
    (0, [0xFF, 0x0A], "JPEG XL", "convert it with 'djxl FILE picture.png'"),
    (4, Array("jP  ".utf8), "JPEG 2000", conversion),
    (0, [0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000", conversion),
    (0, Array("qoif".utf8), "QOI", conversion),
    (0, [0x76, 0x2F, 0x31, 0x01], "OpenEXR", conversion),
    (0, Array("#?RADIANCE".utf8), "a Radiance picture", conversion),
    (0, Array("DDS ".utf8), "DDS", conversion),
    (0, Array("P3\n".utf8), "PPM", conversion), (0, Array("P5\n".utf8), "PGM", conversion),
    (0, Array("P6\n".utf8), "PPM", conversion),
    (0, Array("%PDF".utf8), "a PDF", "make a picture of a page with 'pdftoppm -png -singlefile FILE picture'"),
    (0, Array("<svg".utf8), "an SVG drawing", "make pixels of it with 'rsvg-convert FILE -o picture.png'"),
    (
      0, Array("<?xml".utf8), "XML, perhaps an SVG drawing", "make pixels of it with 'rsvg-convert FILE -o picture.png'"
    ),
    (0, Array("<!DOCTYPE".utf8), "a web page", page), (0, Array("<!doctype".utf8), "a web page", page),
    (0, Array("<html".utf8), "a web page", page),
    (0, Array("version https://".utf8), "a pointer of Git LFS", "fetch the file with 'git lfs pull'"),
  ]
}
