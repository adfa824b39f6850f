/// The life of an image: pending, then exactly one of the others.
package enum ImageState: String, Sendable, Codable, CaseIterable {
  /// Its stages are being gone through.
  case pending
  /// Its picture or its scores are published. Becomes `failed` only if its file is found damaged or missing.
  case completed
  /// One of its tasks was given up. Becomes `pending` by a retry of the job.
  case failed
  /// Its job was cancelled before it was finished. Final.
  case cancelled
}
