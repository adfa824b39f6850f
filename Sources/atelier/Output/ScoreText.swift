import Foundation

/// How well texts fit pictures, as people read it.
enum ScoreText {
  /// - Parameter scores: a row a picture, a cosine a text.
  static func table(pictures: [String], texts: [String], scores: [[Double]]) -> String {
    let rows = zip(pictures, scores).map { picture, row in [picture] + row.map { String(format: "%.4f", $0) } }
    return TextTable.lines([["PICTURE"] + texts] + rows)
  }
}
