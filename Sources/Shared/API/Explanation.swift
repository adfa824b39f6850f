/// Why a job, task or worker is in the state that it is in: what `atelier explain` prints.
package struct Explanation: Sendable, Codable, Equatable {
  /// What was asked about, such as `job job-4k2m9qa7cx`.
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
