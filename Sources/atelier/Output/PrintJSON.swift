import Foundation
import Shared

/// Prints facts as JSON on standard output, over several lines, keys in snake case and sorted: all that a command with
/// `--json` prints there.
func printJSON(_ value: some Encodable) throws {
  print(String(decoding: try JSONCoding.encode(value, pretty: true), as: UTF8.self))
}

/// Prints facts as JSON where `--json` asks for that, else as people read them.
func printFacts<Facts: Encodable>(_ facts: Facts, json: Bool, _ text: (Facts) -> String) throws {
  if json { try printJSON(facts) } else { print(text(facts)) }
}
