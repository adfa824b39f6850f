import Foundation
import Shared
import Testing

@testable import atelier

/// What `--json` prints is read by scripts: keys and forms are a promise. A new key is added here, none is renamed.
@Suite struct JSONShapeTests {
  private func object(_ value: some Encodable) throws -> [String: Any] {
    let data = try JSONCoding.encode(value, pretty: true)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// The keys of an object inside of another, or of the first of a list.
  private func keys(of key: String, in object: [String: Any]) throws -> Set<String> {
    let inner = object[key] as? [String: Any] ?? (object[key] as? [[String: Any]])?.first
    let found = try #require(inner, "no object '\(key)'")
    return Set(found.keys)
  }

  private func returns<Value: Codable & Equatable>(_ value: Value) throws -> Bool {
    try JSONCoding.decode(Value.self, from: JSONCoding.encode(value, pretty: true)) == value
  }

  @Test func `a job has these keys and forms`() throws {
    let job = try object(Facts.job)
    #expect(
      Set(job.keys) == [
        "id", "name", "owner", "state", "model", "model_digest", "priority", "interactive", "created_at",
        "finished_at", "items", "images",
        "stages", "pictures_per_minute", "seconds_left", "waiting_for",
      ])
    #expect(try keys(of: "images", in: job) == ["total", "pending", "completed", "failed", "cancelled"])
    #expect(try keys(of: "stages", in: job) == ["stage", "waiting", "running", "done", "failed"])
    #expect(job["id"] as? String == "job-a")
    #expect(job["state"] as? String == "active")
    #expect(job["created_at"] as? String == "1970-01-01T00:16:40Z")
    #expect(try returns(Facts.job))
  }

  @Test func `what nobody knows of a job is left out`() throws {
    var status = Facts.job
    status.finishedAt = nil
    status.picturesPerMinute = nil
    status.secondsLeft = nil
    let missing = try Set(object(Facts.job).keys).subtracting(object(status).keys)
    #expect(missing == ["finished_at", "pictures_per_minute", "seconds_left"])
    #expect(try returns(status))
  }

