import Foundation
import Shared
import TestSupport
import Testing

/// A job's images, page by page, and the pictures themselves.
@Suite struct ImageRouteTests {
  @Test func `pages follow each other by what the last one names, and leave none out`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\nc\n", query: "n=3")
      // Another job's images lie between and do not count.
      let other = try await gateway.submit("other\n")
      for (limit, pages) in [(1, 10), (2, 5), (4, 3), (9, 2), (10, 1), (500, 1)] {
        var lines: [ManifestLine] = []
        var asked = 0
        var after: ImageID? = ImageID(0)
        while let start = after, asked < 20 {
          let answer = try await gateway.get("jobs/\(job)/images?after=\(start)&limit=\(limit)")
          #expect(answer.status == 200)
          let page = try answer.decoded(as: ManifestPage.self)
          #expect(page.lines.count <= limit)
          lines += page.lines
          after = page.next
          asked += 1
        }
        #expect(asked == pages, "of \(limit) a page")
        let places = lines.map { "\($0.job) \($0.item)-\($0.index)" }
        let expected = (0..<9).map { "\(job) \($0 / 3)-\($0 % 3)" }
        #expect(places == expected)
      }
      #expect(try await gateway.get("jobs/\(other)/images").decoded(as: ManifestPage.self).lines.count == 1)
    }
  }

  @Test(
    arguments: [
      ("", 5), ("?limit=0", 1), ("?limit=-3", 1), ("?limit=many", 5), ("?limit=5000", 5), ("?after=nonsense", 5),
      ("?after=-1", 5), ("?after=1000000", 0),
    ] as [(String, Int)])
  func `a page that makes no sense is bounded or left out`(query: String, count: Int) async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\nc\nd\ne\n")
      let answer = try await gateway.get("jobs/\(job)/images\(query)")
      #expect(answer.status == 200)
      #expect(try answer.decoded(as: ManifestPage.self).lines.count == count)
    }
  }

  @Test func `the last page names no next one`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\n")
      let answer = try await gateway.get("jobs/\(job)/images")
      let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any])
      #expect(Set(object.keys) == ["lines"])
    }
  }

  @Test func `a line tells what was asked for and what became of it`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit(
        "{\"prompt\": \"a\", \"negative_prompt\": \"leaves\", \"custom_id\": \"first\", \"seed\": 5}\n{\"prompt\": \"b\"}\n",
        query: "format=jsonl")
      try await gateway.fail(job, reasons: ["The memory is full."])
      try await gateway.finish(job)
      let lines = try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines
      #expect(lines.map(\.state) == [.failed, .completed])
      let failed = try #require(lines.first)
      #expect(failed.prompt == "a")
      #expect(failed.negativePrompt == "leaves")
      #expect(failed.customId == "first")
      #expect(failed.seed == 5)
      #expect(failed.line == 1)
      #expect(failed.error == "The memory is full.")
      #expect(failed.sha256 == nil)
      #expect(failed.model == TestGateway.model.name)
      #expect(failed.modelDigest == TestGateway.model.digest)
      let completed = try #require(lines.last)
      #expect(completed.error == nil)
      #expect(completed.sha256?.count == 64)
      #expect(completed.stages.map(\.stage) == Stage.allCases)
      #expect(completed.stages.allSatisfy { $0.worker == "decoder-test" && $0.attempts == 1 && $0.seconds == 1 })
    }
  }

  @Test func `a picture comes as it was published`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n", query: "n=2")
      try await gateway.finish(job)
      for (item, prompt) in ["a", "b"].enumerated() {
        for index in 0..<2 {
          let answer = try await gateway.get("jobs/\(job)/pictures/\(item)/\(index)")
          #expect(answer.status == 200)
          #expect(answer.type == "image/png")
          #expect(answer.bytes == TestGateway.picture(prompt))
        }
      }
    }
  }

  @Test(arguments: ["0/2", "2/0", "0/-1", "-1/0"])
  func `a picture that there is not is 404`(place: String) async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n", query: "n=2")
      try await gateway.finish(job)
      let answer = try await gateway.get("jobs/\(job)/pictures/\(place)")
      #expect(answer.status == 404)
      #expect(try answer.refusal.code == "not_found")
      #expect(try answer.refusal.message.contains("has no finished picture"), "\(answer.text)")
    }
  }

  @Test func `a picture that is not finished is 404 until it is`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      let path = "jobs/\(job)/pictures/0/0"
      let early = try await gateway.get(path)
      #expect(early.status == 404)
      #expect(try early.refusal.message == "The job '\(job)' has no finished picture 0 of item 0.")
      try await gateway.finish(job)
      #expect(try await gateway.get(path).status == 200)
    }
  }

  @Test(arguments: ["first/0", "0/first", "0.5/0", "99999999999999999999/0"])
  func `a picture is named by whole numbers`(place: String) async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      let answer = try await gateway.get("jobs/\(job)/pictures/\(place)")
      #expect(answer.status == 400)
      #expect(answer.type == "application/json")
      #expect(try answer.refusal.code == "http")
    }
  }

  @Test(arguments: [true, false])
  func `a picture that is damaged on disk is 500, counts as failed, and a retry makes it anew`(
    isMissing: Bool
  ) async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      try await gateway.finish(job)
      let file = gateway.pictureFile(of: job)
      if isMissing {
        try FileManager.default.removeItem(atPath: file)
      } else {
        try Data("another picture".utf8).write(to: URL(fileURLWithPath: file))
      }
      let answer = try await gateway.get("jobs/\(job)/pictures/0/0")
      #expect(answer.status == 500)
      #expect(try answer.refusal.code == "system")
      let message = try answer.refusal.message
      #expect(message.contains(isMissing ? "is missing on disk" : "does not match its SHA-256"), "\(message)")
      #expect(message.hasSuffix("'atelier retry \(job)' renders it anew."), "\(message)")
      #expect(try await gateway.status(of: job).images.failed == 1)
      let damage = try await gateway.get("cluster").decoded(as: ClusterStatus.self).damage
      #expect(damage.count == 1)
      #expect(message.hasPrefix(damage.first ?? "nothing"), "\(damage)")
      // Noticed once.
      #expect(try await gateway.get("jobs/\(job)/pictures/0/0").status == 404)
      #expect(try await gateway.post("jobs/\(job)/retry").decoded(as: JobStatus.self).images.pending == 1)
      try await gateway.finish(job)
      #expect(try await gateway.get("jobs/\(job)/pictures/0/0").bytes == TestGateway.picture("a red apple"))
    }
  }

  @Test func `pictures that are no longer kept are 404, and the answer names the setting`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      try await gateway.finish(job)
      try await gateway.forgetPictures()
      let answer = try await gateway.get("jobs/\(job)/pictures/0/0")
      #expect(answer.status == 404)
      #expect(
        try answer.refusal.message
          == "The pictures of the job '\(job)' are no longer kept ('coordinator.keep_pictures_days').")
      #expect(try await gateway.get("jobs/\(job)/images").status == 200)
    }
  }

  @Test func `a picture that cannot be read now is 500, and nothing counts as lost`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      try await gateway.finish(job)
      let file = gateway.pictureFile(of: job)
      try FileManager.default.moveItem(atPath: file, toPath: file + ".aside")
      try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: file)
      let answer = try await gateway.get("jobs/\(job)/pictures/0/0")
      #expect(answer.status == 500)
      #expect(try answer.refusal.message.contains("Cannot read '\(file)'"), "\(answer.text)")
      #expect(try await gateway.status(of: job).images.failed == 0)
      try FileManager.default.removeItem(atPath: file)
      try FileManager.default.moveItem(atPath: file + ".aside", toPath: file)
      #expect(try await gateway.get("jobs/\(job)/pictures/0/0").status == 200)
    }
  }

  @Test func `a picture that is no longer kept is not called lost`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      try await gateway.finish(job)
      try await gateway.forgetPictures()
      let isLost = try await gateway.losePicture(of: job)
      #expect(!isLost)
      #expect(try await gateway.status(of: job).images.failed == 0)
    }
  }

  @Test func `a row that cannot be read is 500 for its own job, and lists and other jobs still answer`() async throws {
    try await TestGateway.run { gateway in
      let (bad, good) = (try await gateway.submit(), try await gateway.submit())
      try await gateway.spoil(bad)
      let answer = try await gateway.get("jobs/\(bad)/images")
      #expect(answer.status == 500)
      #expect(try answer.refusal.code == "system")
      #expect(try answer.refusal.message.contains("as 'operation', which is no"), "\(answer.text)")
      #expect(try await gateway.get("jobs/\(good)/images").status == 200)
      #expect(try await gateway.get("jobs").decoded(as: [JobStatus].self).count == 2)
    }
  }
}
