import Shared
import Testing

/// Words that a model was not trained on.
@Suite struct VocabularyTests {
  @Test(
    arguments: [
      ("a red apple", []), ("A Red APPLE.", []), ("a red aple, aple!", ["aple"]), ("t-shirt, it's", ["it's"]),
      ("", []), (" \n ", []), ("Ä 7", ["ä", "7"]),
    ] as [(String, [String])])
  func `each is named once, whatever its case`(text: String, unknown: [String]) {
    #expect(Vocabulary(["a", "red", "apple", "t-shirt"]).unknown(in: text) == unknown)
  }
}
