/// The stages that a request goes through, and what each of them reads and leaves: written down once for the store, the
/// planner, the workers, the simulation and the benchmarks.
package struct StagePlan: Sendable, Equatable {
  /// One stage of the plan.
  package struct Step: Sendable, Equatable {
    package let stage: Stage
    /// What of earlier stages it reads.
    package let inputs: [Artifact.Kind]
    /// What it must leave. Of what belongs to an item, once an item is enough.
    package let outputs: [Artifact.Kind]
    /// Whether it reads the files that the request names.
    package let readsSources: Bool

    /// What it leaves for the whole item, from the first of its images.
    package var itemOutputs: [Artifact.Kind] { outputs.filter(\.belongsToItem) }
  }

  package let steps: [Step]

  /// - Parameter request: what an item, or a task of it, asks for.
  package init(for request: some StagedRequest) {
    self = Self.plans[Variant(kind: request.kind, inverts: request.inverts)] ?? StagePlan(steps: [])
  }

  private init(steps: [Step]) { self.steps = steps }

  /// What a plan depends on.
  private struct Variant: Hashable {
    let kind: PictureOperation.Kind
    let inverts: Bool
  }

  private static let plans = Dictionary(
    uniqueKeysWithValues: PictureOperation.Kind.allCases.flatMap { kind in
      [false, true].map { inverts in
        (Variant(kind: kind, inverts: inverts), StagePlan(steps: steps(of: kind, inverts: inverts)))
      }
    })
}

extension StagePlan {
  /// The stage that an image begins with. Every plan has one.
  package var first: Stage { steps.first?.stage ?? .embed }

  /// - Returns: nil for a stage that the plan does not have.
  package func step(_ stage: Stage) -> Step? { steps.first { $0.stage == stage } }

  /// The stage behind one; nil behind the last.
  package func next(after stage: Stage) -> Stage? {
    guard let index = steps.firstIndex(where: { $0.stage == stage }), index + 1 < steps.count else { return nil }
    return steps[index + 1].stage
  }

  /// The stage before one; nil before the first.
  package func previous(before stage: Stage) -> Stage? {
    guard let index = steps.firstIndex(where: { $0.stage == stage }), index > 0 else { return nil }
    return steps[index - 1].stage
  }
}

/// What a plan of stages can be made for.
package protocol StagedRequest {
  var kind: PictureOperation.Kind { get }
  /// Whether the decoder begins with a picture's own noise.
  var inverts: Bool { get }
}

extension PictureOperation: StagedRequest {}
extension TaskOperation: StagedRequest {}
