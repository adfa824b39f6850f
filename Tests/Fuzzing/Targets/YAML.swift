import Shared

/// `cluster.yaml`: it is refused with the file's name, or read the same way twice.
func fuzzYAML(_ bytes: [UInt8]) throws {
  let text = String(decoding: bytes, as: UTF8.self)
  do {
    let first = try ClusterConfiguration(yaml: text, name: "cluster.yaml", folder: "/etc")
    let second = try ClusterConfiguration(yaml: text, name: "cluster.yaml", folder: "/etc")
    expect(first == second, "a file says the same twice")
    expect(first.coordinator.data.hasPrefix("/"), "paths are absolute")
  } catch {
    expect("\(error)".contains("cluster.yaml"), "an error names the file: \(error)")
  }
}
