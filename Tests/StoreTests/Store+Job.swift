import Foundation
import Shared

@testable import Store

extension Store {
  static let model = ModelInfo(name: "m", digest: "d1", size: PictureSize(width: 64, height: 64), defaults: .karlo)

  /// Stores a job of one prompt.
  func addJob(_ id: String, operation: PictureOperation = .render(embedding: nil)) throws {
    try write { store in
      try store.register(Self.model, at: 1)
      let job = try store.beginJob(JobID(id), model: Self.model, at: 1)
      try store.addItems(
        [
          ResolvedItem(
            line: 1, customID: nil, prompt: "a", operation: operation, negativePrompt: nil, n: 1, seed: 1,
            size: Self.model.size, parameters: .karlo)
        ], to: job)
      try store.activateJob(job)
    }
  }

  /// The names of all jobs, the newest first.
  var jobNames: [String] { get throws { try read { try $0.jobs(limit: 100).map(\.id.text) } } }
}

extension FileManager {
  /// Copies files of one folder to another, under their names.
  func copy(_ names: [String], from folder: String, to other: String) throws {
    try createDirectory(atPath: other, withIntermediateDirectories: true)
    for name in names { try copyItem(atPath: "\(folder)/\(name)", toPath: "\(other)/\(name)") }
  }
}
