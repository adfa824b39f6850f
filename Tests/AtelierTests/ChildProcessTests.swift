import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Shared
@testable import atelier

@Suite struct ChildProcessTests {
  /// Runs a line of the shell and gives what it has written.
  private func output(_ line: String, environment: [String: String]? = nil, in directory: String? = nil) throws
    -> String
  {
    let folder = try TemporaryFolder()
    let path = try folder.write("", to: "out")
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    let process = try ChildProcess(
      "/bin/sh", ["-c", line], environment: environment, in: directory, input: .null,
      output: .file(file))
    #expect(process.wait() == .status(0))
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test(arguments: [("exit 0", Supervision.Ending.status(0)), ("exit 7", .status(7)), ("kill -9 $$", .signal(9))])
  func `how a process ends is known, and told once`(line: String, ending: Supervision.Ending) async throws {
    let told = Mutex<[Supervision.Ending]>([])
    let process = try ChildProcess("/bin/sh", ["-c", line]) { ending in told.withLock { $0.append(ending) } }
    #expect(process.wait() == ending)
    #expect(process.ending == ending)
    #expect(!process.isRunning)
    #expect(try await eventually { told.withLock { $0 } == [ending] })
    // Nobody gets what is sent to it now.
    process.send(SIGKILL)
  }

  @Test func `a signal reaches a process that runs, which blocks none`() throws {
    // As a thread that blocks signals starts it.
    var (all, before) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let process = try ChildProcess("/bin/sleep", ["1000"])
    #expect(process.isRunning)
    process.send(SIGTERM)
    #expect(process.wait() == .signal(SIGTERM))
  }

  @Test func `it has the environment, the folder and the streams that it is given, and nothing else open`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("", to: "open")
    // Not closed when a program is started, as most of other people's.
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    #expect(try output("echo $A; pwd", environment: ["A": "b c"], in: "/usr") == "b c\n/usr\n")
    // The directory itself is open while it is listed.
    #expect(try output("ls /proc/self/fd").split(separator: "\n").count <= 4)
    #expect(try output("ls -l /proc/$$/fd").contains(path) == false)
  }

  @Test func `many may be started at once`() async throws {
    try await withThrowingTaskGroup(of: Supervision.Ending.self) { group in
      for _ in 0..<50 { group.addTask { try ChildProcess("/bin/true", []).wait() } }
      for try await ending in group { #expect(ending == .status(0)) }
    }
  }

  @Test func `what cannot be started says why`() {
    let error = #expect(throws: AtelierError.self) { try ChildProcess("/nowhere/program", []) }
    let words = error?.message ?? ""
    #expect(words.contains("Cannot start '/nowhere/program': No such file or directory"), "\(words)")
  }
}
