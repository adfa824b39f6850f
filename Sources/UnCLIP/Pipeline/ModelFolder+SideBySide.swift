extension ModelFolder {
  /// A U-Net with at most so many parameters counts as small.
  private static let small = 1 << 24

  /// Whether pictures are made faster side by side, each on its share of the threads: the loops of small U-Nets are so
  /// short that threads mostly wait for each other and for what another one has written.
  package var favoursSideBySide: Bool {
    get throws {
      let names = ["decoder"] + upsamplers
      return try names.allSatisfy { try part($0).weights.size.parameters <= Self.small }
    }
  }
}
