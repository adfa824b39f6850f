import Foundation

@testable import UnCLIP

/// The files of a tokenizer and a prompt, each ended by a zero byte. The first byte says which of them there are; with
/// an odd one the prompt meets a small sound tokenizer, so that prompts are fuzzed too.
func fuzzTokenizer(_ bytes: [UInt8]) throws {
  var bytes = bytes
  let choice = bytes.choice()
  if choice & 1 == 1 {
    check(soundTokenizer, prompt: String(decoding: bytes, as: UTF8.self))
    return
  }
  let names = ["tokenizer_config.json", choice & 2 == 0 ? "tokenizer.json" : "vocab.json", "merges.txt"]
  for name in names + ["special_tokens_map.json", "added_tokens.json"] {
    let content = bytes.upToZero()
    if content.isEmpty, name != "tokenizer_config.json" { continue }
    try Data(content).write(to: URL(filePath: fuzzFolder + "/" + name))
  }
  defer { for name in names + ["special_tokens_map.json", "added_tokens.json"] { unlink(fuzzFolder + "/" + name) } }
  let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: fuzzFolder))
  let prompt = String(decoding: bytes, as: UTF8.self)
  check(tokenizer, prompt: prompt)
  let again = must("files are read twice") { try Tokenizer(ModelPart(name: "tokenizer", folder: fuzzFolder)) }
  expect(again.encode(prompt).ids == tokenizer.encode(prompt).ids, "files say the same twice")
}

private func check(_ tokenizer: Tokenizer, prompt: String) {
  let sequence = tokenizer.encode(prompt)
  let counts = [sequence.ids.count, sequence.mask.count]
  expect(counts == [tokenizer.length, tokenizer.length], "a sequence is as long as all")
  expect(sequence.ids.allSatisfy { $0 >= 0 }, "ids are not negative")
  let normalized = PreTokenizer.normalized(prompt)
  expect(
    PreTokenizer.normalized(normalized).utf8.elementsEqual(normalized.utf8), "a normalised text stays: '\(normalized)'")
  guard let rest = tokenizer.cutOff(prompt) else { return }
  expect(!rest.isEmpty && prompt.utf8.count >= rest.utf8.count, "what is cut off is a part of the prompt")
  expect(String(prompt.utf8.suffix(rest.utf8.count)) == rest, "what is cut off is the end of the prompt")
}

private let soundTokenizer: Tokenizer = must("the sound tokenizer is read") {
  let sound = fuzzFolder + "/sound"
  try FileManager.default.createDirectory(atPath: sound, withIntermediateDirectories: true)
  let letters = (33...126).map { String(Unicode.Scalar(UInt8($0))) }
  var vocabulary: [String: Int] = [:]
  for token in letters + letters.map({ $0 + "</w>" }) + [
    "ap", "app", "appl", "apple</w>", "<|startoftext|>", "<|endoftext|>",
  ] {
    vocabulary[token] = vocabulary.count
  }
  try JSONEncoder().encode(vocabulary).write(to: URL(filePath: sound + "/vocab.json"))
  try Data("#version: 0.2\na p\nap p\napp l\nappl e</w>\n".utf8).write(to: URL(filePath: sound + "/merges.txt"))
  try Data(#"{"model_max_length": 16}"#.utf8).write(to: URL(filePath: sound + "/tokenizer_config.json"))
  return try Tokenizer(ModelPart(name: "tokenizer", folder: sound))
}
