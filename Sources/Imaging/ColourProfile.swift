/// An ICC profile, which says what colours a picture's values are. It is carried on, not applied.
package struct ColourProfile: Sendable, Equatable {
  package let bytes: [UInt8]

  /// Nil for what is no profile of red, green and blue: of grey or of inks, whose values are converted when read, or
  /// none at all.
  init?(_ bytes: [UInt8]) {
    // ICC.1:2022, section 7.2: the header has 128 bytes, the colour space at 16, a signature at 36.
    guard bytes.count > 128, bytes[16..<20].elementsEqual("RGB ".utf8), bytes[36..<40].elementsEqual("acsp".utf8)
    else { return nil }
    self.bytes = bytes
  }

  init?(copying bytes: UnsafePointer<UInt8>?, count: Int) {
    self.init(Array(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : count)))
  }
}
