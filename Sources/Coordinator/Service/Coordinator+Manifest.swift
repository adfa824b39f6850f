import Foundation
package import Shared
import Store
import Synchronization

/// Manifests, and what vouches for them.
extension Coordinator {
  /// A page of a job's images, those behind `after`: at least one, at most 1000, whatever `limit` says.
  ///
  /// - Throws: `notFound`.
  package func manifest(of id: JobID, after: ImageID, limit: Int) async throws -> ManifestPage {
    try await store.read { store in
      try store.manifest(of: store.job(id), after: after, limit: min(max(limit, 1), 1000))
    }
  }

  /// The same page as text that is signed: each finished picture has the name that a fetch gives it. Images that are
  /// not finished are there as they are now; a later answer may say more of them.
  ///
  /// - Throws: `notFound`.
  package func signedManifest(of id: JobID, after: ImageID, limit: Int) async throws -> ManifestPart {
    let (page, isSeveral) = try await store.read { store in
      let job = try store.job(id)
      return (
        try store.manifest(of: job, after: after, limit: min(max(limit, 1), 1000)), job.images.total > job.items
      )
    }
    var text = Data()
    for var line in page.lines {
      let isMade = line.state == .completed && line.sha256 != nil
      line.file = isMade ? line.fileName(ofSeveral: isSeveral) : nil
      text += try JSONCoding.encode(line) + Data("\n".utf8)
    }
    let statement = ManifestStatement(job: id, after: after, next: page.next, text: text, signed: Date())
    return ManifestPart(
      lines: String(decoding: text, as: UTF8.self), next: page.next,
      signed: try SignedStatement(statement, by: manifestKeys.withLock { $0.signing }))
  }

  /// What others check the signatures of manifests with.
  package var manifestKey: ManifestKey { manifestKeys.withLock { ManifestKey($0) } }

  /// Signs manifests with a new key from now on. Those that were signed before verify with the old one, which is told
  /// beside the new one.
  ///
  /// - Throws: `system` if it cannot be kept; the old key is used on then.
  package func rotateManifestKey() async throws -> ManifestKey {
    try await blocking.run { [self] in
      let folder = try keys()
      return try manifestKeys.withLock { keys throws in
        keys = try keys.rotated(in: folder, at: Date())
        return ManifestKey(keys)
      }
    }
  }
}
