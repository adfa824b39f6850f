import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Shared

/// Asks a coordinator over HTTP, at its native API.
///
/// All methods throw what the coordinator answers, with its code and its words; `unavailable` if nobody answers, or not
/// in time; and what the JSON decoder throws for an answer of another version. Nothing but a submission is tried twice.
struct CoordinatorClient: CoordinatorQuestions {
  /// The coordinator's URL without the path, such as `http://127.0.0.1:8080`.
  let base: String
  /// What proves who asks; nil for a coordinator that asks nobody.
  var token: TokenSource?
  /// By what the coordinator is known, where HTTPS is spoken.
  var trust = ServerTrust.issuer

  /// For answers that wait for one turn of the coordinator at most.
  private static let timeout = TimeAmount.seconds(60)

  /// How often something is asked for that is answered with 429. A submission, whose file is read once, is tried again
  /// by who sends it.
  private static let patience = 20

  /// Lives as long as the process. A coordinator that refuses the connection is not there: no use in trying again
  /// until the time is over.
  private static let http: HTTPClient = {
    var configuration = HTTPClient.Configuration.singletonConfiguration
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.timeout.connect = .seconds(5)
    return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }()

  /// Has something done; when this returns it is durable.
  ///
  /// - Parameters:
  ///   - path: below `/api/v1/`.
  ///   - body: goes with it as JSON.
  func post<Answer: Decodable>(
    _ path: String, _ body: (any Encodable & Sendable)? = nil, as type: Answer.Type = Answer.self
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: url(path))
    request.method = .POST
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(data: try JSONCoding.encode(body)))
    }
    return try JSONCoding.decode(type, from: try await send(request))
  }

  func bytes(_ path: String) async throws -> Data {
    try await send(HTTPClientRequest(url: url(path)))
  }

  /// Has something made and brings it to a new file, which is whole and durable or not there. It may take an hour.
  ///
  /// - Returns: the file's size in bytes.
  /// - Throws: `invalidInput` if there is such a file already, `system` if it cannot be written or does not arrive
  ///   whole, `unavailable` with the coordinator's words if it refuses.
  func download(_ path: String, to file: String) async throws -> Int {
    guard !FileManager.default.fileExists(atPath: file) else { throw PartialFile.taken(file) }
    let copy = try PartialFile(of: file)
    var request = HTTPClientRequest(url: url(path))
    request.method = .POST
    let response = try await execute(request, timeout: .minutes(60))
    guard response.status == .ok else { throw refusal(response.status, try await body(of: response, upTo: 1 << 20)) }
    do {
      for try await buffer in response.body { try copy.write(Data(buffer: buffer)) }
    } catch let error as AtelierError {
      throw error
    } catch {
      throw AtelierError(.system, "Cannot bring the file '\(file)' here.", cause: error)
    }
    try copy.finish(replacing: false, durable: true)
    return copy.size
  }

  /// Uploads a prompt file as a stream, and with a file of JSON lines the files that it names. It may take half an
  /// hour. If the coordinator goes away meanwhile, or its answer is lost, all is sent again, and makes one job.
  ///
  /// - Parameter allowsOutside: whether files outside the prompt file's folder are uploaded too.
  /// - Throws: `notFound` or `system` if the file cannot be read, `invalidInput` that names bad lines. What can be told
  ///   on this machine is, before anything is sent; so is a coordinator that is not there.
  func submit(
    file: String, options: SubmitOptions, format: PromptFileFormat, allowsOutside: Bool
  ) async throws -> Submitted {
    let folder = SourceFolder(of: file, allowsOutside: allowsOutside)
    let refused = try PromptFileCheck.run(file, format, folder, skipsBad: options.skipBad)
    let _: ClusterStatus = try await get("cluster")
    let key = IdempotencyKey()
    var submitted = try await Patience.waitOut(isAway: PatientClient.sayAway) {
      // A stream is read once, so each attempt has its own.
      let body: HTTPClientRequest.Body =
        format == .jsonl
        ? .stream(
          try SourceUpload(path: file, folder: folder, skipsBad: options.skipBad, refused: refused.numbers) {
            bytes, digest in
            try await upload(bytes, digest: digest)
          }, length: .unknown)
        : .stream(try FileChunks(path: file), length: .unknown)
      do {
        return try await send(body, options, format, key)
      } catch let error as AtelierError {
        throw refused.explaining(error)
      }
    }
    // The coordinator knows only that it has no such file.
    submitted.skipped = submitted.skipped.map { SkippedLine(line: $0.line, reason: refused[$0.line] ?? $0.reason) }
    return submitted
  }

  /// Sends a prompt file once.
  private func send(
    _ body: HTTPClientRequest.Body, _ options: SubmitOptions, _ format: PromptFileFormat, _ key: IdempotencyKey
  ) async throws -> Submitted {
    let query = SubmissionQuery.encode(options, format: format)
      .map { "\($0.0)=\(Self.escaped($0.1))" }.joined(separator: "&")
    var request = HTTPClientRequest(url: url("jobs?\(query)"))
    request.method = .POST
    request.headers.add(name: IdempotencyKey.headerName, value: key.header)
    request.body = body
    return try JSONCoding.decode(Submitted.self, from: try await send(request, timeout: .minutes(30)))
  }

  /// Brings a file that requests will name by its digest, unless it is there already.
  func upload(_ bytes: [UInt8], digest: String) async throws {
    var request = HTTPClientRequest(url: url("sources/\(digest)"))
    request.method = .HEAD
    let known = try await execute(request, timeout: Self.timeout)
    if known.status == .noContent { return }
    request.method = .PUT
    request.body = .bytes(ByteBuffer(bytes: bytes))
    _ = try await send(request)
  }

  /// The address of a path of the API; a slash at the end of ``base`` does no harm.
  private func url(_ path: String) -> String {
    (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/api/v1/" + path
  }

  /// Takes the whole answer, up to half a gigabyte.
  ///
  /// - Throws: the coordinator's refusal, with its code.
  private func send(_ request: HTTPClientRequest, timeout: TimeAmount = timeout) async throws -> Data {
    let response = try await execute(request, timeout: timeout)
    let data = try await body(of: response, upTo: 512 << 20)
    guard (200..<300).contains(response.status.code) else { throw refusal(response.status, data) }
    return data
  }

  /// What an answer holds.
  ///
  /// - Throws: `unavailable` if it breaks off, `malformed` if it is more than it may be.
  private func body(of response: HTTPClientResponse, upTo limit: Int) async throws(AtelierError) -> Data {
    do {
      return Data(buffer: try await response.body.collect(upTo: limit))
    } catch is NIOTooManyBytesError {
      throw AtelierError(.malformed, "The coordinator at \(base) answers with more than \(limit) bytes.")
    } catch {
      throw AtelierError(.unavailable, "The coordinator at \(base) broke off in the middle of an answer.", cause: error)
    }
  }

  /// What the coordinator says it refuses. Only an answer that speaks of its own trouble (5xx) may be another later.
  private func refusal(_ status: HTTPResponseStatus, _ body: Data) -> AtelierError {
    let refusal = (try? JSONCoding.decode(APIError.self, from: body))?.error
    let code = refusal.flatMap { AtelierError.Code(rawValue: $0.code) }
    return AtelierError(
      code ?? (status.code >= 500 ? .unavailable : .malformed),
      refusal?.message ?? "The coordinator at \(base) answers with status \(status.code).")
  }

  /// Asks, and waits as long as the coordinator says that it is asked too much (429): nothing was done then.
  ///
  /// - Throws: `unavailable` with what to do about it, if there is no answer.
  private func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
    var request = request
    if let token = try token?.text() { request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
    request.tlsConfiguration = try await trust.configuration(for: base)
    do {
      var response = try await Self.http.execute(request, timeout: timeout)
      var tries = 1
      while response.status == .tooManyRequests, tries < Self.patience,
        request.headers[IdempotencyKey.headerName].isEmpty
      {
        // What was told with it has to be read before the connection can be used again.
        for try await _ in response.body {}
        let pause = response.headers.first(name: "Retry-After").flatMap { Int($0) } ?? 1
        try await Task.sleep(for: .seconds(min(max(pause, 1), 30)))
        response = try await Self.http.execute(request, timeout: timeout)
        tries += 1
      }
      return response
    } catch let error as AtelierError {
      throw error
    } catch {
      throw AtelierError(
        .unavailable,
        "No coordinator answers at \(base) (\(error)). Start one with 'atelier up', or name another with --server.")
    }
  }

  /// A part of a path, or a value of a query: all but letters, digits and `-._~` as percent and number (RFC 3986).
  static func escaped(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
  }
}
