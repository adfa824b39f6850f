import Foundation

/// Reads one input. It may refuse it by an error, the same each time; to trap, to hang or to break what
/// ``expect(_:_:)`` asks is a finding.
typealias Target = @Sendable ([UInt8]) throws -> Void

/// What is fuzzed, by the name of the folder in `Corpus` that has the inputs. `scripts/fuzz` builds and runs it.
private let targets: [String: Target] = [
  "config": fuzzConfig, "gateway": fuzzGateway, "json": fuzzJSON, "picture": fuzzPicture, "prompts": fuzzPrompts,
  "safetensors": fuzzSafetensors, "texts": fuzzTexts, "tokenizer": fuzzTokenizer, "wire": fuzzWire, "yaml": fuzzYAML,
]

/// One binary for all targets: to link one for each would take longer than to compile them.
private let target: Target = {
  let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
  guard let target = targets[name] else {
    fatalError("FUZZ_TARGET is '\(name)'; it must be one of: \(targets.keys.sorted().joined(separator: ", ")).")
  }
  return target
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try target(bytes)
  } catch {
    do {
      try target(bytes)
      expect(false, "what was refused once is refused twice: \(error)")
    } catch let other {
      expect("\(error)" == "\(other)", "of several mistakes the same one is named each time: \(error), \(other)")
    }
  }
  return 0
}

/// A property that must hold of every input that was taken.
func expect(_ holds: Bool, _ property: @autoclosure () -> String) {
  if !holds { fatalError("A property is broken: \(property())") }
}

/// What was taken must be taken again: an error is a finding.
func must<Value>(_ property: String, _ body: () throws -> Value) -> Value {
  do {
    return try body()
  } catch {
    fatalError("A property is broken: \(property): \(error)")
  }
}

extension [UInt8] {
  /// Takes the first byte, which chooses between ways to read the rest; 0 at the end.
  mutating func choice() -> Int { isEmpty ? 0 : Int(removeFirst()) }

  /// What stands before the next zero byte, which goes too; all if there is none.
  mutating func upToZero() -> [UInt8] {
    let part = Array(prefix { $0 != 0 })
    removeFirst(Swift.min(count, part.count + 1))
    return part
  }
}

/// In memory where there is such a folder: thousands of files a second are written.
let fuzzFolder: String = {
  let place = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
  let path = place + "/atelier-fuzz-\(getpid())"
  try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  atexit { try? FileManager.default.removeItem(atPath: fuzzFolder) }
  return path
}()
