import Coordinator
import Crypto
import Shared

/// Pictures that a call came with, which are looked at, and kept so that its job's request can name them.
struct CallPictures {
  let coordinator: Coordinator
  let owner: String

  /// Gives a call its pictures.
  ///
  /// - Throws: ``OpenAIError`` (400) for what is no square PNG file, or a mask of another size; `denied` if the owner
  ///   would have more than they may.
  func add(image: [UInt8], mask: [UInt8]?, to call: inout ImageCall) async throws {
    let size = try Self.square(image, "image").size
    if let mask, try Self.square(mask, "mask").size != size {
      throw OpenAIError.invalid(
        "Invalid 'mask': its size is not that of the image, \(size).", param: "mask", code: "invalid_image_size")
    }
    call.image = try await keep(image, of: size, for: call)
    if let mask { call.mask = try await keep(mask, of: size, for: call) }
    // An edit has the size of its picture.
    if call.endpoint == .edits, call.size == nil { call.size = size }
  }

  /// Keeps a picture; of an edit in the size that its result is to have.
  ///
  /// - Returns: its digest.
  private func keep(_ picture: [UInt8], of size: PictureSize, for call: ImageCall) async throws -> String {
    var picture = picture
    if call.endpoint == .edits, let wanted = call.size, wanted != size {
      picture = try await coordinator.resized(picture, to: wanted)
    }
    let digest = hexadecimal(SHA256.hash(data: picture))
    try await coordinator.keepSource(picture, digest: digest, owner: owner)
    return digest
  }

  private static func square(_ picture: [UInt8], _ name: String) throws(OpenAIError) -> PNGHeader {
    guard let header = PNGHeader(picture) else {
      throw .invalid("Uploaded image must be a PNG and less than 4 MB.", param: name, code: "invalid_image_format")
    }
    guard header.size.width == header.size.height else {
      throw .invalid(
        "Uploaded image must be square; this one is \(header.size).", param: name, code: "invalid_image_size")
    }
    guard header.size.width <= PictureSize.sideRange.upperBound else {
      throw .invalid(
        "Uploaded image must have at most \(PictureSize.sideRange.upperBound) pixels a side; this one is \(header.size).",
        param: name, code: "invalid_image_size")
    }
    return header
  }
}
