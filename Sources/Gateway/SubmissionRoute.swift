import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// `POST /api/v1/jobs`: the body is a prompt file, read as it arrives; the query has the options of ``SubmitOptions``
/// and `format`, which is `txt`, `csv` or `jsonl`.
///
/// Answers 201 with ``Submitted`` and the job's `Location` once the job is durable; 400 that names the first bad lines, upon which nothing is
/// left of the job; 404 for a model that is not known. A file of any length is taken: it never stands in memory.
///
/// A client that sends the header `Idempotency-Key`, a string in quotes, may send the submission again if it got no
/// answer: the same options and file give the first answer as long as the job is there, also after a restart of the
/// coordinator; others with the same key are 422. Several with one key at once make one job, whose answer all get.
struct SubmissionRoute {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.post("jobs") { request, context in
      let (options, format) = try SubmissionQuery.decode(
        request.uri.queryParameters.map { (String($0.key), String($0.value)) })
      let key = try HTTPFields.Key(IdempotencyKey.headerName).flatMap { request.headers[$0] }
        .map { try IdempotencyKey(header: $0) }
      let body = request.body.map(\.readableBytesView)
      let submitted = try await coordinator.submit(
        body, options: options, format: format, key: key, owner: context.requester.owner)
      var answer = try JSONAnswer.response(submitted, status: .created)
      answer.headers[.location] = "/api/v1/jobs/\(submitted.job)"
      return answer
    }
  }
}
