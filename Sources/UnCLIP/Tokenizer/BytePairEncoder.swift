import HeapModule

/// Byte-pair encoding of one word ("Neural Machine Translation of Rare Words with Subword Units", 2016):
/// the word's bytes, the last one marked as the end, are joined pair by pair in the order in which the
/// vocabulary learned the pairs.
struct BytePairEncoder: Sendable {
  /// What a pair of tokens becomes, and when.
  private struct Merge {
    var rank: UInt32
    var token: Int32
  }

  /// The id of each byte inside a word and at its end.
  private let inner: [Int32]
  private let last: [Int32]
  private let merges: [UInt64: Merge]

  /// The printable stand-in of each byte, as in GPT-2's encoder.
  private static let byteCharacters: [String] = {
    let printable = Set(33...126).union(161...172).union(174...255)
    var next: UInt32 = 256
    return (0..<256).map { byte in
      if printable.contains(byte) { return String(Unicode.Scalar(UInt8(byte))) }
      defer { next += 1 }
      return Unicode.Scalar(next).map { String($0) } ?? ""
    }
  }()

  /// - Parameter unknown: the id of bytes that the vocabulary lacks.
  /// - Throws: `malformed` if a merge names a token that the vocabulary lacks.
  init(_ vocabulary: Vocabulary, unknown: Int) throws(UnCLIPError) {
    inner = Self.byteCharacters.map { Int32(vocabulary.ids[$0] ?? unknown) }
    last = Self.byteCharacters.map { Int32(vocabulary.ids[$0 + "</w>"] ?? unknown) }
    var merges: [UInt64: Merge] = [:]
    merges.reserveCapacity(vocabulary.merges.count)
    for (rank, pair) in vocabulary.merges.enumerated() {
      guard let left = vocabulary.ids[pair.left], let right = vocabulary.ids[pair.right],
        let joined = vocabulary.ids[pair.left + pair.right]
      else {
        throw UnCLIPError(
          .malformed,
          "Cannot use '\(vocabulary.path)': the merge of '\(pair.left)' and '\(pair.right)' needs tokens that the vocabulary lacks."
        )
      }
      merges[Self.key(Int32(left), Int32(right))] = Merge(rank: UInt32(rank), token: Int32(joined))
    }
    self.merges = merges
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Ids of a word, which must not be empty. Takes n log n steps for n bytes.
  func encode(_ word: [UInt8]) -> [Int] {
    var tokens = word.map { inner[Int($0)] }
    if let byte = word.last { tokens[tokens.count - 1] = last[Int(byte)] }
    // A joined token stays where its first part was; the indices behind it are skipped.
    var next = Array(1...max(1, tokens.count))
    var previous = Array(-1..<tokens.count)
    var isGone = [Bool](repeating: false, count: tokens.count)
    var queue = Heap<UInt64>()

    func merge(at index: Int) -> Merge? {
      next[index] < tokens.count ? merges[Self.key(tokens[index], tokens[next[index]])] : nil
    }
    func enqueue(_ index: Int) {
      if let merge = merge(at: index) { queue.insert(UInt64(merge.rank) << 32 | UInt64(index)) }
    }

    for index in tokens.indices.dropLast() { enqueue(index) }
    while let first = queue.popMin() {
      let index = Int(first & 0xFFFF_FFFF)
      // The pair may have changed since it was queued.
      guard !isGone[index], let merge = merge(at: index), UInt64(merge.rank) == first >> 32 else { continue }
      tokens[index] = merge.token
      isGone[next[index]] = true
      next[index] = next[next[index]]
      if next[index] < tokens.count { previous[next[index]] = index }
      if previous[index] >= 0 { enqueue(previous[index]) }
      enqueue(index)
    }
    return tokens.indices.filter { !isGone[$0] }.map { Int(tokens[$0]) }
  }
}
