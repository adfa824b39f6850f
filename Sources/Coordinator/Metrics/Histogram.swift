/// Counts values by size, as a histogram of Prometheus does: fixed buckets, a sum and a count, which can be added over
/// processes and read as rates.
package struct Histogram: Sendable {
  /// Upper ends of the buckets, growing; the last bucket has no end.
  package let bounds: [Double]
  /// Not cumulative; one more than there are bounds.
  package private(set) var counts: [Int]
  /// Of all values.
  package private(set) var sum = 0.0

  package init(bounds: [Double]) {
    self.bounds = bounds
    counts = [Int](repeating: 0, count: bounds.count + 1)
  }

  /// Bounds for tasks and steps: a hundredth of a second to a quarter of an hour, two a decade.
  package static let workSeconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]
  /// Bounds for turns and assignments, finer where they should be: from a millisecond to 50.
  package static let latencySeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5]

  package var count: Int { counts.reduce(0, +) }

  /// Counts a value in the first bucket whose upper end is not below it.
  package mutating func observe(_ value: Double) {
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }
}
