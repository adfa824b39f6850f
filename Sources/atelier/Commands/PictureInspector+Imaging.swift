import Coordinator
import Imaging
import Shared
import UnCLIP

extension PictureInspector {
  /// Reads pictures as workers do, and compares edits with their masks as they do.
  static let imaging = PictureInspector(
    fault: { bytes in Self.fault { () throws(AtelierError) in _ = try decode(bytes) } },
    faultOfEdit: { bytes, mask in
      Self.fault { () throws(AtelierError) in
        let picture = try decode(bytes)
        var decodedMask: RGBAImage?
        if let mask { decodedMask = try decode(mask) }
        do throws(UnCLIPError) {
          try PictureEdit.check(picture, mask: decodedMask)
        } catch {
          throw AtelierError(.invalidInput, error.message)
        }
      }
    },
    resized: { bytes, size throws(AtelierError) in
      let picture = try decode(bytes)
      do throws(ImagingError) {
        return try PNG.encode(Resampler.lanczos.resize(picture, width: size.width, height: size.height))
      } catch {
        throw AtelierError(error.code == .system ? .system : .invalidInput, error.message)
      }
    }, faultOfEmbedding: embeddingFault)

  /// Why a file is no image embedding that workers read, by its name; nil for one that is.
  @Sendable static func embeddingFault(_ bytes: [UInt8], _ name: String) -> AtelierError? {
    do {
      _ = try EmbeddingFile.read(bytes, name: name)
      return nil
    } catch {
      return AtelierError(.invalidInput, (error as? UnCLIPError)?.message ?? "Cannot use '\(name)': \(error).")
    }
  }

  private static func fault(_ look: () throws(AtelierError) -> Void) -> AtelierError? {
    do throws(AtelierError) {
      try look()
      return nil
    } catch {
      return error
    }
  }

  private static func decode(_ bytes: [UInt8]) throws(AtelierError) -> RGBAImage {
    do throws(ImagingError) {
      return try PictureFile.decodeWithOpacity(bytes)
    } catch {
      // Too little memory says nothing of the picture.
      throw AtelierError(error.code == .system ? .system : .invalidInput, error.message)
    }
  }
}
