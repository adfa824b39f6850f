import Foundation
import TestSupport

@testable import UnCLIP

/// A copy of a fixture's folder with another number of upsamplers, each made from its first one: the weights of
/// a U-Net serve any size.
struct CascadeFolder {
  let folder: TemporaryFolder
  var path: String { folder.path + "/model" }
  var model: ModelFolder { get throws { try ModelFolder(path: path) } }

  /// - Parameter sizes: sides of the enlargements in pixels.
  init(_ fixture: Fixture, sizes: [Int]) throws {
    folder = try TemporaryFolder()
    let path = folder.path + "/model"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
    var steps: [[String: String]] = []
    for (number, size) in sizes.enumerated() {
      let (first, scheduler) = ("enlarge_\(number)", "enlarge_\(number)_scheduler")
      try FileManager.default.copyItem(atPath: "\(path)/super_res_first", toPath: "\(path)/\(first)")
      try FileManager.default.copyItem(atPath: "\(path)/super_res_scheduler", toPath: "\(path)/\(scheduler)")
      try Self.edit("\(path)/\(first)/config.json") { $0["sample_size"] = size }
      try Self.edit("\(path)/model_index.json") {
        $0[first] = ["diffusers", "UNet2DModel"]
        $0[scheduler] = ["diffusers", "UnCLIPScheduler"]
      }
      steps.append(["first": first, "scheduler": scheduler])
      // The last step of the first enlargement has weights of its own, as in Karlo.
      if number == 0 { steps[0]["last"] = "super_res_last" }
    }
    try JSONSerialization.data(withJSONObject: ["cascade": steps])
      .write(to: URL(filePath: "\(path)/atelier.json"))
  }

  static func edit(_ file: String, _ change: (inout [String: Any]) -> Void) throws {
    let url = URL(filePath: file)
    var values = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
    change(&values)
    try JSONSerialization.data(withJSONObject: values).write(to: url)
  }
}
