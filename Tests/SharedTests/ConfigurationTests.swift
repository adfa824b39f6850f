import Foundation
import Shared
import Testing

@Suite struct ConfigurationTests {
  private func load(_ yaml: String) throws -> ClusterConfiguration {
    try ClusterConfiguration(yaml: yaml, name: "cluster.yaml", folder: "/srv")
  }

  private func complaint(_ yaml: String) -> String {
    do {
      _ = try load(yaml)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `the file in the repository shows the defaults`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let shipped = try ClusterConfiguration(contentsOf: root + "/cluster.yaml")
    var expected = ClusterConfiguration()
    expected.coordinator.data = root + "/data"
    expected.models = [.init(name: "starter", path: root + "/models/starter")]
    expected.defaultModel = "starter"
    expected.aliases = ["dall-e-2": "starter"]
    #expect(shipped == expected)
  }

  @Test func `a section that stands twice is named, in one line`() {
    let complaint = complaint("coordinator:\n  attempts: 2\ncoordinator:\n  work: tcp://0.0.0.0:5555\n")
    #expect(complaint.contains("'coordinator' stands twice"))
    #expect(!complaint.contains("\n") && !complaint.contains("attempts"))
  }

  @Test func `an empty file is all defaults`() throws {
    #expect(try load("").coordinator.http == "127.0.0.1:8080")
    #expect(try load("coordinator:\n").worker.capacity == 4)
  }

  @Test(arguments: ["", "# nothing\n", "~", "worker:\n  threads: 1\n"])
  func `the data folder lies beside a file that does not name it`(text: String) throws {
    #expect(try load(text).coordinator.data == load("coordinator:\n  data: data\n").coordinator.data)
  }

  @Test(arguments: [
    ("tcp://127.0.0.1:5555", WorkerSecurity.plain), ("tcp://localhost:1", .plain), ("tcp://[::1]:1", .plain),
    ("tcp://127.9.9.9:1", .plain), ("ipc:///tmp/work", .plain), ("tcp://0.0.0.0:5555", nil), ("tcp://*:1", nil),
    ("tcp://10.0.0.5:1", nil), ("tcp://[::]:1", nil), ("tcp://eth0:1", nil), ("tcp://128.0.0.1:1", nil),
  ]) func `workers prove nothing on this machine alone, and elsewhere it must be said`(
    work: String, expected: WorkerSecurity?
  ) throws {
    var configuration = try load("coordinator:\n  work: '\(work)'\n")
    guard let expected else {
      let error = #expect(throws: AtelierError.self) { try configuration.workerSecurity() }
      #expect(error?.code == .configuration)
      #expect(error?.message.contains("'security:' and '  workers: curve'") == true, "\(error?.message ?? "")")
      configuration.security.workers = .plain
      #expect(try configuration.workerSecurity() == .plain)
      #expect(configuration.isOpenToAll)
      configuration.security.workers = .curve
      #expect(try configuration.workerSecurity() == .curve)
      #expect(!configuration.isOpenToAll)
      return
    }
    #expect(try configuration.workerSecurity() == expected)
    #expect(!configuration.isOpenToAll)
    configuration = try load("coordinator:\n  work: '\(work)'\nsecurity:\n  workers: curve\n")
    #expect(try configuration.workerSecurity() == .curve)
  }

  @Test func `paths are relative to the file`() throws {
    let configuration = try load("coordinator:\n  data: d\nmodels:\n  - name: m\n    path: ../models/m\n")
    #expect(configuration.coordinator.data == "/srv/d")
    #expect(configuration.models == [.init(name: "m", path: "/models/m")])
  }

  @Test func `other names for models are read`() throws {
    let yaml = "models:\n  - name: m\n    path: m\naliases:\n  dall-e-2: m\n  b: m\nopenai:\n  timeout_seconds: 7.5\n"
    let configuration = try load(yaml)
    #expect(configuration.aliases == ["dall-e-2": "m", "b": "m"])
    #expect(configuration.openAI.timeout == .seconds(7.5))
    #expect(try load("models:\n  - name: m\n    path: m\naliases:\n").aliases.isEmpty)
  }

  @Test(arguments: [
    ("coordinator:\n  dta: x\n", "line 2: 'coordinator.dta': there is no such setting"),
    ("colour: red\n", "line 1: 'colour': there is no such setting"),
    ("coordinator:\n  check_share: 2\n", "line 2: 'coordinator.check_share': '2' is no number from 0.0 to 1.0"),
    ("coordinator:\n  attempts: many\n", "line 2: 'coordinator.attempts': 'many' is no whole number"),
    ("worker:\n  capacity: 0\n", "line 2: 'worker.capacity': '0'"),
    ("models:\n  - name: a\n", "'models.path': a model needs"),
    ("models:\n  - name: a\n    path: x\n  - name: a\n    path: y\n", "line 4: 'models.name': another model"),
    ("models: starter\n", "line 1: 'models': a list is expected"),
    ("default_model: x\n", "no model in 'models' is called 'x'"),
    ("coordinator:\n  heartbeat_seconds: 5\n  silence_seconds: 6\n", "line 3: 'coordinator.silence_seconds'"),
    ("coordinator: 5\n", "line 1: 'coordinator'"),
    ("security:\n  workers: maybe\n", "line 2: 'security.workers': 'maybe' is not curve or plain"),
    ("a: [\n", "cluster.yaml"),
    ("aliases:\n  dall-e-2: m\n", "line 2: 'aliases.dall-e-2': no model in 'models' is called 'm'"),
    ("models:\n  - name: m\n    path: m\naliases:\n  m: m\n", "line 5: 'aliases.m': a model in 'models' has this name"),
    ("aliases: [a]\n", "line 1: 'aliases': a list of 'key: value' lines is expected"),
    ("openai:\n  timeout_seconds: 0\n", "line 2: 'openai.timeout_seconds': '0'"),
  ]) func `a wrong setting is named by line and key`(yaml: String, expected: String) {
    #expect(complaint(yaml).contains(expected), "\(complaint(yaml))")
  }
}
