import HeapModule

/// Events by time; those of one time in the order in which they were added.
struct EventQueue<Event> {
  private struct Entry: Comparable {
    let time: Double
    let order: Int
    let event: Event

    static func < (left: Self, right: Self) -> Bool { (left.time, left.order) < (right.time, right.order) }
    static func == (left: Self, right: Self) -> Bool { left.order == right.order }
  }

  private var entries = Heap<Entry>()
  private var added = 0

  mutating func add(_ event: Event, at time: Double) {
    added += 1
    entries.insert(Entry(time: time, order: added, event: event))
  }

  mutating func next() -> (time: Double, event: Event)? { entries.popMin().map { ($0.time, $0.event) } }
}
