package import Store

/// Items of a submission on their way into the store, in parts each of which a turn stores: bounded by what costs time
/// there, which is lines, images and text.
package struct SubmissionParts {
  /// An item with more images stands by itself, and takes several turns.
  package static let mostImages = 500
  private static let mostItems = 250
  private static let mostBytes = 1 << 20

  private var items: [ResolvedItem] = []
  private var images = 0
  private var bytes = 0
  /// Parts that nothing can be added to.
  private var full: [[ResolvedItem]] = []

  package init() {}

  /// Adds an item behind those that are here.
  package mutating func append(_ item: ResolvedItem) {
    if images + item.n > Self.mostImages { close() }
    items.append(item)
    images += item.n
    bytes += item.prompt.utf8.count + (item.negativePrompt?.utf8.count ?? 0)
    if items.count >= Self.mostItems || images >= Self.mostImages || bytes >= Self.mostBytes { close() }
  }

  /// The next part, if it is full.
  package mutating func takeFull() -> [ResolvedItem]? { full.isEmpty ? nil : full.removeFirst() }

  /// The next part; nil if none is left.
  package mutating func take() -> [ResolvedItem]? {
    close()
    return takeFull()
  }

  private mutating func close() {
    guard !items.isEmpty else { return }
    full.append(items)
    (items, images, bytes) = ([], 0, 0)
  }
}
