import Shared
import Testing

/// `POST /api/v1/jobs`: what is refused, and how.
@Suite struct SubmissionRefusalTests {
  private static let reader = {
    var model = TestGateway.model
    model.readsPictures = true
    return model
  }()

  @Test(
    arguments: [
      ("format=pdf", "The format 'pdf' is not known; it must be txt, csv or jsonl."),
      ("format=", "The format '' is not known; it must be txt, csv or jsonl."),
      ("colour=red", "The option 'colour' is not known."),
      ("negative_prompt=leaves", "The option 'negative_prompt' is not known."),
      ("n=0", "'n' is 0; it must be from 1 to 1000."),
      ("n=1001", "'n' is 1001; it must be from 1 to 1000."),
      ("n=many", "'n' is 'many'; it must be a whole number."),
      ("n=", "'n' is ''; it must be a whole number."),
      ("seed=-1", "'seed' is '-1'; it must be a whole number from 0 to 18446744073709551615."),
      ("size=huge", "'size' is 'huge'; it must be WIDTHxHEIGHT, such as 256x256, each side from 8 to 4096 pixels."),
      ("size=4x4", "'size' is '4x4'; it must be WIDTHxHEIGHT, such as 256x256, each side from 8 to 4096 pixels."),
      ("priority=101", "'priority' is 101; it must be from -100 to 100."),
      ("skip_bad=maybe", "'skip_bad' is 'maybe'; it must be true or false."),
      ("prior_steps=1", "'prior_steps' is 1; it must be from 2 to 100000."),
      ("decoder_guidance=101", "'decoder_guidance' is 101; it must be from 0 to 100."),
      ("decoder_guidance=nan", "'decoder_guidance' is 'nan'; it must be a number."),
      ("eta=1.5", "'eta' is 1.5; it must be from 0 to 1."),
      ("sampler=euler", "'sampler' is 'euler'; it must be one of: ddpm, ddim, dpm-solver."),
      ("sampler=ddpm&eta=0.5", "'eta' goes with the sampler ddim, and the sampler is ddpm."),
      (
        "decoder_guidance_start=0.75&decoder_guidance_end=0.25",
        "'decoder_guidance_start' is 0.75 and 'decoder_guidance_end' 0.25; the start must be below the end."
      ),
    ] as [(String, String)])
  func `an option that makes no sense is 400, and one sentence says why`(query: String, sentence: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.post("jobs?\(query)", "a\n")
      #expect(answer.status == 400)
      #expect(answer.type == "application/json")
      #expect(try answer.refusal.code == "invalid_input")
      #expect(try answer.refusal.message == sentence)
      #expect(try await gateway.get("jobs").text == "[]")
    }
  }

  @Test(arguments: RenderParameters.fields.map(\.name))
  func `every parameter is checked`(name: String) async throws {
    try await TestGateway.run { gateway in
      for value in ["nonsense", "-1"] {
        let answer = try await gateway.post("jobs?\(name)=\(value)", "a\n")
        #expect(answer.status == 400, "\(name)=\(value)")
        #expect(try answer.refusal.message.hasPrefix("'\(name)' is "), "\(answer.text)")
      }
    }
  }

  @Test(
    arguments: [
      ("txt", "", "There is no prompt in the file: it is empty or has only comments."),
      ("txt", "# a comment\n\n", "There is no prompt in the file: it is empty or has only comments."),
      ("csv", "prompt\n", "There is no prompt in the file"),
      ("txt", "\u{FEFF}a\n\(String(repeating: "b", count: 16_001))\n", "line 2: 'prompt' is bbb"),
      ("csv", "text\na\n", "line 1: The header names an unknown column 'text'"),
      ("csv", "prompt,prompt\na,b\n", "line 1: The header names the column 'prompt' twice; leave one out."),
      ("csv", "prompt,n\na,b\n", "line 2: 'n' is 'b'; it must be a whole number."),
      ("csv", "prompt,n\na\n", "line 2: The row has 1 field, the header 2;"),
      ("csv", "prompt\n\"a\n", "line 2: Column 1 begins with a quote in line 2 that is not closed."),
      ("jsonl", "nonsense\n", "line 1: The line is not valid JSON."),
      ("jsonl", "{\"prompt\": \"a\"}\n[]\n", "line 2: The line is not a JSON object"),
      ("jsonl", "{}\n", "line 1: The field 'prompt' is missing."),
      ("jsonl", "{\"prompt\": \" \"}\n", "line 1: The prompt is empty."),
      ("jsonl", "{\"prompt\": 1}\n", "line 1: The field 'prompt' is not a string."),
      ("jsonl", "{\"prompt\": \"a\", \"colour\": 1}\n", "line 1: The field 'colour' is not known; known are 'prompt'"),
      ("jsonl", "{\"prompt\": \"a\", \"n\": 0}\n", "line 1: 'n' is 0; it must be from 1 to 1000."),
      ("jsonl", "{\"kind\": \"paint\"}\n", "line 1: The field 'kind' is not known; it must be one of: render, vary"),
      ("jsonl", "{\"kind\": \"vary\"}\n", "line 1: The field 'image' is missing; kind vary needs it."),
      (
        "jsonl", "{\"kind\": \"vary\", \"image\": \"cat.png\"}\n",
        "line 1: There is no file 'cat.png' beside the prompt file, or it was not uploaded (SHA-256)."
      ),
      (
        "jsonl", "{\"kind\": \"vary\", \"image\": \"sha256:\(String(repeating: "0", count: 64))#cat.png\"}\n",
        "line 1: The file 'cat.png' was not uploaded; send it with PUT /api/v1/sources/0000"
      ),
    ] as [(String, String, String)])
  func `a file with a bad line is 400, names the line, and leaves nothing`(
    format: String, text: String, sentence: String
  ) async throws {
    try await TestGateway.run(models: [Self.reader]) { gateway in
      let answer = try await gateway.post("jobs?format=\(format)", text)
      #expect(answer.status == 400)
      #expect(try answer.refusal.code == "invalid_input")
      #expect(try answer.refusal.message.contains(sentence), "\(answer.text)")
      #expect(try await gateway.get("jobs").text == "[]")
    }
  }

  @Test func `a refusal names ten bad lines and counts the others`() async throws {
    try await TestGateway.run { gateway in
      let text = String(repeating: "bad\n", count: 12)
      let message = try await gateway.post("jobs?format=jsonl", text).refusal.message
      #expect(message.hasPrefix("12 lines cannot be read, so nothing was accepted: line 1: "), "\(message)")
      #expect(message.contains("line 10: "))
      #expect(!message.contains("line 11: "))
      #expect(message.contains(" And 2 more. "))
    }
  }

  @Test func `a file of which every line was left out is refused with the lines' reasons`() async throws {
    try await TestGateway.run { gateway in
      let text = "{\"prompt\": \"\"}\n" + String(repeating: "bad\n", count: 11)
      let answer = try await gateway.post("jobs?format=jsonl&skip_bad=true", text)
      #expect(answer.status == 400)
      let message = try answer.refusal.message
      let start = "There is no prompt in the file: all of its 12 lines were left out: line 1: "
      #expect(message.hasPrefix(start + "The prompt is empty. line 2: "), "\(message)")
      #expect(message.contains(" line 10: ") && message.hasSuffix(" And 2 more."), "\(message)")
      #expect(!message.contains("line 11: "))
    }
  }

  @Test func `a model that is not known is 404, with those that are`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.post("jobs?model=none", "a\n")
      #expect(answer.status == 404)
      #expect(try answer.refusal.code == "not_found")
      #expect(try answer.refusal.message == "There is no model 'none'. Known are: starter.")
    }
  }

  @Test func `without any model a submission is 404 and says where they come from`() async throws {
    try await TestGateway.run(models: []) { gateway in
      let answer = try await gateway.post("jobs", "a\n")
      #expect(answer.status == 404)
      #expect(
        try answer.refusal.message.contains("None is known yet: name its folder in cluster.yaml"), "\(answer.text)")
    }
  }

  @Test func `steps beyond the model's are refused by line, with the limit`() async throws {
    var model = Self.reader
    model.limits = RenderParameters(priorSteps: 1000, decoderSteps: 1000, superResSteps: 500)
    let text = """
      {"prompt":"a red apple","decoder_steps":1001,"prior_steps":2,"super_res_steps":2}
      {"prompt":"a","decoder_steps":1000,"prior_steps":1000,"super_res_steps":500}
      {"prompt":"a","super_res_steps":501}
      {"prompt":"a","prior_steps":1001}

      """
    try await TestGateway.run(models: [model]) { gateway in
      let answer = try await gateway.post("jobs?format=jsonl", text)
      #expect(answer.status == 400)
      let message = try answer.refusal.message
      #expect(
        message.contains("line 1: 'decoder_steps' is 1001; the model 'starter' takes at most 1000."), "\(message)")
      #expect(message.contains("line 3: 'super_res_steps' is 501; the model 'starter' takes at most 500."))
      #expect(message.contains("line 4: 'prior_steps' is 1001; the model 'starter' takes at most 1000."))
      #expect(!message.contains("line 2"))
      let left = try await gateway.post("jobs?format=jsonl&skip_bad=true", text).decoded(as: Submitted.self)
      #expect(left.items == 1)
      // An option is one of every line.
      let option = try await gateway.post("jobs?decoder_steps=2000", "a\n")
      #expect(try option.refusal.message.contains("line 1: 'decoder_steps' is 2000"), "\(option.text)")
    }
    // What nobody knows of a model is no limit.
    try await TestGateway.run { gateway in
      let answer = try await gateway.post("jobs?decoder_steps=2000", "a\n")
      #expect(answer.status == 201, "\(answer.text)")
    }
  }

  @Test func `what a model cannot do is refused`() async throws {
    var model = Self.reader
    model.hasPrior = false
    try await TestGateway.run(models: [model]) { gateway in
      let prompts = try await gateway.post("jobs", "a\n")
      #expect(prompts.status == 400)
      #expect(try prompts.refusal.message.contains("line 1: The model 'starter' has no prior"), "\(prompts.text)")
    }
    try await TestGateway.run { gateway in
      let pictures = try await gateway.post("jobs?format=jsonl", "{\"kind\": \"vary\", \"image\": \"cat.png\"}\n")
      #expect(pictures.status == 400)
      #expect(
        try pictures.refusal.message.contains("The model 'starter' has no image encoder, which kind vary needs."),
        "\(pictures.text)")
    }
  }
}
