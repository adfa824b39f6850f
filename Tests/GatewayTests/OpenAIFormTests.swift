import Crypto
import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// `POST /v1/images/variations` and `edits`: forms with pictures.
@Suite struct OpenAIFormTests {
  private static var reading: ModelInfo {
    var model = TestGateway.model
    model.readsPictures = true
    return model
  }

  private func operation(_ job: JobID, _ gateway: TestGateway) async throws -> PictureOperation? {
    try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines.first?.operation
  }

  @Test func `a picture is varied`() async throws {
    try await TestGateway.run(models: [Self.reading]) { gateway in
      let form = Form().file("image", png(64)).text("n", "2").text("size", "256x256").text(
        "response_format", "b64_json")
      async let asked = gateway.ask("images/variations", form.text("user", "u").text("model", "starter"))
      let job = try await gateway.waitingJob()
      guard case .vary(let image, invert: false)? = try await operation(job, gateway) else {
        Issue.record("it asks for something else")
        return
      }
      #expect(image.digest == hexadecimal(SHA256.hash(data: png(64))))
      try await gateway.finish(job)
      let answer = try await asked
      #expect(answer.status == 200)
      #expect(try answer.pictures.count == 2)
      #expect(answer.headers[.nativeSize] == "64x64")
    }
  }

  @Test(arguments: ["image", "image[]"])
  func `a picture is edited where its mask says, and keeps its size`(name: String) async throws {
    try await TestGateway.run { gateway in
      let form = Form().text("prompt", "a pizza").file(name, png(32)).file("mask", png(32, end: "mx"))
      async let asked = gateway.ask("images/edits", form)
      let job = try await gateway.waitingJob()
      guard case .edit(let image, let mask?)? = try await operation(job, gateway) else {
        Issue.record("it asks for something else")
        return
      }
      #expect(image.digest == hexadecimal(SHA256.hash(data: png(32))))
      #expect(mask.digest == hexadecimal(SHA256.hash(data: png(32, end: "mx"))))
      try await gateway.finish(job)
      let answer = try await asked
      #expect(answer.status == 200)
      #expect(try answer.pictures.first?["url"]?.contains("/\(job)/0/0?") == true)
      #expect(answer.headers[.nativeSize] == "64x64")
    }
  }

  @Test func `an edit in another size is of a picture and a mask in that size`() async throws {
    try await TestGateway.run { gateway in
      let form = Form().text("prompt", "a").text("size", "256x256").file("image", png(32)).file("mask", png(32))
      async let asked = gateway.ask("images/edits", form)
      let job = try await gateway.waitingJob()
      let sources = try #require(try await operation(job, gateway)).sources
      let expected = hexadecimal(SHA256.hash(data: png(32) + Array(" at 256x256".utf8)))
      #expect(sources.map(\.digest) == [expected, expected])
      try await gateway.finish(job)
      #expect(try await asked.status == 200)
    }
  }

