import Crypto
import Foundation
import Shared
import Synchronization

@testable import atelier

/// Answers as a coordinator does that has one job, whose pictures are texts, and refuses what it is told to. It signs
/// its manifest.
final class FakeCoordinator: CoordinatorQuestions {
  private struct State {
    var answers: [String: Data] = [:]
    /// What comes before the answer, one at a time.
    var refusals: [String: [AtelierError]] = [:]
    var asked: [String] = []
  }

  private let state = Mutex(State())
  let job: JobID
  let key = SigningKey()

  /// A completed job of one item a text; of an item whose text is nil, rendering has failed.
  init(job: String, pictures: [String?]) throws {
    self.job = JobID(job)
    var status = Facts.job
    status.id = self.job
    status.state = .completed
    status.items = pictures.count
    status.images = ImageCounts()
    var lines: [ManifestLine] = []
    for (item, text) in pictures.enumerated() {
      status.images[text == nil ? .failed : .completed] += 1
      var line = Facts.line
      line.job = self.job
      (line.item, line.index, line.count, line.operation, line.scores, line.error) = (item, 0, 1, nil, nil, nil)
      line.state = text == nil ? .failed : .completed
      line.sha256 = text.map { hexadecimal(SHA256.hash(data: Data($0.utf8))) }
      line.prompt = "picture \(item)"
      line.file = text == nil ? nil : line.fileName(ofSeveral: false)
      lines.append(line)
      if let text { answer("jobs/\(job)/pictures/\(item)/0", Data(text.utf8)) }
    }
    answer("jobs/\(job)", try JSONCoding.encode(status))
    try serve(lines)
  }

  /// Serves a manifest, in parts of two lines.
  func serve(_ lines: [ManifestLine]) throws {
    for start in stride(from: 0, to: lines.count, by: 2) {
      let next = start + 2 < lines.count ? ImageID(Int64(start + 2)) : nil
      let text = try lines[start..<min(start + 2, lines.count)].reduce(into: Data()) {
        $0 += try JSONCoding.encode($1) + Data("\n".utf8)
      }
      let statement = ManifestStatement(
        job: job, after: ImageID(Int64(start)), next: next, text: text, signed: Date(timeIntervalSince1970: 1000))
      let part = ManifestPart(
        lines: String(decoding: text, as: UTF8.self), next: next, signed: try SignedStatement(statement, by: key))
      answer("jobs/\(job)/manifest?after=\(start)&limit=500", try JSONCoding.encode(part))
    }
  }

  /// The paths that were asked for.
  var asked: [String] { state.withLock { $0.asked } }

  func answer(_ path: String, _ data: Data) { state.withLock { $0.answers[path] = data } }

  /// Refuses a path so many times before it is answered.
  func refuse(_ path: String, _ code: AtelierError.Code, _ reason: String, times: Int = 1) {
    state.withLock { $0.refusals[path, default: []] += Array(repeating: AtelierError(code, reason), count: times) }
  }

  func bytes(_ path: String) async throws -> Data {
    try state.withLock { state in
      state.asked.append(path)
      if let refusal = state.refusals[path]?.first {
        state.refusals[path]?.removeFirst()
        throw refusal
      }
      guard let answer = state.answers[path] else { throw AtelierError(.notFound, "There is no '\(path)'.") }
      return answer
    }
  }
}
