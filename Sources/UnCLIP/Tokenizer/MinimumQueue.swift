/// A binary heap that gives its smallest number first.
struct MinimumQueue {
  private var heap: [UInt64] = []

  mutating func insert(_ value: UInt64) {
    heap.append(value)
    var index = heap.count - 1
    while index > 0, heap[(index - 1) / 2] > heap[index] {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func removeMinimum() -> UInt64? {
    guard let minimum = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return minimum }
    heap[0] = last
    var index = 0
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[smallest] {
        smallest = child
      }
      if smallest == index { return minimum }
      heap.swapAt(index, smallest)
      index = smallest
    }
  }
}
