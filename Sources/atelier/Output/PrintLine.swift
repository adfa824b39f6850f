import Foundation
import Shared

/// Prints a line to standard output. Names, prompts and reasons in it come from others, so what would steer the
/// terminal is shown escaped.
func printLine(_ line: String) { print(line.printable) }

/// Prints a line to standard error, escaped in the same way.
func standardError(_ line: String) {
  FileHandle.standardError.write(Data((line.printable + "\n").utf8))
}
