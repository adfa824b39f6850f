import Crypto
import Dashboard
import Foundation
import NIOCore
import Shared

/// The files of the dashboard as they are answered.
struct DashboardFiles: Sendable {
  /// One of them, as it is answered.
  struct File: Sendable {
    /// For `Content-Type`.
    let type: String
    let bytes: ByteBuffer
    /// The beginning of its SHA-256, in quotes, for `ETag`.
    let tag: String

    init(name: String, bytes: [UInt8]) {
      type = DashboardFiles.types[String(name.split(separator: ".").last ?? "")] ?? "application/octet-stream"
      self.bytes = ByteBuffer(bytes: bytes)
      tag = "\"\(DashboardFiles.digest(bytes))\""
    }
  }

  /// The page, which names the others.
  let page: File
  /// By their names.
  let assets: [String: File]
  /// Of all together: a part of the assets' addresses, so that a browser may keep them for ever. Scripts load each other
  /// relative to themselves, and so get those of the same version.
  let version: String

  static let embedded = DashboardFiles(files: DashboardResources.all)

  /// - Parameter files: by their names, `index.html` among them, which says `assets/@/NAME` of the others.
  init(files: [String: [UInt8]]) {
    var hash = SHA256()
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) { hash.update(data: Array(name.utf8) + bytes) }
    version = String(hexadecimal(Array(hash.finalize())).prefix(16))
    let text = String(decoding: files[Self.pageName] ?? [], as: UTF8.self)
    page = File(name: Self.pageName, bytes: Array(text.replacing("assets/@/", with: "/assets/\(version)/").utf8))
    assets = Dictionary(uniqueKeysWithValues: files.map { ($0.key, File(name: $0.key, bytes: $0.value)) })
      .filter { $0.key != Self.pageName }
  }

  private static let pageName = "index.html"

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]

  private static func digest(_ bytes: [UInt8]) -> String {
    String(hexadecimal(Array(SHA256.hash(data: bytes))).prefix(32))
  }
}
