/// A value for each stage.
package struct ByStage<Value> {
  private var values: [Value]

  package init(repeating value: Value) { values = Array(repeating: value, count: Stage.allCases.count) }

  package subscript(stage: Stage) -> Value {
    get { values[Self.index(of: stage)] }
    set { values[Self.index(of: stage)] = newValue }
  }

  private static func index(of stage: Stage) -> Int { indices[stage] ?? 0 }

  private static var indices: [Stage: Int] { stageIndices }
}

/// Where each stage stands among all.
private let stageIndices = Dictionary(uniqueKeysWithValues: Stage.allCases.enumerated().map { ($1, $0) })

extension ByStage: Sendable where Value: Sendable {}
extension ByStage: Equatable where Value: Equatable {}
