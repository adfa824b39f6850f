/// Names as the API's objects have them: what they are, and 24 letters and digits that nobody guesses.
enum OpenAIID {
  /// - Parameter prefix: such as `req_`.
  static func make(_ prefix: String) -> String {
    var generator = SystemRandomNumberGenerator()
    return prefix + String((0..<24).map { _ in letters.randomElement(using: &generator) ?? "0" })
  }

  private static let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
}
