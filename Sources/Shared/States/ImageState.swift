/// The life of an image: pending, then exactly one of the others.
package enum ImageState: String, Sendable, Codable, CaseIterable {
  case pending
  case completed
  case failed
  case cancelled
}
