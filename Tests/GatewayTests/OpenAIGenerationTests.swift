import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// `POST /v1/images/generations`: what a call makes, and how it is answered.
@Suite struct OpenAIGenerationTests {
  private let generations = "images/generations"

  @Test func `a prompt alone makes one picture, whose URL works without a token for an hour`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.submit]).token
      let answer = try await gateway.made {
        try await $0.ask(
          "images/generations", #"{"prompt": "a red apple"}"#, headers: [.authorization: "Bearer \(alice)"])
      }
      #expect(answer.status == 200)
      #expect(Set(try answer.object.keys) == ["created", "data"])
      let created = try #require(try answer.object["created"] as? Int)
      #expect(abs(Double(created) - Date().timeIntervalSince1970) < 600)
      let pictures = try answer.pictures
      #expect(pictures.map(\.keys.count) == [1])
      let url = try #require(pictures.first?["url"])
      // A proxy speaks HTTPS there.
      #expect(url.hasPrefix("https://localhost/v1/images/content/job-"), "\(url)")
      let path = String(url.dropFirst("https://localhost".count))
      #expect(path.contains("expires=\(created + 3600)&"))
      let picture = try await gateway.send(.get, path)
      #expect(picture.status == 200)
      #expect(picture.type == "image/png")
      #expect(picture.bytes == TestGateway.picture("a red apple"))
      #expect(picture.headers[.crossOriginResourcePolicy] == "cross-origin")
    }
  }

  @Test func `a call is an interactive job of its caller's, which the answer names`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.read, .submit]).token
      let answer = try await gateway.made {
        try await $0.ask(
          "images/generations", #"{"prompt": "a", "n": 3}"#, headers: [.authorization: "Bearer \(alice)"])
      }
      #expect(try answer.pictures.count == 3)
      let path = try #require(answer.headers[.atelierJob])
      let job = try await gateway.send(.get, String(path.dropFirst("/api/v1/".count)), as: alice)
        .decoded(as: JobStatus.self)
      #expect(job.owner == "alice")
      #expect(job.name == "api")
      #expect(job.interactive)
      #expect(job.images.completed == 3)
      #expect(try answer.pictures.compactMap { $0["url"] }.allSatisfy { $0.contains("\(job.id)/0/") })
    }
  }

  @Test func `pictures come as Base64 where that is asked for`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.made {
        try await $0.ask("images/generations", #"{"prompt": "a", "n": 2, "response_format": "b64_json"}"#)
      }
      #expect(
        try answer.pictures
          == Array(repeating: ["b64_json": Data(TestGateway.picture("a")).base64EncodedString()], count: 2))
      #expect(answer.headers[.connection] == "close")
    }
  }

  @Test(
    arguments: [
      ("", "64x64", nil), (#", "size": "auto""#, "64x64", nil), (#", "size": null"#, "64x64", nil),
      (#", "size": "256x256""#, "256x256", "64x64"), (#", "size": "512x512""#, "512x512", "64x64"),
      (#", "size": "1024x1024""#, "1024x1024", "64x64"),
    ] as [(String, String, String?)])
  func `a size that the model does not make is resampled, and a header says so`(
    field: String, size: String, native: String?
  ) async throws {
    try await TestGateway.run { gateway in
      async let asked = gateway.ask("images/generations", #"{"prompt": "a"\#(field)}"#)
      let job = try await gateway.waitingJob()
      let line = try #require(
        try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines.first)
      #expect(line.size?.description == size)
      try await gateway.finish(job)
      let answer = try await asked
      #expect(answer.status == 200)
      #expect(answer.headers[.nativeSize] == native)
    }
  }

  @Test(arguments: [
    #"{"prompt": "a"}"#,
    #"{"prompt": "a", "model": null, "n": null, "size": null, "response_format": null, "quality": null}"#,
    #"{"prompt": "a", "stream": null, "partial_images": null, "safety_identifier": null, "style": null}"#,
    #"{"prompt": "a", "background": null, "output_format": null, "moderation": null, "output_compression": null}"#,
    #"{"prompt": "a", "quality": "standard", "user": "somebody", "model": "starter", "stream": false}"#,
    #"{"prompt": "a", "quality": "auto", "safety_identifier": "s", "partial_images": 2}"#,
  ]) func `what is left out, null or the default asks for the same`(body: String) throws {
    let call = try ImageCall(.generations, CallFields(json: JSONValue.object(body.utf8)))
    var expected = ImageCall(endpoint: .generations, prompt: "a")
    if body.contains("starter") { expected.model = "starter" }
    if body.contains("\"partial_images\": 2") { expected.partialImages = 2 }
    #expect(call == expected)
  }

  @Test(
    arguments: [
      // What is missing, or of another type.
      ("{}", "prompt", "missing_required_parameter", "Missing required parameter: 'prompt'."),
      (#"{"prompt": null}"#, "prompt", "invalid_type", "expected a string, but got null instead"),
      (#"{"prompt": 5}"#, "prompt", "invalid_type", "expected a string, but got an integer instead"),
      (#"{"prompt": ["a"]}"#, "prompt", "invalid_type", "but got an array instead"),
      (#"{"prompt": ""}"#, "prompt", "empty_string", "Expected a string with minimum length 1"),
      (#"{"prompt": " \n "}"#, "prompt", "empty_string", "empty string"),
      (#"{"prompt": "a", "n": "2"}"#, "n", "invalid_type", "expected an integer, but got a string instead"),
      (#"{"prompt": "a", "n": 1.5}"#, "n", "invalid_type", "but got a decimal number instead"),
      (#"{"prompt": "a", "n": true}"#, "n", "invalid_type", "but got a boolean instead"),
      (#"{"prompt": "a", "user": null}"#, "user", "invalid_type", "expected a string, but got null instead"),
      (#"{"prompt": "a", "user": {}}"#, "user", "invalid_type", "but got an object instead"),
      (#"{"prompt": "a", "stream": "true"}"#, "stream", "invalid_type", "expected a boolean, but got a string"),
      (#"{"prompt": "a", "model": 3}"#, "model", "invalid_type", "expected a string"),
      // Values that there are not.
      (#"{"prompt": "a", "n": 0}"#, "n", "integer_below_min_value", "Expected a value >= 1, but got 0 instead."),
      (#"{"prompt": "a", "n": 11}"#, "n", "integer_above_max_value", "Expected a value <= 10, but got 11 instead."),
      (#"{"prompt": "a", "size": "64x64"}"#, "size", "invalid_value", "'1024x1024', and 'auto'"),
      (#"{"prompt": "a", "size": "1792x1024"}"#, "size", "invalid_value", "Invalid value: '1792x1024'."),
      (#"{"prompt": "a", "response_format": "png"}"#, "response_format", "invalid_value", "'url' and 'b64_json'"),
      (#"{"prompt": "a", "quality": "hd"}"#, "quality", "invalid_value", "'standard' and 'auto'"),
      (#"{"prompt": "a", "partial_images": 4}"#, "partial_images", "integer_above_max_value", "<= 3"),
      (#"{"prompt": "a", "partial_images": -1}"#, "partial_images", "integer_below_min_value", ">= 0"),
      (#"{"prompt": "a", "stream": true, "n": 2}"#, "n", "invalid_value", "cannot be streamed"),
      (
        #"{"prompt": "a", "stream": true, "response_format": "url"}"#, "response_format", "invalid_value", "'b64_json'"
      ),
      // Fields of other models, and of none.
      (#"{"prompt": "a", "style": "vivid"}"#, "style", "unsupported_parameter", "'style' is not supported"),
      (#"{"prompt": "a", "background": "opaque"}"#, "background", "unsupported_parameter", "'background'"),
      (#"{"prompt": "a", "output_format": "png"}"#, "output_format", "unsupported_parameter", "'output_format'"),
      (#"{"prompt": "a", "moderation": "low"}"#, "moderation", "unsupported_parameter", "'moderation'"),
      (#"{"prompt": "a", "output_compression": 9}"#, "output_compression", "unsupported_parameter", "compression"),
      (#"{"prompt": "a", "svg": {"model": "m"}}"#, "svg", "unsupported_parameter", "'svg'"),
      (#"{"prompt": "a", "seed": 5}"#, "seed", "unknown_parameter", "Unknown parameter: 'seed'."),
      (#"{"prompt": "a", "image": "x"}"#, "image", "unknown_parameter", "Unknown parameter: 'image'."),
      // What is no object of JSON.
      (#"{"prompt": "a""#, nil, nil, "We could not parse the JSON body of your request."),
      (#"{"prompt": "a", "prompt": "b"}"#, nil, nil, "We could not parse the JSON body"),
      ("[]", nil, nil, "must be a JSON object"), ("", nil, nil, "We could not parse the JSON body"),
    ] as [(String, String?, String?, String)])
  func `a wrong field is 400, by its name, and leaves nothing`(
    body: String, param: String?, code: String?, words: String
  ) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.ask(generations, body)
      #expect(answer.status == 400)
      let error = try answer.openAIError
      #expect(error.type == "invalid_request_error")
      #expect(error.param == param)
      #expect(error.code == code)
      #expect(error.message.contains(words), "\(error.message)")
      #expect(try await gateway.jobCount() == 0)
    }
  }

  @Test func `a prompt has at most a thousand characters, as Python counts them`() throws {
    func call(_ prompt: String) throws -> ImageCall {
      try ImageCall(.generations, CallFields(json: ["prompt": .string(prompt)]))
    }
    #expect(try call(String(repeating: "é", count: 1000)).prompt.count == 1000)
    // One character to people, two to Python.
    let error = #expect(throws: OpenAIError.self) { try call(String(repeating: "e\u{301}", count: 501)) }
    #expect(error?.code == "string_above_max_length")
    #expect(error?.message.contains("maximum length 1000, but got a string with length 1002 instead") == true)
  }

  @Test func `another content type is 400, and a body without end 413`() async throws {
    try await TestGateway.run { gateway in
      let text = try await gateway.send(
        .post, "/v1/images/generations", Array("{}".utf8), headers: [.contentType: "text/plain"])
      #expect(text.status == 400)
      #expect(try text.openAIError.code == "invalid_content_type")
      let large = try await gateway.ask(generations, #"{"prompt": ""# + String(repeating: "a", count: 2 << 20))
      #expect(large.status == 413)
      #expect(try large.openAIError.code == "request_too_large")
    }
  }

  @Test func `a picture that fails is 500, which need not be sent again, and says why`() async throws {
    try await TestGateway.run { gateway in
      async let asked = gateway.ask(generations, #"{"prompt": "a", "n": 2}"#)
      let job = try await gateway.waitingJob()
      try await gateway.fail(job, reasons: ["The memory is full.", "The memory is full."])
      let answer = try await asked
      #expect(answer.status == 500)
      #expect(answer.headers[.shouldRetry] == "false")
      let error = try answer.openAIError
      #expect(error.type == "server_error")
      #expect(error.code == "image_generation_failed")
      #expect(error.message == "2 of 2 pictures failed: The memory is full.")
    }
  }

  @Test func `a job that somebody cancels ends its call`() async throws {
    try await TestGateway.run { gateway in
      async let asked = gateway.ask(generations, #"{"prompt": "a"}"#)
      let job = try await gateway.waitingJob()
      _ = try await gateway.coordinator.cancel(job)
      let answer = try await asked
      #expect(answer.status == 500)
      #expect(try answer.openAIError.code == "job_cancelled")
    }
  }
}
