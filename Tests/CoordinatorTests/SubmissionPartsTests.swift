import Coordinator
import Shared
import Store
import TestSupport
import Testing

@Suite struct SubmissionPartsTests {
  private func item(_ line: Int, n: Int = 1, prompt: String = "a") -> ResolvedItem {
    ResolvedItem(
      line: line, customID: nil, prompt: prompt, negativePrompt: nil, n: n, seed: 1,
      size: PictureSize(width: 8, height: 8), parameters: .karlo)
  }

  /// The lines of each part, with the images of each.
  private func parts(of items: [ResolvedItem]) -> [[ResolvedItem]] {
    var (parts, found) = (SubmissionParts(), [[ResolvedItem]]())
    for item in items {
      parts.append(item)
      while let part = parts.takeFull() { found.append(part) }
    }
    while let part = parts.take() { found.append(part) }
    return found
  }

  @Test func `a part has no more images than a turn should store, unless one item alone has`() {
    let items = (1...40).map { item($0, n: $0 * 20) }
    let parts = parts(of: items)
    #expect(parts.flatMap { $0 }.map(\.line) == Array(1...40))
    for part in parts {
      #expect(part.count == 1 || part.reduce(0) { $0 + $1.n } <= SubmissionParts.mostImages)
    }
    #expect(parts.count < 40)
  }

  @Test func `many short lines and long texts make parts too`() {
    #expect(parts(of: (1...600).map { item($0) }).map(\.count) == [250, 250, 100])
    let long = String(repeating: "x", count: 600_000)
    #expect(parts(of: (1...4).map { item($0, prompt: long) }).map(\.count) == [2, 2])
    #expect(parts(of: []).isEmpty)
  }
}
