/// What the coordinator answers to an accepted submission: from here on the job survives every process' death.
package struct Submitted: Sendable, Codable, Equatable {
  package var job: JobID
  /// Lines that were accepted.
  package var items: Int
  /// Pictures that they ask for, a scoring counting as one.
  package var images: Int
  /// Lines left out on request (`skip_bad`), a thousand at most.
  package var skipped: [SkippedLine]
  /// Lines with texts that are longer than the model reads, as far as the coordinator can tell: a thousand at most.
  package var cut: [CutLine]

  package init(job: JobID, items: Int, images: Int, skipped: [SkippedLine], cut: [CutLine] = []) {
    self.job = job
    self.items = items
    self.images = images
    self.skipped = skipped
    self.cut = cut
  }
}

/// A line of a prompt file that was accepted though its texts are longer than the model reads.
package struct CutLine: Sendable, Codable, Equatable {
  package var line: Int
  package var texts: [CutText]

  package init(line: Int, texts: [CutText]) {
    self.line = line
    self.texts = texts
  }
}

/// A line of a prompt file that was left out, and why. Lines are counted from 1, comments and empty ones too.
package struct SkippedLine: Sendable, Codable, Equatable {
  package var line: Int
  package var reason: String

  package init(line: Int, reason: String) {
    self.line = line
    self.reason = reason
  }
}

/// What the coordinator answers when it refuses: `{"error": {"code": ..., "message": ...}}`.
package struct APIError: Sendable, Codable, Equatable {
  /// The code is one of ``AtelierError/Code``, or `http` where the HTTP library refuses; the message is a sentence for
  /// people.
  package struct Body: Sendable, Codable, Equatable {
    package var code: String
    package var message: String
  }

  package var error: Body

  package init(code: String, message: String) {
    error = Body(code: code, message: message)
  }
}

/// A page of a job's images.
package struct ManifestPage: Sendable, Codable {
  package var lines: [ManifestLine]
  /// Ask again with `after` set to this; nil at the end.
  package var next: ImageID?

  package init(lines: [ManifestLine], next: ImageID?) {
    self.lines = lines
    self.next = next
  }
}

/// Images of a job that failed for one reason. Answers have several, the most frequent first.
package struct FailureReason: Sendable, Codable, Equatable {
  package var reason: String
  package var images: Int
  /// The prompt of one of them.
  package var example: String

  package init(reason: String, images: Int, example: String) {
    self.reason = reason
    self.images = images
    self.example = example
  }
}
