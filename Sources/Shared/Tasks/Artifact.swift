import Crypto
import Foundation

/// What a stage leaves for the next: a named array, or a finished picture. Kinds and types stand in the order of their
/// numbers on the wire.
package struct Artifact: Sendable, Equatable {
  /// What it is, with its shape.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// [2, tokens, width], unconditional first.
    case textStates = "text_states"
    /// [2, width].
    case textEmbedding = "text_embedding"
    /// [2, tokens], 1 where a token counts.
    case textMask = "text_mask"
    /// [width].
    case imageEmbedding = "image_embedding"
    /// [3, height, width], -1 to 1.
    case baseImage = "base_image"
    /// [height, width, 3], as a PNG file, which has opacity besides if it is an edit of such a picture.
    case picture
    /// The noisy state of an unfinished stage.
    case latents
    /// [pictures, texts]: the cosine of each picture and text.
    case scores
    /// A file that came with the request, as its bytes.
    case source

    /// Whether all images of an item share it.
    package var belongsToItem: Bool {
      switch self {
      case .textStates, .textEmbedding, .textMask: true
      case .imageEmbedding, .baseImage, .picture, .latents, .scores, .source: false
      }
    }
  }

  /// What the bytes are.
  package enum ElementType: String, Sendable, Codable, CaseIterable {
    case float32
    case uint8
    /// A whole PNG file; the shape is the picture's.
    case png
  }

  package var kind: Kind
  package var type: ElementType
  package var shape: [Int]
  /// Little-endian, the last side of the shape running fastest; or a file as it is.
  package let bytes: [UInt8]
  /// Of the bytes. Computed once: for large arrays it costs more than all else that happens to them here.
  package let sha256: [UInt8]

  package init(kind: Kind, type: ElementType, shape: [Int], bytes: [UInt8]) {
    self.kind = kind
    self.type = type
    self.shape = shape
    self.bytes = bytes
    sha256 = Array(SHA256.hash(data: bytes))
  }

  /// A file that came with a request.
  package init(source bytes: [UInt8]) {
    self.init(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes)
  }

  /// The rows of a two-dimensional array of floats; none if it is something else, or empty: rows without columns can be
  /// billions.
  package var rows: [[Double]] {
    guard type == .float32, shape.count == 2, !bytes.isEmpty, hasConsistentSize else { return [] }
    return bytes.withUnsafeBytes { bytes in
      (0..<shape[0]).map { row in
        (0..<shape[1]).map { column in
          Double(bytes.loadUnaligned(fromByteOffset: (row * shape[1] + column) * 4, as: Float.self))
        }
      }
    }
  }

  /// Whether no number among its elements is NaN or infinite.
  package var isFinite: Bool {
    guard type == .float32 else { return true }
    return bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count - 3, by: 4).allSatisfy {
        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self).isFinite
      }
    }
  }

  /// The largest artifact that is taken, in bytes: a 4096 x 4096 picture and some room.
  package static let largest = 256 << 20

  /// Whether the bytes are as many as type and shape say.
  package var hasConsistentSize: Bool {
    let elementSize: Int
    switch type {
    case .float32: elementSize = 4
    case .uint8: elementSize = 1
    case .png: return !bytes.isEmpty
    }
    var count = elementSize
    for side in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: side)
      guard side >= 0, !overflow else { return false }
      count = product
    }
    return count == bytes.count
  }
}

/// Lower-case hexadecimal text of bytes.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let bytes = Array(bytes)
  return String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
    func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
    for index in bytes.indices {
      text[2 * index] = digit(bytes[index] >> 4)
      text[2 * index + 1] = digit(bytes[index] & 15)
    }
    return 2 * bytes.count
  }
}
