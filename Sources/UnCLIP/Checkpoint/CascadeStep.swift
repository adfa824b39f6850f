/// The parts of a model folder that make up one enlargement.
///
/// A folder in diffusers' layout has one: `super_res_first`, `super_res_last` for its last step, and
/// `super_res_scheduler`. A cascade of more (the paper's 64 to 256 to 1024) is named in the extension:
///
///     "atelier": {"cascade": [
///       {"first": "super_res_first", "last": "super_res_last", "scheduler": "super_res_scheduler"},
///       {"first": "super_res_2_first", "scheduler": "super_res_2_scheduler"}]}
package struct CascadeStep: Sendable, Equatable {
  package let first: String
  /// Of the last step; nil where it is made by the same weights.
  package let last: String?
  package let scheduler: String

  /// The enlargements of a model, from the smallest picture to the largest; none if it has no upsampler.
  ///
  /// - Throws: `malformed` or `unsupported`, naming file and key.
  static func all(_ index: Config, _ additions: ModelExtension) throws(UnCLIPError) -> [CascadeStep] {
    if let steps = try additions.objects("cascade") {
      var cascade: [CascadeStep] = []
      for step in steps {
        try step.requireNoOther(than: ["first", "last", "scheduler"])
        cascade.append(
          CascadeStep(
            first: try step.string("first"), last: try step.optionalString("last"),
            scheduler: try step.string("scheduler")))
      }
      return cascade
    }
    guard names(index, "super_res_first") else { return [] }
    return [
      CascadeStep(
        first: "super_res_first", last: names(index, "super_res_last") ? "super_res_last" : nil,
        scheduler: "super_res_scheduler")
    ]
  }

  /// Whether an index names a part: a library and a class, and not two nulls.
  private static func names(_ index: Config, _ part: String) -> Bool {
    guard case .array(let pair)? = index.value(part), pair.count == 2, case .string = pair[0], case .string = pair[1]
    else { return false }
    return true
  }

  /// The same text for the same cascade.
  var canonical: String { "\(first) \(last ?? "-") \(scheduler)" }
}
