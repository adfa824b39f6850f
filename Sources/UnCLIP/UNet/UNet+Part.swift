extension UNet {
  /// Builds the U-Net of a part, of which it is all, and tells of weights that it has no use for.
  ///
  /// - Parameter configuration: reads the part's configuration: that of a decoder or of an upsampler.
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  init(_ part: ModelPart, _ configuration: (Config) throws -> UNetConfiguration) throws {
    try self.init(part.weights, configuration: configuration(part.config))
    try part.weights.noteUnused()
  }
}
