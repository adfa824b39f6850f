/// How a submission's options travel: as the query of `POST /api/v1/jobs`, under the names of ``SubmitOptions/fields``
/// and `format`. An option that is left out has its default; without a format the file is taken as text.
package enum SubmissionQuery {
  /// Options that are not set are left out. Names and values are not escaped yet.
  package static func encode(_ options: SubmitOptions, format: PromptFileFormat) -> [(String, String)] {
    [(formatName, format.rawValue)]
      + SubmitOptions.fields.compactMap { field in field.text(of: options).map { (field.name, $0) } }
  }

  /// - Throws: `invalidInput` for an unknown option or a value that does not fit.
  package static func decode(_ query: [(String, String)]) throws(AtelierError) -> (SubmitOptions, PromptFileFormat) {
    var options = SubmitOptions()
    var format = PromptFileFormat.text
    for (name, value) in query {
      if name == formatName {
        guard let known = PromptFileFormat(rawValue: value) else {
          throw AtelierError(.invalidInput, "The format '\(value)' is not known; it must be txt, csv or jsonl.")
        }
        format = known
      } else {
        guard let field = SubmitOptions.fields.first(where: { $0.name == name }) else {
          throw AtelierError(.invalidInput, "The option '\(name)' is not known.")
        }
        try field.set(value, in: &options)
      }
    }
    return (options, format)
  }

  private static let formatName = "format"
}
