/// Writes Prometheus' text exposition format, version 0.0.4: for each metric its help and type, then a line a sample.
struct MetricsText {
  /// As the line `# TYPE` names it.
  enum Kind: String {
    case counter, gauge, histogram
  }

  /// What was written so far.
  private(set) var text = ""
  /// The metric whose samples are being written.
  private var name = ""

  /// Writes a metric. All samples of it must be written here: the format wants them in one group.
  ///
  /// - Parameters:
  ///   - help: one line without line ends.
  ///   - body: writes the samples, each with labels of its own.
  mutating func add(_ name: String, _ help: String, _ kind: Kind, _ body: (inout MetricsText) -> Void) {
    self.name = name
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    body(&self)
  }

  /// Writes a sample of a counter or a gauge.
  mutating func value(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
    line(name, labels.map { ($0.key, $0.value) }, value)
  }

  /// Writes a histogram's samples: a cumulative `_bucket` for each upper end with the label `le`, the last of them
  /// `+Inf`, then `_sum` and `_count`.
  mutating func histogram(_ histogram: Histogram, _ labels: KeyValuePairs<String, String> = [:]) {
    let labels = labels.map { ($0.key, $0.value) }
    var sum = 0
    for (index, count) in histogram.counts.enumerated() {
      sum += count
      let end = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
      line(name + "_bucket", labels + [("le", end)], Double(sum))
    }
    line(name + "_sum", labels, histogram.sum)
    line(name + "_count", labels, Double(sum))
  }

  /// One sample: a name, its labels in braces if there are any, and the value. No time: it is that of the question.
  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
    let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    text += name + (list.isEmpty ? "" : "{\(list)}") + " \(Self.number(value))\n"
  }

  /// A whole number without a fraction, so that counters stay readable.
  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }

  /// A label's value: backslash, quote and line end are escaped, as the format asks.
  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
