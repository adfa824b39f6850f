/// Events by time; those of one time in the order in which they were added.
struct EventQueue<Event> {
  private var heap: [(time: Double, order: Int, event: Event)] = []
  private var added = 0

  var isEmpty: Bool { heap.isEmpty }

  mutating func add(_ event: Event, at time: Double) {
    added += 1
    heap.append((time, added, event))
    var child = heap.count - 1
    while child > 0, isEarlier(child, than: (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (time: Double, event: Event)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return (first.time, first.event) }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isEarlier(child, than: least) {
        least = child
      }
      guard least != parent else { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.time, first.event)
  }

  private func isEarlier(_ left: Int, than right: Int) -> Bool {
    (heap[left].time, heap[left].order) < (heap[right].time, heap[right].order)
  }
}
