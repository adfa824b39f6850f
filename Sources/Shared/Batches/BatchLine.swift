/// Why the file of a batch cannot be used, of one line of it or of all.
package struct BatchFault: Sendable, Codable, Equatable {
  /// As the API calls it, such as `invalid_json_line`.
  package var code: String
  /// Of the file, from 1; nil if it is not of a line.
  package var line: Int?
  package var message: String
  package var param: String?

  package init(_ code: String, line: Int? = nil, _ message: String, param: String? = nil) {
    self.code = code
    self.line = line
    self.message = message
    self.param = param
  }
}

/// A line of a batch that was read.
package struct BatchLine: Sendable, Equatable {
  /// Of the file, from 1.
  package var line: Int
  package var customID: String
  /// The item of the job that it has become; nil for a line that was refused.
  package var item: Int?
  /// Whether its answer has the pictures themselves, in base64, instead of where they are.
  package var wantsBytes: Bool
  /// The answer to a line that was refused, as JSON: the whole `response`.
  package var refusal: String?

  package init(line: Int, customID: String, item: Int?, wantsBytes: Bool = false, refusal: String? = nil) {
    self.line = line
    self.customID = customID
    self.item = item
    self.wantsBytes = wantsBytes
    self.refusal = refusal
  }
}

/// A line of a batch with what its job has made of it.
package struct BatchAnswer: Sendable, Equatable {
  /// A picture that it asked for.
  package struct Picture: Sendable, Equatable {
    /// Which of the line's, from 0.
    package var index: Int
    package var state: ImageState
    /// Relative to the folder of pictures; nil for none, or one that is no longer kept.
    package var file: String?
    /// Why it failed.
    package var error: String?
    /// When it ended, in seconds since 1970.
    package var finishedAt: Double?

    package init(index: Int, state: ImageState, file: String?, error: String?, finishedAt: Double?) {
      self.index = index
      self.state = state
      self.file = file
      self.error = error
      self.finishedAt = finishedAt
    }
  }

  package var line: BatchLine
  /// None of a line that was refused.
  package var pictures: [Picture]

  package init(line: BatchLine, pictures: [Picture]) {
    self.line = line
    self.pictures = pictures
  }
}