  @Test(
    arguments: [
      ("variations", Form(), "image", "missing_required_parameter"),
      ("variations", Form().text("image", "x"), "image", "invalid_type"),
      ("variations", Form().file("image", Array("GIF89a".utf8)), "image", "invalid_image_format"),
      ("variations", Form().file("image", png(64, 32)), "image", "invalid_image_size"),
      ("variations", Form().file("image", png(8192)), "image", "invalid_image_size"),
      ("variations", Form().file("image", png(64)).text("n", "two"), "n", "invalid_type"),
      ("variations", Form().file("image", png(64)).text("n", "11"), "n", "integer_above_max_value"),
      ("variations", Form().file("image", png(64)).text("size", "auto"), "size", "invalid_value"),
      ("variations", Form().file("image", png(64)).text("prompt", "a"), "prompt", "unknown_parameter"),
      ("variations", Form().file("image", png(64)).text("quality", "standard"), "quality", "unsupported_parameter"),
      ("variations", Form().file("image", png(64)).file("mask", png(64)), "mask", "unknown_parameter"),
      ("variations", Form().file("image[]", png(64)).file("image[]", png(64)), "image", "array_above_max_length"),
      ("variations", Form().file("image", png(64)).text("n", "1").text("n", "2"), "n", "invalid_value"),
      ("edits", Form().file("image", png(64)), "prompt", "missing_required_parameter"),
      ("edits", Form().file("image", png(64)).text("prompt", ""), "prompt", "missing_required_parameter"),
      ("edits", Form().text("prompt", "a"), "image", "missing_required_parameter"),
      (
        "edits", Form().file("image", png(64)).file("mask", png(32)).text("prompt", "a"), "mask",
        "invalid_image_size"
      ),
      ("edits", Form().file("image", png(64)).file("mask", [1]).text("prompt", "a"), "mask", "invalid_image_format"),
      ("edits", Form().file("markup", png(64)).text("prompt", "a"), "markup", "unsupported_parameter"),
      (
        "edits", Form().file("image", png(64)).text("svg[model]", "m").text("prompt", "a"), "svg",
        "unsupported_parameter"
      ),
      (
        "edits", Form().file("image", png(64)).text("input_fidelity", "low").text("prompt", "a"), "input_fidelity",
        "unsupported_parameter"
      ),
      ("edits", Form().file("image", png(64)).text("stream", "maybe").text("prompt", "a"), "stream", "invalid_type"),
      // The inspector's finding: the mask ends otherwise than the picture.
      ("edits", Form().file("image", png(64)).file("mask", png(64, end: "y")).text("prompt", "a"), "mask", nil),
    ] as [(String, Form, String, String?)])
  func `a form that is wrong is 400, by the field's name, and leaves no job`(
    endpoint: String, form: Form, param: String, code: String?
  ) async throws {
    try await TestGateway.run(models: [Self.reading]) { gateway in
      let answer = try await gateway.ask("images/\(endpoint)", form)
      #expect(answer.status == 400, "\(answer.text)")
      let error = try answer.openAIError
      #expect(error.type == "invalid_request_error")
      #expect(error.param == param, "\(error.message)")
      #expect(error.code == code, "\(error.message)")
      #expect(try await gateway.jobCount() == 0)
    }
  }

  @Test func `a picture of 4 MB is too large, and one a byte smaller is not`() async throws {
    try await TestGateway.run(models: [Self.reading]) { gateway in
      let head = png(64, end: "")
      @Sendable func picture(_ size: Int) -> [UInt8] { head + [UInt8](repeating: 1, count: size - head.count) }
      let answer = try await gateway.ask("images/variations", Form().file("image", picture(4 << 20)))
      #expect(answer.status == 400)
      #expect(try answer.openAIError.code == "image_too_large")
      #expect(try answer.openAIError.param == "image")
      let fitting = try await gateway.made {
        try await $0.ask("images/variations", Form().file("image", picture((4 << 20) - 1)))
      }
      #expect(fitting.status == 200)
    }
  }

  @Test func `a model that reads no pictures is told of as such`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.ask("images/variations", Form().file("image", png(64)))
      #expect(answer.status == 400)
      #expect(try answer.openAIError.message.contains("has no image encoder"))
    }
  }

  @Test(arguments: ["application/json", "multipart/form-data", "multipart/mixed; boundary=a", ""])
  func `what is no form is 400`(type: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.send(
        .post, "/v1/images/edits", Array("{}".utf8), headers: [.contentType: type])
      #expect(answer.status == 400)
      #expect(try answer.openAIError.code == "invalid_content_type")
    }
  }

  @Test func `a form that breaks off is 400`() async throws {
    try await TestGateway.run { gateway in
      let bytes = Form().file("image", png(64)).bytes.dropLast(9)
      let answer = try await gateway.send(
        .post, "/v1/images/edits", Array(bytes),
        headers: [.contentType: "multipart/form-data; boundary=\(Form.boundary)"]
      )
      #expect(answer.status == 400)
      #expect(try answer.openAIError.message.contains("it ends in the middle"))
    }
  }
}
