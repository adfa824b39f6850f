import Shared
import Testing

/// `POST /api/v1/jobs`: what is taken.
@Suite struct SubmissionRouteTests {
  @Test(
    arguments: [
      ("format=txt", "a\n# a comment\n\nb\n", 2, 2),
      ("", "without a line end", 1, 1),
      ("format=txt&n=3", "a\nb\n", 2, 6),
      ("format=csv", "prompt,n\na,2\n\"b, with a comma\",\n", 2, 3),
      ("format=jsonl", "{\"prompt\": \"a\", \"n\": 4}\n{\"prompt\": \"b\"}\n", 2, 5),
      ("format=jsonl&n=2", "{\"prompt\": \"a\", \"n\": 4}\n{\"prompt\": \"b\"}\n", 2, 6),
      (
        "format=jsonl",
        "{\"custom_id\": \"c\", \"method\": \"POST\", \"url\": \"/v1/images\", \"body\": {\"prompt\": \"a\", \"size\": \"auto\"}}\n",
        1, 1
      ),
    ] as [(String, String, Int, Int)])
  func `a prompt file is taken and counted`(query: String, text: String, items: Int, images: Int) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.post(query.isEmpty ? "jobs" : "jobs?" + query, text)
      #expect(answer.status == 201, "\(answer.text)")
      #expect(answer.type == "application/json")
      let submitted = try answer.decoded(as: Submitted.self)
      #expect(submitted.items == items)
      #expect(submitted.images == images)
      #expect(submitted.skipped.isEmpty)
      #expect(submitted.job.text.hasPrefix("job-"))
      let status = try await gateway.status(of: submitted.job)
      #expect(status.state == .active)
      #expect(status.items == items)
      #expect(status.images.pending == images)
    }
  }

  @Test func `options of the query hold for lines that say nothing of their own`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit(
        "{\"prompt\": \"a\"}\n{\"prompt\": \"b\", \"seed\": 9, \"size\": \"16x24\", \"prior_steps\": 5}\n",
        query: "format=jsonl&seed=7&size=32x32&prior_steps=3&sampler=ddim&eta=0.5&name=my%20file&model=starter")
      #expect(try await gateway.status(of: job).name == "my file")
      let lines = try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines
      #expect(lines.map(\.seed) == [7, 9])
      #expect(lines.map(\.size) == [PictureSize(width: 32, height: 32), PictureSize(width: 16, height: 24)])
      #expect(lines.map(\.parameters.priorSteps) == [3, 5])
      #expect(lines.allSatisfy { $0.parameters.sampler == .ddim && $0.parameters.eta == 0.5 })
      // What nobody says is the model's.
      #expect(lines.map(\.parameters.decoderSteps) == [25, 25])
    }
  }

  /// For each option a value that nobody has by default, and where it must be seen.
  private static let effects: [String: (value: String, isSeen: @Sendable (JobStatus, ManifestLine) -> Bool)] = [
    "model": ("starter", { status, _ in status.model == "starter" }),
    "name": ("a name", { status, _ in status.name == "a name" }),
    "priority": ("5", { status, _ in status.priority == 5 }),
    "interactive": ("true", { status, _ in status.interactive }),
    "skip_bad": ("true", { status, _ in status.items == 1 }),
    "n": ("2", { _, line in line.count == 2 }),
    "seed": ("18446744073709551610", { _, line in line.seed == 18_446_744_073_709_551_610 }),
    "size": ("24x40", { _, line in line.size == PictureSize(width: 24, height: 40) }),
    "prior_steps": ("3", { _, line in line.parameters.priorSteps == 3 }),
    "decoder_steps": ("4", { _, line in line.parameters.decoderSteps == 4 }),
    "super_res_steps": ("3", { _, line in line.parameters.superResSteps == 3 }),
    "prior_guidance": ("2.5", { _, line in line.parameters.priorGuidance == 2.5 }),
    "decoder_guidance": ("3.25", { _, line in line.parameters.decoderGuidance == 3.25 }),
    "decoder_guidance_start": ("0.125", { _, line in line.parameters.decoderGuidanceStart == 0.125 }),
    "decoder_guidance_end": ("0.875", { _, line in line.parameters.decoderGuidanceEnd == 0.875 }),
    "cache_interval": ("2", { _, line in line.parameters.cacheInterval == 2 }),
    "sampler": ("ddim", { _, line in line.parameters.sampler == .ddim }),
    "eta": ("0.5", { _, line in line.parameters.eta == 0.5 }),
  ]

  @Test(arguments: SubmitOptions.fields.map(\.name))
  func `every option that is declared is an option of the query, and has its effect`(name: String) async throws {
    let effect = try #require(Self.effects[name], "no value for '\(name)'; add one to this test")
    let value = effect.value.replacing(" ", with: "%20")
    let text = name == "skip_bad" ? "{\"prompt\": \"a\"}\nnothing\n" : "{\"prompt\": \"a\"}\n"
    try await TestGateway.run { gateway in
      let job = try await gateway.submit(text, query: "format=jsonl&\(name)=\(value)")
      let lines = try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines
      #expect(effect.isSeen(try await gateway.status(of: job), try #require(lines.first)))
      let nonsense = try await gateway.post("jobs?\(name)x=\(value)", text)
      #expect(nonsense.status == 400)
    }
  }

  @Test func `a seed is drawn where nobody names one, and recorded`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n", query: "n=2")
      let lines = try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines
      #expect(lines.map(\.index) == [0, 1, 0, 1])
      #expect(lines[1].seed == lines[0].seed + 1)
      #expect(lines[3].seed == lines[2].seed + 1)
      let again = try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines
      #expect(again == lines)
    }
  }

  @Test func `a body in many pieces is read as one file`() async throws {
    try await TestGateway.run { gateway in
      // The test's client cuts the body into pieces of 32 KiB, in the middle of lines.
      let text = (0..<3000).map { "picture number \($0) of a long file\n" }.joined()
      let job = try await gateway.submit(text, query: "seed=1")
      #expect(try await gateway.status(of: job).items == 3000)
      let last = try await gateway.get("jobs/\(job)/images?after=2999").decoded(as: ManifestPage.self).lines
      #expect(last.map(\.prompt) == ["picture number 2999 of a long file"])
      #expect(last.map(\.line) == [3000])
    }
  }

  @Test func `bad lines are left out on request, and named`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.post(
        "jobs?format=jsonl&skip_bad=true", "{\"prompt\": \"a\"}\nbad\n{\"prompt\": \"b\", \"n\": 0}\n")
      #expect(answer.status == 201)
      let submitted = try answer.decoded(as: Submitted.self)
      #expect(submitted.items == 1)
      #expect(submitted.skipped.map(\.line) == [2, 3])
      #expect(submitted.skipped.last?.reason == "'n' is 0; it must be from 1 to 1000.")
    }
  }

  @Test func `texts that the model does not see the end of are told, and are in the manifest`() async throws {
    var model = TestGateway.model
    model.readsPictures = true
    try await TestGateway.run(models: [model]) { gateway in
      let text = """
        {"prompt": "a red apple on a table", "negative_prompt": "leaves and branches"}
        {"prompt": "a"}
        {"kind": "interpolate", "from": {"prompt": "a long beginning"}, "to": {"prompt": "an end"}, "n": 2}

        """
      let submitted = try await gateway.post("jobs?format=jsonl", text).decoded(as: Submitted.self)
      let first = [
        CutText(field: "prompt", lost: "e on a table"), CutText(field: "negative_prompt", lost: " branches"),
      ]
      let third = [CutText(field: "from", lost: "inning")]
      #expect(submitted.cut == [CutLine(line: 1, texts: first), CutLine(line: 3, texts: third)])
      let lines = try await gateway.get("jobs/\(submitted.job)/images").decoded(as: ManifestPage.self).lines
      #expect(lines.map(\.cut) == [first, nil, third, third])
    }
  }

  @Test func `the model is the only one there is, if nobody names one`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      #expect(try await gateway.status(of: job).model == "starter")
    }
  }
}
