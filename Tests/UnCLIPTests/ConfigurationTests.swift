import Foundation
import Imaging
import Tensor
import Testing

@testable import UnCLIP

/// Configurations are read, not assumed; what is not computed is refused by key and value.
@Suite("Configurations")
struct ConfigurationTests {
  private func config(_ part: String, _ changes: [String: JSONValue]) throws -> Config {
    let fixture = try #require(Fixture.all.first { $0.name == "narrow" })
    let original = try fixture.model.part(part).config
    return Config(path: original.path, values: original.values.merging(changes) { $1 })
  }

  @Test(
    "The decoder refuses what it does not compute",
    arguments: [
      ("act_fn", JSONValue.string("mish")), ("class_embed_type", .string("timestep")),
      ("encoder_hid_dim", .integer(8)), ("cross_attention_norm", .string("layer_norm")),
      ("only_cross_attention", .bool(true)), ("class_embeddings_concat", .bool(true)),
      ("time_embedding_type", .string("fourier")), ("mid_block_type", .string("UNetMidBlock2D")),
      ("down_block_types", .array([.string("DownBlock2D"), .string("DownBlock2D")])),
      ("norm_num_groups", .integer(5)), ("sample_size", .integer(9)),
      ("resnet_time_scale_shift", .string("ada_group")), ("conv_in_kernel", .integer(4)),
      ("addition_embed_type", .string("text")), ("block_out_channels", .array([])),
      ("block_out_channels", .array(Array(repeating: .integer(8), count: 70))),
      ("sample_size", .integer(1 << 40)), ("in_channels", .integer(Int.max)),
      ("attention_head_dim", .integer(0)), ("layers_per_block", .integer(-1)),
    ])
  func decoder(key: String, value: JSONValue) throws {
    let config = try config("decoder", [key: value])
    let error = #expect(throws: UnCLIPError.self) { try UNetConfiguration(decoder: config) }
    #expect(error?.message.contains("'\(key)'") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(config.path) == true)
  }

  @Test(
    "An upsampler refuses what it does not compute",
    arguments: [
      ("up_block_types", JSONValue.array([.string("AttnUpBlock2D"), .string("UpBlock2D")])),
      ("class_embed_type", .string("identity")), ("time_embedding_type", .string("learned")),
      ("mid_block_type", .string("UNetMidBlock2DCrossAttn")), ("attention_head_dim", .integer(0)),
      ("attn_norm_num_groups", .integer(0)), ("norm_num_groups", .integer(-8)),
    ])
  func upsampler(key: String, value: JSONValue) throws {
    let config = try config("super_res_first", [key: value, "add_attention": .bool(true)].merging([key: value]) { $1 })
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
