/// Writes Prometheus' text format (version 0.0.4).
struct MetricsText {
  enum Kind: String {
    case counter, gauge, histogram
  }

  private(set) var text = ""
  private var name = ""

  mutating func add(_ name: String, _ help: String, _ kind: Kind, _ body: (inout MetricsText) -> Void) {
    self.name = name
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    body(&self)
  }

  mutating func value(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
    line(name, labels.map { ($0.key, $0.value) }, value)
  }

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

  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
    let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    text += name + (list.isEmpty ? "" : "{\(list)}") + " \(Self.number(value))\n"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
