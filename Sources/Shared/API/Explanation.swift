/// Why a job, task or worker is in the state that it is in.
package struct Explanation: Sendable, Codable, Equatable {
  package var subject: String
  /// One sentence that says it all.
  package var sentence: String
  /// What it rests on.
  package var facts: [String]

  package init(subject: String, sentence: String, facts: [String] = []) {
    self.subject = subject
    self.sentence = sentence
    self.facts = facts
  }
}
