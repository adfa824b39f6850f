import Crypto
import Foundation
import NIOCore
import Shared

/// The files of the dashboard (`Sources/Gateway/Dashboard`) as they stand in the binary, so that it stays one file.
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

  static let embedded = DashboardFiles(files: all)

  /// - Parameter files: by their names, `index.html` among them, which says `assets/@/NAME` of the others.
  init(files: [String: [UInt8]]) {
    var hash = SHA256()
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) { hash.update(data: Array(name.utf8) + bytes) }
    version = String(hexadecimal(Array(hash.finalize())).prefix(16))
    let text = String(decoding: files[Self.pageName] ?? [], as: UTF8.self)
    page = File(name: Self.pageName, bytes: Array(text.replacing("assets/@/", with: "/assets/\(version)/").utf8))
    assets = Dictionary(
      uniqueKeysWithValues: files.filter { $0.key != Self.pageName }.map {
        ($0.key, File(name: $0.key, bytes: $0.value))
      })
  }

  private static let pageName = "index.html"

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]

  private static func digest(_ bytes: [UInt8]) -> String {
    String(hexadecimal(Array(SHA256.hash(data: bytes))).prefix(32))
  }

  /// A file that is added has to stand here; a test compares this with the folder.
  static let all: [String: [UInt8]] = [
    "api.js": PackageResources.api_js,
    "bars.js": PackageResources.bars_js,
    "base.css": PackageResources.base_css,
    "dom.js": PackageResources.dom_js,
    "download.js": PackageResources.download_js,
    "fields.js": PackageResources.fields_js,
    "format.js": PackageResources.format_js,
    "forms.js": PackageResources.forms_js,
    "grid.js": PackageResources.grid_js,
    "hands.js": PackageResources.hands_js,
    "icon.svg": PackageResources.icon_svg,
    "index.html": PackageResources.index_html,
    "job.css": PackageResources.job_css,
    "job.js": PackageResources.job_js,
    "live.js": PackageResources.live_js,
    "main.js": PackageResources.main_js,
    "mask.js": PackageResources.mask_js,
    "now.css": PackageResources.now_css,
    "now.js": PackageResources.now_js,
    "parts.css": PackageResources.parts_css,
    "picture.css": PackageResources.picture_css,
    "picture.js": PackageResources.picture_js,
    "plot.js": PackageResources.plot_js,
    "results.js": PackageResources.results_js,
    "route.js": PackageResources.route_js,
    "shell.css": PackageResources.shell_css,
    "shell.js": PackageResources.shell_js,
    "source.js": PackageResources.source_js,
    "tokens.css": PackageResources.tokens_css,
    "tried.js": PackageResources.tried_js,
    "try.css": PackageResources.try_css,
    "try.js": PackageResources.try_js,
    "words.js": PackageResources.words_js,
    "workers.css": PackageResources.workers_css,
    "workers.js": PackageResources.workers_js,
    "zip.js": PackageResources.zip_js,
  ]
}
