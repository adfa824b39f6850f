import Shared
import UnCLIP

/// A model's report as people read it: tables of parts, memory and faults, and what the model does without.
enum ModelText {
  static func report(_ report: ModelReport) -> String {
    var sections = [parts(report)]
    if !report.absent.isEmpty {
      sections.append(report.absent.map { "without \($0.part): \($0.consequence)".printable }.joined(separator: "\n"))
    }
    sections.append(facts(report))
    if !report.memory.isEmpty { sections.append(memory(report)) }
    let faults = faults(report)
    if !faults.isEmpty { sections.append(TextTable.lines([["PART", "FAULT", "TENSOR", "SHAPE", "EXPECTED"]] + faults)) }
    return sections.joined(separator: "\n\n")
  }

  private static func parts(_ report: ModelReport) -> String {
    let rows = report.parts.map { part in
      [
        part.name, part.type, part.parameters == 0 ? "" : "\(part.parameters)", part.types.joined(separator: ","),
        part.bytes == 0 ? "" : megabytes(part.bytes),
      ]
    }
    return TextTable.lines([["PART", "CLASS", "PARAMETERS", "TYPE", "SIZE"]] + rows)
  }

  /// Size, resolutions, defaults and digest.
  private static func facts(_ report: ModelReport) -> String {
    var lines = ["parameters: \(report.parameters), \(megabytes(report.bytes))"]
    if !report.resolutions.isEmpty {
      lines.append("resolution: " + report.resolutions.map { "\($0)x\($0)" }.joined(separator: " -> "))
    }
    let defaults = report.defaults
    lines.append(
      "defaults:   prior \(defaults.priorSteps) steps, guidance \(defaults.priorGuidance); decoder \(defaults.decoderSteps) steps, "
        + "guidance \(defaults.decoderGuidance); upsampler \(defaults.superResSteps) steps")
    if let digest = report.digest { lines.append("digest:     \(digest)") }
    return lines.map(\.printable).joined(separator: "\n")
  }

  /// What a worker of each pool takes: weights as they lie in files, those that had to be widened, and activations.
  private static func memory(_ report: ModelReport) -> String {
    let rows = report.memory.map { pool in
      [
        pool.pool, megabytes(pool.mappedBytes), megabytes(pool.widenedBytes), megabytes(pool.activationBytes),
        megabytes(pool.totalBytes),
      ]
    }
    return TextTable.lines([["POOL", "MAPPED", "WIDENED", "ACTIVATIONS", "MEMORY IN ALL"]] + rows)
  }

  /// A row for each tensor that is not what its configuration calls for.
  private static func faults(_ report: ModelReport) -> [[String]] {
    report.parts.flatMap { part in
      part.faults.map { fault in
        [
          part.name, fault.kind.rawValue, fault.tensor,
          fault.shape.map { "\(fault.type ?? "") \($0)" } ?? "-", fault.expected.map { "\($0)" } ?? "-",
        ]
      }
    }
  }

  /// In millions of bytes, with two digits behind the point.
  private static func megabytes(_ bytes: Int) -> String { "\(Double(bytes / 10_000) / 100) MB" }
}
