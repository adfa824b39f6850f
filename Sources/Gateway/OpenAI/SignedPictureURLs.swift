import Coordinator
import Crypto
import Foundation
import Hummingbird
import Shared

/// URLs of pictures that work without a token, for as long as was said to who asked for them: each has the time until
/// which it works, and a signature (HMAC-SHA256) of all that it says, by a key that only the coordinator has.
struct SignedPictureURLs: Sendable {
  private let key: SymmetricKey
  /// Where such URLs lead to.
  static let path = "/v1/images/content"
  /// How long one works, in seconds.
  static let lifetime = 3600

  /// With a key that nobody keeps: a restart ends all URLs.
  init() { key = SymmetricKey(size: .bits256) }

  /// With the key that the coordinator keeps; one is made at first.
  ///
  /// - Throws: `system` if it cannot be read or written, `configuration` if others can read it, `malformed` if it is
  ///   none.
  init(of coordinator: Coordinator) throws(AtelierError) {
    if let kept = try coordinator.keptKey(Self.keyName) {
      guard let bytes = Data(base64Encoded: kept.trimmingCharacters(in: .whitespacesAndNewlines)), bytes.count == 32
      else {
        throw AtelierError(
          .malformed,
          "The file '\(Self.keyName)' in the folder 'keys' of the data directory is no key of 32 bytes in "
            + "Base64. Move it away, and a new one is made; URLs of pictures that were given out work no more then.")
      }
      key = SymmetricKey(data: bytes)
      return
    }
    key = SymmetricKey(size: .bits256)
    try coordinator.keep(key: key.withUnsafeBytes { Data($0).base64EncodedString() }, as: Self.keyName)
  }

  private static let keyName = "picture-urls"

  /// The path and the query of a picture's URL.
  ///
  /// - Parameter expires: in seconds since 1970.
  func path(job: JobID, item: Int, index: Int, expires: Int) -> String {
    let place = Self.place(job: job, item: item, index: index)
    return "\(place)?expires=\(expires)&signature=\(signature(place, expires))"
  }

  /// Whether a URL was given out here and still works.
  ///
  /// - Throws: ``OpenAIError`` (403) that says which of both is not so.
  func check(
    job: JobID, item: Int, index: Int, expires: String?, signature: String?, at now: Date
  ) throws(OpenAIError) {
    guard let expires = expires.flatMap({ Int($0) }), let signature = signature.flatMap(Self.bytes),
      HMAC<SHA256>.isValidAuthenticationCode(
        signature, authenticating: Self.signed(Self.place(job: job, item: item, index: index), expires), using: key)
    else { throw Self.refusal("The signature of this URL is not this coordinator's.") }
    guard now.timeIntervalSince1970 < Double(expires) else {
      throw Self.refusal("This URL has expired: it worked for \(Self.lifetime / 60) minutes.")
    }
  }

  private static func place(job: JobID, item: Int, index: Int) -> String { "\(path)/\(job)/\(item)/\(index)" }

  private static func signed(_ place: String, _ expires: Int) -> Data { Data("\(place) \(expires)".utf8) }

  /// In hexadecimal, which no URL changes.
  private func signature(_ place: String, _ expires: Int) -> String {
    hexadecimal(HMAC<SHA256>.authenticationCode(for: Self.signed(place, expires), using: key))
  }

  /// What hexadecimal digits say; nil if they are no signature.
  private static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.utf8.map { Int(String(UnicodeScalar($0)), radix: 16) }
    guard digits.count == 64, !digits.contains(nil) else { return nil }
    return stride(from: 0, to: 64, by: 2).map { UInt8((digits[$0] ?? 0) * 16 + (digits[$0 + 1] ?? 0)) }
  }

  private static func refusal(_ message: String) -> OpenAIError {
    OpenAIError(status: .forbidden, message: message, code: "invalid_url")
  }
}
