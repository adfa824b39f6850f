import Foundation
import Imaging
import Tensor
import Testing

@testable import UnCLIP

/// Configurations are read, not assumed; ConfigurationKeysTests goes through all keys.
@Suite("Configurations")
struct ConfigurationTests {
  private func config(_ part: String, _ changes: [String: JSONValue]) throws -> Config {
    let fixture = try #require(Fixture.all.first { $0.name == "narrow" })
    let original = try fixture.model.part(part).config
    return Config(path: original.path, values: original.values.merging(changes) { $1 })
  }

  @Test(
    "The decoder refuses sizes that make no sense, and lists of the wrong length",
    arguments: [
      ("block_out_channels", JSONValue.array([])),
      ("block_out_channels", .array(Array(repeating: .integer(8), count: 70))),
      ("sample_size", .integer(1 << 40)), ("in_channels", .integer(Int.max)), ("norm_num_groups", .integer(-8)),
      ("attention_head_dim", .integer(0)), ("attention_head_dim", .array([.integer(8)])),
      ("layers_per_block", .integer(-1)), ("cross_attention_dim", .integer(0)),
      ("down_block_types", .array([.string("ResnetDownsampleBlock2D")])),
    ])
  func decoder(key: String, value: JSONValue) throws {
    let config = try config("decoder", [key: value])
    let error = #expect(throws: UnCLIPError.self) { try UNetConfiguration(decoder: config) }
    #expect(error?.message.contains("'\(key)'") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(config.path) == true)
  }

  @Test(
    "An upsampler refuses sizes that make no sense",
    arguments: [
      ("attention_head_dim", JSONValue.integer(0)), ("attn_norm_num_groups", .integer(0)),
      ("norm_num_groups", .integer(-8)), ("time_embedding_dim", .integer(-1)),
    ])
  func upsampler(key: String, value: JSONValue) throws {
    let config = try config("super_res_first", ["add_attention": .bool(true), key: value])
    let error = #expect(throws: UnCLIPError.self) { try UNetConfiguration(upsampler: config) }
    #expect(error?.message.contains("'\(key)'") == true, "\(error?.message ?? "")")
  }

  @Test("A model whose weights do not fit its configuration is refused by the tensor's name")
  func weights() throws {
    let fixture = try #require(Fixture.all.first { $0.name == "narrow" })
    let part = try fixture.model.part("decoder")
    let wider = try config("decoder", ["cross_attention_dim": .integer(21)])
    let error = #expect(throws: UnCLIPError.self) {
      try UNet(part.weights, configuration: UNetConfiguration(decoder: wider))
    }
    #expect(error?.code == .weights)
    #expect(error?.message.contains("add_k_proj.weight") == true)
  }

  @Test("Bicubic enlargement keeps a constant picture constant, and its own size the picture")
  func resampling() {
    let compute = Compute(threads: ThreadPool(threads: 1))
    let flat = Tensor([Float](repeating: 0.25, count: 12), shape: [1, 1, 3, 4])
    let larger = compute.resampleBicubic(flat, height: 7, width: 11)
    #expect(larger.array.allSatisfy { abs($0 - 0.25) < 1e-6 })
    let ramp = Tensor((0..<12).map { Float($0) }, shape: [1, 1, 3, 4])
    #expect(relativeError(compute.resampleBicubic(ramp, height: 3, width: 4), ramp) < 1e-6)
  }

  @Test("Pixels are rounded as the reference rounds, and what is no number is black")
  func pixels() {
    let values: [Float] = [-1, 1, 2, -3, 0, .nan]
    let tensor = Tensor(values + values + values, shape: [3, 1, 6])
    let picture = UpsamplerStage.picture(of: tensor)
    let reds = stride(from: 0, to: 18, by: 3).map { picture.pixels[$0] }
    #expect(reds == [0, 255, 255, 0, 128, 0])
  }
}
