import ArgumentParser

/// A length of time as people write it: a number and `s`, `m`, `h` or `d`, such as `30d`.
struct Lifetime: ExpressibleByArgument, Sendable, Equatable {
  let seconds: Int

  /// - Returns: nil for what is none, or is more than a hundred years.
  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = argument.last.flatMap({ units[$0] }), let number = Int(argument.dropLast()), number > 0,
      number <= 3_153_600_000 / unit
    else { return nil }
    seconds = number * unit
  }
}
