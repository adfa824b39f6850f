import Shared
import Testing

@Suite struct PromptFileTests {
  private func parse(_ text: String, as format: PromptFileFormat, pieces: Int = 1 << 20) -> [PromptFileParser.Line] {
    ParsedFile(text, as: format, pieces: pieces).lines
  }

  private func reason(_ line: PromptFileParser.Line?) -> String {
    guard case .failure(let error)? = line?.result else { return "" }
    return error.message
  }

  @Test func `a text file has a prompt a line, without comments and empty lines`() throws {
    let lines = parse("# pictures\n\na red apple \r\n  a cat\nlast", as: .text)
    #expect(try lines.map { try $0.result.get().prompt } == ["a red apple", "a cat", "last"])
    #expect(lines.map(\.number) == [3, 4, 5])
  }

  @Test(arguments: [1, 2, 3, 7, 64]) func `the pieces in which a file arrives make no difference`(size: Int) throws {
    let text = "prompt,n,seed\n\"a cat, a \"\"dog\"\"\nand a fox\",2,7\nplain,,\n"
    let lines = parse(text, as: .csv, pieces: size)
    let items = try lines.map { try $0.result.get() }
    #expect(items.map(\.prompt) == ["a cat, a \"dog\"\nand a fox", "plain"])
    #expect(items.map(\.n) == [2, nil])
    #expect(items.map(\.seed) == [7, nil])
    #expect(lines.map(\.number) == [2, 4])
  }

  @Test func `a line can trade exactness for speed`() throws {
    let json = #"{"prompt": "a", "decoder_guidance_start": 0.25, "decoder_guidance_end": 0.75, "cache_interval": 2}"#
    let csv = "prompt,decoder_guidance_start,decoder_guidance_end,cache_interval\na,0.25,0.75,2\n"
    for parameters in try [(json, PromptFileFormat.jsonl), (csv, .csv)].map({
      try parse($0, as: $1).first?.result.get().parameters
    }) {
      #expect(parameters == RenderParameters(decoderGuidanceStart: 0.25, decoderGuidanceEnd: 0.75, cacheInterval: 2))
      #expect(try parameters.map { try RenderParameters($0.wire) }?.decoderGuidanceEnd == 0.75)
      #expect(try parameters.map { try RenderParameters($0.wire) }?.cacheInterval == 2)
    }
    for bad in [
      RenderParameters(decoderGuidanceStart: 0.5, decoderGuidanceEnd: 0.5), RenderParameters(decoderGuidanceEnd: 1.5),
      RenderParameters(cacheInterval: 0),
    ] {
      #expect(throws: AtelierError.self) { try bad.validate() }
    }
  }

  @Test func `a byte order mark is no part of the first prompt`() throws {
    #expect(try parse("\u{FEFF}a cat\n", as: .text).first?.result.get().prompt == "a cat")
  }

  @Test func `a jsonl line can have every request field`() throws {
    let line = """
      {"prompt": "a cat", "negative_prompt": "blur", "n": 3, "seed": 18446744073709551615, "size": "512x256", \
      "prior_steps": 10, "decoder_steps": 11, "super_res_steps": 5, "prior_guidance": 2, "decoder_guidance": 3.5, \
      "custom_id": "c1"}
      """
    let item = try #require(try parse(line, as: .jsonl).first?.result.get())
    let expected = ItemRequest(
      prompt: "a cat", negativePrompt: "blur", n: 3, seed: .max, size: PictureSize(width: 512, height: 256),
      parameters: RenderParameters(
        priorSteps: 10, decoderSteps: 11, superResSteps: 5, priorGuidance: 2, decoderGuidance: 3.5),
      customID: "c1")
    #expect(item == expected)
  }

  @Test func `a line of an OpenAI batch is understood`() throws {
    let line = """
      {"custom_id": "r-1", "method": "POST", "url": "/v1/images/generations", \
      "body": {"model": "dall-e-2", "prompt": "a cat", "n": 2, "size": "auto", "user": null}}
      """
    let item = try #require(try parse(line, as: .jsonl).first?.result.get())
    #expect(item == ItemRequest(prompt: "a cat", n: 2, customID: "r-1"))
  }

  @Test(arguments: [
    (#"{"prompt": "a", "colour": 1}"#, "'colour' is not known"),
    (#"{"n": 1}"#, "'prompt' is missing"),
    (#"{"prompt": "a", "n": "two"}"#, "'n' is not a whole number"),
    (#"{"prompt": "a", "n": 0}"#, "'n' is 0"),
    (#"{"prompt": "a", "seed": -1}"#, "'seed'"),
    (#"{"prompt": "a", "size": "256"}"#, "'256' is not of the form"),
    (#"{"prompt": "a", "prior_steps": 1}"#, "'prior_steps' is 1"),
    (#"{"prompt": "a""#, "not valid JSON"),
    ("[1]", "not a JSON object"),
    (#"{"prompt": "   "}"#, "empty"),
  ]) func `a bad line is named with its reason`(line: String, reason expected: String) {
    let lines = parse("{\"prompt\": \"good\"}\n\(line)\n", as: .jsonl)
    #expect(lines.count == 2)
    #expect(lines.last?.number == 2)
    #expect(reason(lines.last).contains(expected), "\(reason(lines.last))")
  }

  @Test func `a prompt of twenty thousand bytes is refused with its length, though they be one character`() {
    for text in [String(repeating: "x", count: 20_001), "x" + String(repeating: "\u{301}", count: 10_000)] {
      #expect(reason(parse(text + "\n", as: .text).first).contains("it has 20001 bytes; at most 16000 are taken"))
    }
    // As many letters as were ever taken, in any script.
    let longest = String(repeating: "\u{20000}", count: 4000)
    #expect(reason(parse(longest + "\n", as: .text).first).isEmpty)
  }

  @Test func `invalid UTF-8 is named by its line`() {
    var parser = PromptFileParser(format: .text)
    let lines = parser.consume(Array("good\n".utf8) + [0x61, 0xFF, 0x0A])
    #expect(lines.count == 2)
    #expect(reason(lines.last).contains("UTF-8"))
  }

  @Test func `a line beyond the bound is skipped without being kept`() {
    let lines = parse(String(repeating: "x", count: RecordSplitter.longestRecord + 10) + "\nb\n", as: .text)
    #expect(lines.count == 2)
    #expect(reason(lines.first).contains("longer than"))
  }

  @Test(arguments: ["colour\nred\n", "prompt,prompt\na,b\n", "n\n1\n"])
  func `a CSV header without prompt, with unknown or double columns is refused`(text: String) {
    #expect(!reason(parse(text, as: .csv).first).isEmpty)
  }

  @Test func `the file's ending tells the format`() throws {
    #expect(try PromptFileFormat(fileName: "a/b.JSONL") == .jsonl)
    #expect(throws: AtelierError.self) { try PromptFileFormat(fileName: "prompts.pdf") }
    #expect(throws: AtelierError.self) { try PromptFileFormat(fileName: "txt") }
  }
}
