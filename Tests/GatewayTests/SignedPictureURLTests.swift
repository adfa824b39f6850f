import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// URLs of pictures: who has one needs no token, for as long as it says.
@Suite struct SignedPictureURLTests {
  private static let job = JobID("job-4k2m9qa7cx")

  private func refusal(
    _ urls: SignedPictureURLs, _ query: [String: String], job: JobID = Self.job, index: Int = 0, at time: Double = 0
  ) -> String? {
    do throws(OpenAIError) {
      try urls.check(
        job: job, item: 0, index: index, expires: query["expires"], signature: query["signature"],
        at: Date(timeIntervalSince1970: time))
      return nil
    } catch {
      return "\(error.status.code) \(error.message)"
    }
  }

  private func query(_ path: String) -> [String: String] {
    let pairs = (path.split(separator: "?").last ?? "").split(separator: "&").map {
      $0.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    }
    return Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
  }

  @Test func `a URL works until its time, for its picture alone`() {
    let urls = SignedPictureURLs()
    let path = urls.path(job: Self.job, item: 0, index: 0, expires: 5000)
    #expect(path.hasPrefix("/v1/images/content/job-4k2m9qa7cx/0/0?expires=5000&signature="))
    let query = query(path)
    #expect(refusal(urls, query, at: 4999) == nil)
    #expect(refusal(urls, query, at: 5000)?.hasPrefix("403 This URL has expired") == true)
    #expect(refusal(urls, query, index: 1)?.hasPrefix("403 The signature") == true)
    #expect(refusal(urls, query, job: JobID("job-other"))?.hasPrefix("403 The signature") == true)
    #expect(refusal(SignedPictureURLs(), query)?.hasPrefix("403 The signature") == true)
  }

  @Test(arguments: [
    ["expires": "9000"], ["signature": ""], ["signature": "zz"], ["signature": String(repeating: "0", count: 64)],
    ["expires": "5000x"], ["expires": ""],
  ]) func `a URL that was changed works no more`(change: [String: String]) {
    let urls = SignedPictureURLs()
    let query = query(urls.path(job: Self.job, item: 0, index: 0, expires: 5000)).merging(change) { $1 }
    #expect(refusal(urls, query)?.hasPrefix("403 The signature") == true)
    #expect(refusal(urls, [:])?.hasPrefix("403 The signature") == true)
  }

  @Test func `URLs work after a restart, by a key that only the coordinator's user reads`() async throws {
    let folder = try TemporaryFolder()
    var path = ""
    try await TestGateway.run(in: folder) { gateway in
      let job = try await gateway.submit()
      try await gateway.finish(job)
      path = gateway.door.pictureURLs.path(job: job, item: 0, index: 0, expires: Int(Date().timeIntervalSince1970) + 99)
      let file = folder.path + "/data/keys/picture-urls"
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
    try await TestGateway.run(in: folder) { gateway in
      let answer = try await gateway.send(.get, path)
      #expect(answer.bytes == TestGateway.picture("a red apple"))
    }
  }

  @Test func `a key that is none is named`() async throws {
    let folder = try TemporaryFolder()
    try await TestGateway.run(in: folder) { _ in }
    let file = folder.path + "/data/keys/picture-urls"
    try "nonsense".write(toFile: file, atomically: false, encoding: .utf8)
    let error = await #expect(throws: AtelierError.self) { try await TestGateway.run(in: folder) { _ in } }
    #expect(error?.code == .malformed)
    #expect(error?.message.contains("'picture-urls'") == true)
  }

  @Test func `a picture that is no longer kept is 404`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      try await gateway.finish(job)
      try await gateway.forgetPictures()
      let path = gateway.door.pictureURLs.path(
        job: job, item: 0, index: 0, expires: Int(Date().timeIntervalSince1970) + 99)
      let answer = try await gateway.send(.get, path)
      #expect(answer.status == 404)
      #expect(try answer.openAIError.code == "not_found")
    }
  }
}
