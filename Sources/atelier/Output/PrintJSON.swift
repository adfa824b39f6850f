import Foundation
import Shared

/// Prints facts as JSON on standard output.
func printJSON(_ value: some Encodable) throws {
  print(String(decoding: try JSONCoding.encode(value, pretty: true), as: UTF8.self))
}
