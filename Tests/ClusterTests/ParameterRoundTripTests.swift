import Foundation
import FoundationNetworking
import Shared
import TestSupport
import Testing

/// What is asked for arrives, whichever way it comes, and a picture can be made again from its manifest line alone.
@Suite(.serialized) struct ParameterRoundTripTests {
  /// A value for each field that is not its default, as text. A field that is declared and not here fails the test.
  private static let values = [
    "prior_steps": "3", "decoder_steps": "4", "super_res_steps": "3", "prior_guidance": "2.5",
    "decoder_guidance": "3.25", "decoder_guidance_start": "0.125", "decoder_guidance_end": "0.875",
    "cache_interval": "2", "sampler": "ddim", "eta": "0.5", "n": "2", "seed": "18446744073709551610", "size": "24x40",
    "negative_prompt": "a dog, \"quoted\"", "custom_id": "line-1", "prompt": "a cat, painted",
  ]

  /// Fields that a submission says for all of its lines.
  private static var shared: [(name: String, value: String)] {
    let ofSubmission = Set(SubmitOptions.fields.map(\.name))
    return values.filter { ofSubmission.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func options(_ fields: [(name: String, value: String)]) -> [String] {
    fields.flatMap { ["--" + $0.name.replacing("_", with: "-"), $0.value] }
  }

  private static var parameters: RenderParameters {
    get throws {
      var parameters = RenderParameters()
      for field in RenderParameters.fields {
        try field.set(#require(values[field.name], "no value for the parameter '\(field.name)'"), in: &parameters)
      }
      return parameters
    }
  }

  @Test func `every field has a value here that is not its default`() throws {
    for field in ItemRequest.fields { #expect(Self.values[field.name] != nil, "no value for '\(field.name)'") }
    for field in RenderParameters.fields {
      #expect(field.text(of: try Self.parameters) != field.text(of: .karlo), "'\(field.name)' has its default here")
    }
  }

  @Test(.timeLimit(.minutes(5))) func `each way in leads to the manifest, and from there to the same bytes`() async throws {
    let processes = try Processes()
    for arguments in [["coordinator"], ["worker", "--pool", "prior"], ["worker", "--pool", "decoder"]] {
      try processes.start(arguments)
    }
    #expect(try await eventually { try processes.run(["workers", "--json"]).output.contains("decoder-") })
    let folder = processes.folder
    let prompt = try #require(Self.values["prompt"])

    let text = try folder.write(prompt + "\n", to: "options.txt")
    var jobs = ["txt": try processes.submit([text] + Self.options(Self.shared))]

    let columns = Self.values.keys.sorted()
    let row = columns.map { "\"" + (Self.values[$0] ?? "").replacing("\"", with: "\"\"") + "\"" }
    let csv = try folder.write("\(columns.joined(separator: ","))\n\(row.joined(separator: ","))\n", to: "columns.csv")
    jobs["csv"] = try processes.submit([csv])

    let jsonl = try folder.write(Self.jsonLine() + "\n", to: "fields.jsonl")
    jobs["jsonl"] = try processes.submit([jsonl])

    var url = try #require(URLComponents(string: "http://127.0.0.1:\(processes.port)/api/v1/jobs"))
    url.queryItems = [URLQueryItem(name: "format", value: "txt")] + Self.shared.map(URLQueryItem.init)
    var request = URLRequest(url: try #require(url.url))
    request.httpMethod = "POST"
    let (answer, _) = try await URLSession.shared.upload(for: request, from: Data((prompt + "\n").utf8))
    jobs["http"] = try JSONCoding.decode(Submitted.self, from: answer).job.text

    let local = folder.path + "/local.png"
    #expect(
      try processes.run(
        ["render", "--model", Processes.model, "--prompt", prompt, "--out", local] + Self.options(Self.shared)
      ).status == 0)
    // A submission has no negative prompt for all lines; then there are two pictures, not one.
    var pictures: [Bool: Set<Data>] = [:]
    for index in 0..<2 { pictures[false, default: []].insert(try Self.bytes("\(folder.path)/local-\(index).png")) }

    for (way, job) in jobs.sorted(by: { $0.key < $1.key }) {
      #expect(try await eventually { try processes.status(of: job)?.state == .completed }, "\(way)")
      let out = "\(folder.path)/\(way)"
      #expect(try processes.run(["fetch", job, "--out", out]).status == 0)
      let lines = try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8).split(separator: "\n")
        .map { try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8)) }
      #expect(lines.count == 2)
      for line in lines {
        #expect(line.parameters == (try Self.parameters), "\(way)")
        #expect(line.prompt == prompt)
        #expect(line.seed == UInt64.max - 5 + UInt64(line.index), "\(way)")
        #expect(line.size == PictureSize(width: 24, height: 40))
        let isOfLine = way == "csv" || way == "jsonl"
        #expect(line.negativePrompt == (isOfLine ? Self.values["negative_prompt"] : nil))
        #expect(line.customId == (isOfLine ? "line-1" : nil))

        let again = "\(folder.path)/again.png"
        let made = try processes.run([
          "render", "--model", Processes.model, "--from", out + "/manifest.jsonl", "--item", "0",
          "--index", "\(line.index)", "--out", again,
        ])
        #expect(made.status == 0, "\(made.error)")
        let bytes = try Self.bytes(again)
        #expect(bytes == (try Self.bytes("\(out)/\(line.file ?? "")")), "\(way)")
        pictures[isOfLine, default: []].insert(bytes)
      }
    }
    #expect(pictures[false]?.count == 2, "txt, HTTP and the command line make the same two pictures")
    #expect(pictures[true]?.count == 2, "csv and jsonl make the same two pictures")
  }

  private static func jsonLine() throws -> String {
    var item = ItemRequest(prompt: "")
    for field in ItemRequest.fields { try field.set(#require(values[field.name]), in: &item) }
    return try JSONLine(item).text
  }

  private static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  /// An item as a line of a prompt file: numbers as numbers, all else as text.
  private struct JSONLine: Encodable {
    let item: ItemRequest
    init(_ item: ItemRequest) { self.item = item }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: FieldKey.self)
      for field in ItemRequest.fields {
        try field.encode(item, to: &container, FieldKey(stringValue: field.name))
      }
    }

    var text: String {
      get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }
  }
}
