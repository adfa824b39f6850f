import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// The routes in front of a real coordinator and a real database, without ports and without workers.
final class TestGateway: Sendable {
  static let model = ModelInfo(
    name: "starter", digest: String(repeating: "a", count: 64), size: PictureSize(width: 64, height: 64),
    defaults: .karlo)

  let folder: TemporaryFolder
  let coordinator: Coordinator
  let transport: SilentTransport
  let door: Door
  private let application: Application<RouterResponder<GatewayContext>>
  private let running: Task<Void, Never>

  /// A model that sees ten characters of a text.
  static let measure: CutText.Measure = { $0.count > 10 ? String($0.dropFirst(10)) : nil }

  /// Takes for pictures what begins as "a picture" or a PNG file does, for a mask that fits what ends as the picture
  /// does, and for an embedding what begins as one says. What is resized says so in its end.
  static let inspector = PictureInspector(
    fault: {
      $0.starts(with: "a picture".utf8) || PNGHeader($0) != nil ? nil : AtelierError(.invalidInput, "It is no picture.")
    },
    faultOfEdit: { picture, mask in
      mask == nil || mask?.last == picture.last ? nil : AtelierError(.invalidInput, "The mask does not fit.")
    }, resized: { picture, size in picture + Array(" at \(size)".utf8) },
    faultOfEmbedding: { bytes, name in
      bytes.starts(with: "an embedding".utf8)
        ? nil : AtelierError(.invalidInput, "Cannot use '\(name)': it is no embedding.")
    })

  private init(
    models: [ModelInfo], folder: TemporaryFolder, _ configure: (inout ClusterConfiguration) -> Void,
    _ open: (inout Door) -> Void
  ) throws {
    self.folder = folder
    var configuration = ClusterConfiguration()
    configuration.coordinator.data = folder.path + "/data"
    configure(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    var opened: SilentTransport?
    let coordinator = try Coordinator(
      configuration: configuration, models: models, measures: [Self.model.digest: Self.measure],
      vocabularies: [Self.model.digest: Vocabulary(["a", "red", "apple"])], inspector: Self.inspector, logger: logger
    ) {
      handler throws(AtelierError) in
      let transport = SilentTransport(handler)
      opened = transport
      return transport
    }
    self.coordinator = coordinator
    transport = try #require(opened)
    var door = try Door(configuration, of: coordinator, files: 1024, logger: logger)
    open(&door)
    self.door = door
    application = Application(router: Gateway.router(for: coordinator, door: door, logger: logger), logger: logger)
    running = Task { await coordinator.run() }
  }

  /// Runs a test against a gateway of its own, and closes its database whatever comes of it.
  ///
  /// - Parameters:
  ///   - folder: where the data of another, which has stopped, are; a new one for nil.
  ///   - configure: changes settings.
  ///   - open: changes what the settings make of the door.
  static func run(
    models: [ModelInfo] = [TestGateway.model], in folder: TemporaryFolder? = nil,
    configure: (inout ClusterConfiguration) -> Void = { _ in }, open: (inout Door) -> Void = { _ in },
    _ test: (TestGateway) async throws -> Void
  ) async throws {
    let gateway = try TestGateway(models: models, folder: folder ?? TemporaryFolder(), configure, open)
    do {
      try await test(gateway)
    } catch {
      await gateway.stop()
      throw error
    }
    await gateway.stop()
  }

  /// Stops the coordinator, not the routes. Doing it twice is harmless.
  func stop() async {
    running.cancel()
    await running.value
  }

  /// Sends a request to the routes.
  func send(
    _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil, headers: HTTPFields = [:]
  ) async throws -> Answer {
    let buffer = body.map { ByteBuffer(bytes: $0) }
    let response = try await application.test(.router) { client in
      try await client.executeRequest(uri: path, method: method, headers: headers, body: buffer)
    }
    return Answer(response)
  }

  /// Asks for what is not of the native API.
  func page(_ path: String) async throws -> Answer { try await send(.get, path) }

  func get(_ path: String) async throws -> Answer { try await send(.get, "/api/v1/" + path) }

  func head(_ path: String) async throws -> Answer { try await send(.head, "/api/v1/" + path) }

  func put(_ path: String, _ body: [UInt8]) async throws -> Answer { try await send(.put, "/api/v1/" + path, body) }

  func post(_ path: String, _ body: String? = nil) async throws -> Answer {
    try await send(.post, "/api/v1/" + path, body.map { Array($0.utf8) })
  }

  /// Submits a prompt file that is expected to be taken.
  func submit(_ text: String = "a red apple\n", query: String = "") async throws -> JobID {
    let answer = try await post(query.isEmpty ? "jobs" : "jobs?" + query, text)
    try #require(answer.status == 201, "\(answer.text)")
    return try answer.decoded(as: Submitted.self).job
  }

  func status(of job: JobID) async throws -> JobStatus { try await get("jobs/\(job)").decoded() }
}