  @Test func `a worker has these keys and forms`() throws {
    let worker = try object(Facts.worker)
    #expect(
      Set(worker.keys) == [
        "id", "pool", "state", "reason", "host", "process_id", "threads", "version", "models", "capacity", "held",
        "running", "completed", "failed", "seconds_since_heard",
      ])
    #expect(try keys(of: "running", in: worker) == ["task", "attempt", "job", "stage", "step", "steps"])
    #expect(
      try keys(of: "models", in: worker) == [
        "name", "digest", "size", "defaults", "reads_pictures", "has_prior", "limits",
      ])
    #expect(worker["id"] as? String == "decoder-a")
    #expect(worker["pool"] as? String == "decoder")
    #expect(worker["state"] as? String == "quarantined")
    let running = worker["running"] as? [[String: Any]]
    #expect(running?.first?["task"] as? Int == 118)
    #expect(try returns(Facts.worker))
  }

  @Test func `a submission has these keys`() throws {
    let submitted = try object(Facts.submitted)
    #expect(Set(submitted.keys) == ["job", "items", "images", "skipped", "cut"])
    #expect(try keys(of: "cut", in: submitted) == ["line", "texts"])
    #expect(try keys(of: "skipped", in: submitted) == ["line", "reason"])
    #expect(submitted["job"] as? String == "job-a")
    #expect(try returns(Facts.submitted))
  }

  @Test func `the cluster has these keys and forms`() throws {
    let cluster = try object(Facts.cluster)
    #expect(
      Set(cluster.keys) == [
        "state", "message", "since", "damage", "stalled", "expiry_halted", "version", "started_at",
        "workers_connected", "workers_quarantined",
      ])
    #expect(cluster["since"] as? String == "1970-01-01T00:33:20Z")
    #expect(try returns(Facts.cluster))
  }

  @Test func `what goes by its age has these keys and forms`() throws {
    let status = ExpiryStatus(
      keepPicturesDays: 30, halted: "The clock was set.", clock: Date(timeIntervalSince1970: 2000), jobs: 1,
      first: [ExpiryStatus.Job(id: JobID("job-a"), finishedAt: Date(timeIntervalSince1970: 1000))])
    let expiry = try object(status)
    #expect(Set(expiry.keys) == ["keep_pictures_days", "halted", "clock", "jobs", "first"])
    #expect(try keys(of: "first", in: expiry) == ["id", "finished_at"])
    #expect(try returns(status))
    #expect(
      ExpiryText.lines(status, confirmed: false) == [
        "Pictures are kept for 30 days after their job's end ('coordinator.keep_pictures_days').", "The clock was set.",
        "The coordinator's clock shows 1970-01-01T00:33:20Z.", "The pictures of 1 job are old enough to go:",
        "  job-a  ended 1970-01-01T00:16:40Z",
      ])
  }

  @Test func `a line of a manifest has these keys and forms`() throws {
    let line = try object(Facts.line)
    #expect(
      Set(line.keys) == [
        "job", "item", "line", "index", "count", "custom_id", "state", "operation", "prompt", "negative_prompt", "cut",
        "seed",
        "model", "model_digest", "parameters", "size", "resampled_from", "file", "sha256", "scores", "stages", "error",
      ])
    #expect(try keys(of: "stages", in: line) == ["stage", "worker", "attempts", "seconds"])
    #expect(try keys(of: "cut", in: line) == ["field", "lost"])
    #expect(try keys(of: "operation", in: line) == ["kind", "image", "invert"])
    #expect(line["size"] as? String == "24x40")
    #expect(try returns(Facts.line))
  }

  @Test func `the parameters of a line are named as they are declared`() throws {
    let names = try keys(of: "parameters", in: object(Facts.line))
    #expect(names == Set(RenderParameters.fields.map(\.name)))
  }

  @Test func `what a line has not is left out`() throws {
    var line = Facts.line
    line.customId = nil
    line.operation = nil
    line.negativePrompt = nil
    line.cut = nil
    line.size = nil
    line.resampledFrom = nil
    line.file = nil
    line.sha256 = nil
    line.scores = nil
    line.error = nil
    let keys = try Set(object(line).keys)
    #expect(
      keys == [
        "job", "item", "line", "index", "count", "state", "prompt", "seed", "model", "model_digest", "parameters",
        "stages",
      ])
    #expect(try returns(line))
  }

  @Test func `what was fetched has these keys`() throws {
    let fetched = try object(
      JobFetch.Fetched(
        job: JobID("job-a"), folder: "out", pictures: 2, failed: 1,
        missing: [JobFetch.Missing(item: 1, index: 0, reason: "It is damaged.")], manifest: "out/manifest.jsonl",
        contactSheet: "out/contact-sheet.png"))
    #expect(Set(fetched.keys) == ["job", "folder", "pictures", "failed", "missing", "manifest", "contact_sheet"])
    #expect(try keys(of: "missing", in: fetched) == ["item", "index", "reason"])
  }

  @Test func `a restored database has these keys`() throws {
    let restored = RestoreCommand.Restored(database: "data/atelier.sqlite", jobs: 2, aside: "data/old")
    let keys = try Set(object(restored).keys)
    #expect(keys == ["database", "jobs", "aside"])
  }

  @Test func `a picture that was rendered has these keys`() throws {
    let picture = RenderProgress.Picture(file: "a.png", seed: 7, seconds: 1.5)
    let keys = try Set(object(picture).keys)
    #expect(keys == ["file", "seed", "seconds"])
  }

  @Test(arguments: PrintableTextTests.hostile)
  func `control characters are escaped as JSON does it, and come back`(text: String) throws {
    let json = String(decoding: try JSONCoding.encode([text], pretty: true), as: UTF8.self)
    let lines = json.split(separator: "\n").count
    #expect(lines == 3)
    let controls = json.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" }
    #expect(controls.isEmpty, "\(json.debugDescription)")
    let back = try JSONCoding.decode([String].self, from: Data(json.utf8))
    #expect(back.first?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
  }

  @Test func `slashes are not escaped, and keys are in the order of the alphabet`() throws {
    let text = String(decoding: try JSONCoding.encode(["b": "a/b", "a": "c"]), as: UTF8.self)
    #expect(text == "{\"a\":\"c\",\"b\":\"a/b\"}")
  }
}
