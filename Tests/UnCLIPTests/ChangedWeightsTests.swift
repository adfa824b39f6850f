import Foundation
import Testing

@testable import UnCLIP

/// Weights that somebody writes into while they are mapped.
@Suite struct ChangedWeightsTests {
  private let copy: ModelCopy
  private var file: String { copy.path + "/decoder/diffusion_pytorch_model.safetensors" }

  init() throws {
    copy = try ModelCopy()
    MappedFile.outlivesTruncation()
  }

  /// The model with the decoder's weights mapped.
  private func opened() throws -> ModelFolder {
    let model = try ModelFolder(path: copy.path)
    _ = try model.part("decoder").weights
    return model
  }

  @Test(arguments: [true, false])
  func `what is cut short is told, whether or not the digest was asked for`(asksFirst: Bool) throws {
    let model = try opened()
    if asksFirst { _ = try model.digest }
    try model.requireUnchanged()
    #expect(truncate(file, 1) == 0)
    let error = #expect(throws: UnCLIPError.self) { try model.requireUnchanged() }
    #expect(error?.code == .malformed)
    #expect(error?.message.hasPrefix("The file '\(file)' was changed while it was in use") == true)
  }

  @Test func `there is no digest of weights that are cut short while they are read`() throws {
    let model = try opened()
    #expect(truncate(file, 1) == 0)
    let error = #expect(throws: UnCLIPError.self) { _ = try model.digest }
    #expect(error?.message.contains("'\(file)' was cut short while it was read") == true)
  }

  @Test func `without a digest all that was written into a file counts as a change`() throws {
    let model = try opened()
    // Two writes may come within one tick of the file system's clock.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: file)
    let error = #expect(throws: UnCLIPError.self) { try model.requireUnchanged() }
    #expect(error?.message.contains("is not what the model was loaded from. Start again") == true)
  }

  @Test func `another file under the name does no harm`() throws {
    let model = try opened()
    try Data([1, 2, 3]).write(to: URL(filePath: file + ".new"))
    #expect(rename(file + ".new", file) == 0)
    try model.requireUnchanged()
  }
}
