import Crypto
import Foundation
import Imaging
import Shared
import TestSupport
import Testing

@testable import atelier

/// Whether a folder is what a coordinator has signed.
@Suite struct FolderVerificationTests {
  private let folder: TemporaryFolder
  private let out: String

  init() throws {
    folder = try TemporaryFolder()
    out = folder.path + "/out"
  }

  /// A coordinator whose job was fetched, and the job's lines.
  private func fetched(_ pictures: [String?]) async throws -> (FakeCoordinator, [ManifestLine]) {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: pictures)
    try await fetch(coordinator)
    return (
      coordinator,
      try text().split(separator: "\n").map { try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8)) }
    )
  }

  private func fetch(_ coordinator: FakeCoordinator) async throws {
    _ = try await JobFetch(client: coordinator, job: coordinator.job, folder: out, quiet: true).run()
  }

  private func text() throws -> String { try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8) }

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: out + "/" + name))
  }

  private func verify(_ key: VerifyingKey? = nil, sampled: Int = 0) throws -> FolderVerification.Report {
    var generator = SeededGenerator(seed: 1)
    return try FolderVerification(folder: out, keys: key.map { [$0] } ?? [], sampled: sampled).run(using: &generator)
      .report
  }

  @Test func `what was fetched is what was signed`() async throws {
    let (coordinator, _) = try await fetched(["one", "two", nil, "three", "four"])
    let report = try verify(coordinator.key.publicKey)
    #expect(report.isSound)
    #expect(report.signature == nil)
    #expect((report.pictures, report.failed, report.pending) == (4, 1, 0))
    #expect(report.job == coordinator.job)
    #expect(report.signedAt == Date(timeIntervalSince1970: 1000))
    let words = VerificationText.lines(report)
    #expect(words.last?.hasSuffix("that was signed for job-a at 1970-01-01T00:16:40Z.") == true, "\(words)")
    // Who can change the folder can change the key in it.
    #expect(VerificationText.lines(try verify()).last?.contains("--key") == true)
  }

  @Test func `each picture that is missing, changed or extra is named`() async throws {
    let (coordinator, lines) = try await fetched(["one", "two", "three", "four"])
    let names = try lines.map { try #require($0.file) }
    try FileManager.default.removeItem(atPath: out + "/" + names[0])
    try write("twp", to: names[1])
    try write("three", to: "000009-three.png")
    try write("", to: "notes.txt")
    let report = try verify(coordinator.key.publicKey)
    #expect(!report.isSound)
    #expect(report.signature == nil)
    #expect(report.missing == [names[0]])
    #expect(report.changed == [names[1]])
    #expect(report.extra == ["000009-three.png"])
    #expect(report.pictures == 2)
    let words = VerificationText.lines(report)
    #expect(words.prefix(3) == ["missing: \(names[0])", "changed: \(names[1])", "extra: 000009-three.png"])
    #expect(words.contains("What is missing comes with: atelier fetch job-a --out \(out)"), "\(words)")
    try await fetch(coordinator)
    #expect(try verify().missing.isEmpty)
  }

  @Test func `a manifest that was changed is no longer what was signed`() async throws {
    let (coordinator, lines) = try await fetched(["one", "two", "three", "four", "five"])
    let whole = try text()
    // A picture with its digest, in the second part.
    let digest = try #require(lines[2].sha256)
    let forged = hexadecimal(SHA256.hash(data: Data("forged".utf8)))
    try write("forged", to: #require(lines[2].file))
    try write(whole.replacing(digest, with: forged), to: "manifest.jsonl")
    let report = try verify(coordinator.key.publicKey)
    #expect(report.changed.isEmpty)
    #expect(report.signature?.hasPrefix("Lines 3 to 4 of the manifest are not those that were signed") == true)
    #expect(VerificationText.lines(report).contains { $0.hasSuffix("and nobody vouches for that.") })

    let rows = whole.split(separator: "\n", omittingEmptySubsequences: false)
    for (text, problem) in [
      (rows.dropLast(2).joined(separator: "\n") + "\n", "The manifest has only 4 of the 5 lines that were signed."),
      (whole + rows[0] + "\n", "The manifest has more lines than were signed, from line 6 on."),
      (String(whole.dropLast()), "Lines 5 to 5 of the manifest are not those that were signed"),
    ] {
      try write(text, to: "manifest.jsonl")
      let found = try verify().signature
      #expect(found?.hasPrefix(problem) == true, "\(found ?? "nothing")")
    }
  }

  @Test func `a signature that is another's, incomplete or gone vouches for nothing`() async throws {
    let (coordinator, _) = try await fetched(["one", "two", "three", "four", "five"])
    let path = out + "/" + ManifestSignature.fileName
    let signature = try JSONCoding.decode(
      ManifestSignature.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(signature.parts.count == 3)
    func verify(_ parts: [SignedStatement], _ key: VerifyingKey? = nil) throws -> String? {
      try write(
        String(decoding: JSONCoding.encode(ManifestSignature(parts: parts)), as: UTF8.self),
        to: ManifestSignature.fileName)
      return try self.verify(key).signature
    }
    #expect(try verify(signature.parts) == nil)
    #expect(try verify(signature.parts, SigningKey().publicKey)?.hasPrefix("It is signed with the key") == true)
    for parts in [
      Array(signature.parts.dropLast()), Array(signature.parts.dropFirst()), signature.parts.reversed(),
      signature.parts + signature.parts.suffix(1), [signature.parts[0], signature.parts[2]],
    ] {
      #expect(try verify(parts) == "The signed parts do not follow each other: one was left out or moved.")
    }
    var changed = signature.parts
    changed[1].statement = changed[1].statement.replacing("lines 2", with: "lines 1")
    #expect(try verify(changed)?.hasPrefix("The signature of part 2 is not that of the key") == true)
    // All signed anew, by who can write here: only the coordinator's key tells.
    let other = SigningKey()
    let forged = try signature.parts.map { try SignedStatement(ManifestStatement(text: $0.statement), by: other) }
    #expect(try verify(forged) == nil)
    #expect(try verify(forged, coordinator.key.publicKey)?.hasPrefix("It is signed with the key") == true)

    // Parts from before and after the coordinator took another key verify with both.
    let mixed = [signature.parts[0], signature.parts[1], forged[2]]
    try write(
      String(decoding: JSONCoding.encode(ManifestSignature(parts: mixed)), as: UTF8.self),
      to: ManifestSignature.fileName)
    for (keys, isRight) in [
      ([other.publicKey, coordinator.key.publicKey], true), ([coordinator.key.publicKey], false),
      ([other.publicKey], false),
    ] {
      var generator = SeededGenerator(seed: 1)
      let found = try FolderVerification(folder: out, keys: keys).run(using: &generator).report.signature
      #expect((found == nil) == isRight, "\(found ?? "nothing")")
    }

    #expect(try verify([])?.contains("is no signature of a manifest") == true)
    try FileManager.default.removeItem(atPath: path)
    let gone = try self.verify()
    #expect(gone.signature?.hasPrefix("There is no '\(path)'") == true)
    #expect((gone.isSound, gone.pictures) == (false, 5))
  }

  @Test func `a job that went on is told in words, and its next manifest is whole`() async throws {
    let (coordinator, lines) = try await fetched(["one", "two", "three"])
    var before = lines
    before[2].state = .pending
    (before[2].sha256, before[2].file) = (nil, nil)
    try coordinator.serve(before)
    try FileManager.default.removeItem(atPath: out + "/" + #require(lines[2].file))
    try await fetch(coordinator)
    let report = try verify(coordinator.key.publicKey)
    #expect(report.isSound)
    #expect((report.pictures, report.pending) == (2, 1))
    #expect(
      VerificationText.lines(report).first
        == "The job went on when it was fetched: 1 of its pictures were not finished. Fetch it again to have them.")
    try coordinator.serve(lines)
    try await fetch(coordinator)
    let after = try verify(coordinator.key.publicKey)
    #expect(after.isSound)
    #expect((after.pictures, after.pending) == (3, 0))
  }

  @Test func `pictures are chosen among those that are sound, no more than there are`() async throws {
    let (_, lines) = try await fetched(["one", "two", nil, "three", "four"])
    try write("broken", to: #require(lines[0].file))
    for (count, chosen) in [(1, 1), (2, 2), (3, 3), (9, 3)] {
      var generator = SeededGenerator(seed: 7)
      let sample = try FolderVerification(folder: out, sampled: count).run(using: &generator).sample
      #expect(sample.count == chosen)
      let items = sample.map(\.item)
      #expect(items == items.sorted() && Set(items).isSubset(of: [1, 3, 4]))
    }
  }

  @Test func `pictures that were made again may differ by one step of a value, and no more`() throws {
    func png(_ value: UInt8, width: Int = 2) throws -> [UInt8] {
      try PNG.encode(RGBImage(width: width, height: 2, filledWith: (100, value, 7)))
    }
    let (same, near) = (try png(50), try png(51))
    for (other, difference, isSame) in [
      (same, 0, true), (near, 1, true), (try png(48), 2, false), (try png(255), 205, false),
      (try png(50, width: 3), nil, false),
    ] as [([UInt8], Int?, Bool)] {
      let found = try Rerendering.compare(other, same, file: "a.png", isSameKind: false)
      #expect(found.largestDifference == difference)
      #expect(found.isSame == isSame)
      #expect(found.isSameFile == (other == same))
    }
    var report = FolderVerification.Report(folder: "out", keyWasNamed: false)
    report.rerendered = [try Rerendering.compare(near, same, file: "a.png", isSameKind: false)]
    #expect(report.isSound)
    #expect(
      VerificationText.lines(report).first
        == "made again: a.png: the same within 1/255, as another kind of processor or library makes it")
    // Machines of one kind make the same bytes.
    report.rerendered = [try Rerendering.compare(near, same, file: "a.png", isSameKind: true)]
    #expect(!report.isSound)
    #expect(
      VerificationText.lines(report).first?.hasSuffix("of the same kind made it: it is not the same picture") == true)
    report.rerendered = [try Rerendering.compare(same, same, file: "a.png", isSameKind: true)]
    #expect(report.isSound)
    report.rerendered = [try Rerendering.compare(png(255), same, file: "a.png", isSameKind: false)]
    #expect(!report.isSound)
  }

  @Test func `a picture is of a kind of machine if all of it was made on such, in one go`() {
    var line = Facts.line
    func stages(_ kinds: [(kind: String?, attempts: Int)]) -> Bool {
      line.stages = kinds.map { kind, attempts in
        ManifestLine.StageRecord(stage: .embed, worker: "w", attempts: attempts, seconds: 1, kind: kind)
      }
      return Rerendering.isOf("1.0 (x)", line)
    }
    #expect(stages([("1.0 (x)", 1), ("1.0 (x)", 1)]))
    #expect(!stages([("1.0 (x)", 1), ("1.0 (x)", 2)]))
    #expect(!stages([("1.0 (x)", 1), ("1.0 (y)", 1)]))
    #expect(!stages([("1.0 (x)", 1), (nil, 1)]))
    #expect(!stages([]))
  }

  @Test func `a report has these keys`() throws {
    var report = FolderVerification.Report(
      folder: "out", job: JobID("job-a"), key: "k", keyWasNamed: true, signedAt: Date(timeIntervalSince1970: 0),
      signature: "It was changed.")
    report.rerendered = [
      FolderVerification.Rerendered(file: "a.png", largestDifference: 0, isSameFile: true, isSameKind: true)
    ]
    let object = try JSONSerialization.jsonObject(with: JSONCoding.encode(report)) as? [String: Any]
    #expect(
      try Set(#require(object).keys) == [
        "folder", "job", "key", "key_was_named", "signed_at", "signature", "pictures", "failed", "pending", "missing",
        "changed", "extra", "rerendered",
      ])
    let rerendered = (object?["rerendered"] as? [[String: Any]])?.first
    #expect(try Set(#require(rerendered).keys) == ["file", "largest_difference", "is_same_file", "is_same_kind"])
  }
}
