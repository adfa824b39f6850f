import Crypto
import Foundation
import Shared

/// Compares a folder that a job was fetched to with its manifest, and that with its signature.
struct FolderVerification {
  let folder: String
  /// The coordinator's keys; none takes the one beside the manifest.
  var keys: [VerifyingKey] = []
  /// How many pictures are to be chosen for being made again.
  var sampled = 0

  /// What was found; the keys, in snake case, are part of the command line's contract.
  struct Report: Encodable {
    var folder: String
    /// Nil if nothing that is signed says so.
    var job: JobID?
    /// The public key that the signature was checked with; nil if there is none.
    var key: String?
    /// Whether that is the key that was named, and not the one that lies beside the manifest.
    var keyWasNamed: Bool
    var signedAt: Date?
    /// What is wrong with the signature, in a sentence; nil if nothing is.
    var signature: String?
    /// That are what the manifest says.
    var pictures = 0
    /// Images that had failed or were cancelled: they have no picture.
    var failed = 0
    /// Images that were not finished yet.
    var pending = 0
    /// Pictures of the manifest that are not in the folder.
    var missing: [String] = []
    /// Pictures that are others than the manifest says, or cannot be read.
    var changed: [String] = []
    /// Pictures in the folder that the manifest does not name.
    var extra: [String] = []
    /// Pictures that were made again.
    var rerendered: [Rerendered] = []

    /// Whether nothing contradicts the signature and the manifest.
    var isSound: Bool {
      signature == nil && missing.isEmpty && changed.isEmpty && extra.isEmpty && rerendered.allSatisfy(\.isSame)
    }
  }

  /// A picture that was made again.
  struct Rerendered: Encodable {
    var file: String
    /// Of any value of a pixel, in 255ths: 0 for the same picture. Nil if the pictures have not the same size.
    var largestDifference: Int?
    /// Whether the files are the same to the byte.
    var isSameFile: Bool
    /// Whether the manifest says that it was made on a machine that makes the same bytes as this one.
    var isSameKind: Bool

    /// Kinds of machines differ by one step of a value at most, those of one kind not at all.
    var isSame: Bool { isSameFile || (!isSameKind && largestDifference.map { $0 <= 1 } ?? false) }
  }

  /// Goes through the manifest and the folder.
  ///
  /// - Returns: the report, and the lines of the pictures that were chosen, in the manifest's order.
  /// - Throws: `notFound` if there is no manifest, `malformed` if a line is none.
  func run(using generator: inout some RandomNumberGenerator) throws -> (report: Report, sample: [ManifestLine]) {
    var lines = try ManifestLines(path: folder + "/" + ManifestFile.name)
    var signature = SignatureCheck(path: folder + "/" + ManifestSignature.fileName, trusted: keys)
    var report = Report(folder: folder, keyWasNamed: !keys.isEmpty)
    var sample: [(position: Int, line: ManifestLine)] = []
    var known: Set<String> = []
    var number = 0
    while let bytes = try lines.next() {
      number += 1
      signature.consume(bytes)
      let line = try decode(bytes, number)
      switch line.state {
      case .pending: report.pending += 1
      case .failed, .cancelled: report.failed += 1
      case .completed:
        guard let digest = line.sha256 else { continue }
        known.insert(line.file ?? "")
        guard check(line, digest, &report), sampled > 0 else { continue }
        // Each has the same chance, however many there are (reservoir sampling).
        if sample.count < sampled {
          sample.append((number, line))
        } else {
          let place = Int.random(in: 0..<report.pictures, using: &generator)
          if place < sampled { sample[place] = (number, line) }
        }
      }
    }
    signature.finish()
    (report.job, report.key, report.signedAt) = (signature.job, signature.key, signature.signed)
    report.signature = signature.problem
    report.extra = try pictures().filter { !known.contains($0) }
    return (report, sample.sorted { $0.position < $1.position }.map(\.line))
  }

  private func decode(_ bytes: Data, _ number: Int) throws(AtelierError) -> ManifestLine {
    do {
      return try JSONCoding.decode(ManifestLine.self, from: bytes)
    } catch {
      throw AtelierError(
        .malformed, "Line \(number) of '\(folder)/\(ManifestFile.name)' is no line of a manifest. Fetch the job again.",
        cause: error)
    }
  }

  /// Compares a picture with its digest.
  ///
  /// - Returns: whether it is what the manifest says.
  private func check(_ line: ManifestLine, _ digest: String, _ report: inout Report) -> Bool {
    guard let name = line.safeFile else {
      report.changed.append(line.file ?? "picture \(line.index) of item \(line.item), which has no name")
      return false
    }
    do throws(AtelierError) {
      let bytes = try LocalFile.read(folder + "/" + name)
      guard hexadecimal(SHA256.hash(data: bytes)) == digest else {
        report.changed.append(name)
        return false
      }
      report.pictures += 1
      return true
    } catch {
      if error.code == .notFound { report.missing.append(name) } else { report.changed.append(name) }
      return false
    }
  }

  /// The pictures in the folder, but for the contact sheet, by name.
  private func pictures() throws(AtelierError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.lowercased().hasSuffix(".png") && $0 != JobFetch.sheetName }.sorted()
    } catch {
      throw AtelierError("Cannot read the folder '\(folder)'", system: error)
    }
  }
}
