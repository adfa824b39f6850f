/// The token of the command line on the coordinator's machine: a file in `<data>/keys` that is made at each start.
package enum LocalToken {
  package static let name = "local-token"

  /// Where it lies.
  package static func path(in dataFolder: String) -> String { "\(folder(in: dataFolder))/\(name)" }

  /// Where all keys of a data directory lie.
  package static func folder(in dataFolder: String) -> String { dataFolder + "/keys" }
}
