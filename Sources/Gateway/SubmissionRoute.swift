import Coordinator
import Foundation
import Hummingbird
import Shared

/// `POST /api/v1/jobs`: the body is a prompt file, read as it arrives; the query has the options of ``SubmitOptions``
/// and `format`, which is `txt`, `csv` or `jsonl`.
///
/// Answers 201 with ``Submitted`` once the job is durable; 400 that names the first bad lines, upon which nothing is
/// left of the job; 404 for a model that is not known. A file of any length is taken: it never stands in memory.
struct SubmissionRoute {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<BasicRequestContext>) {
    api.post("jobs") { request, _ in
      let (options, format) = try SubmissionQuery.decode(
        request.uri.queryParameters.map { (String($0.key), String($0.value)) })
      var submission = try await Submission(to: coordinator, options: options, format: format)
      do {
        for try await buffer in request.body {
          try await submission.consume(buffer.readableBytesView)
        }
        return try await JSONAnswer.response(submission.finish(), status: .created)
      } catch {
        // A connection that broke in the middle leaves nothing behind either.
        await submission.abandon()
        throw error
      }
    }
  }
}
