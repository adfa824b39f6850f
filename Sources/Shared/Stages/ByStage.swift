/// A value for each stage.
package struct ByStage<Value> {
  private var values: [Value]

  package init(repeating value: Value) { values = Array(repeating: value, count: Stage.allCases.count) }

  package subscript(stage: Stage) -> Value {
    get { values[Self.index(of: stage)] }
    set { values[Self.index(of: stage)] = newValue }
  }

  /// Where a stage stands among all: a look through a few, which is faster than a hash.
  private static func index(of stage: Stage) -> Int { Stage.allCases.firstIndex(of: stage) ?? 0 }
}

extension ByStage: Sendable where Value: Sendable {}
extension ByStage: Equatable where Value: Equatable {}
