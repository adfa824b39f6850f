import CPNG
import Glibc

extension PNG {
  /// The libraries on which a file's bytes depend, as they are loaded: `libpng 1.6.39, zlib 1.2.13`.
  package static var libraries: String {
    let png = png_get_libpng_ver(nil).map { String(cString: $0) } ?? "unknown"
    // Of zlib libpng alone knows; it is asked by its name.
    typealias Version = @convention(c) () -> UnsafePointer<CChar>?
    let zlib = dlsym(nil, "zlibVersion").flatMap { unsafeBitCast($0, to: Version.self)() }.map { String(cString: $0) }
    return "libpng \(png), zlib \(zlib ?? "unknown")"
  }
}
