import Foundation

@testable import UnCLIP

/// A JSON file that somebody else wrote. What is taken is JSON to Foundation too, and means the same.
func fuzzJSON(_ bytes: [UInt8]) throws {
  let value = try bytes.withUnsafeBytes { bytes throws(JSONReader.Failure) in try JSONReader.read(bytes) }
  _ = (value.text, value.canonical)
  // Foundation knows no NaN, no infinity and no number that is too large for one.
  guard isFinite(value) else { return }
  let other = must("other readers take it") {
    try JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
  }
  expect(isSame(value, other), "'\(value.canonical)' means the same to other readers")
}

private func isFinite(_ value: JSONValue) -> Bool {
  switch value {
  case .number(let number): number.isFinite
  case .array(let values): values.allSatisfy(isFinite)
  case .object(let values): values.values.allSatisfy(isFinite)
  case .null, .bool, .integer, .string: true
  }
}

private func isSame(_ value: JSONValue, _ other: Any) -> Bool {
  switch value {
  case .null: other is NSNull
  case .bool(let flag): (other as? Bool) == flag
  case .integer(let number): isSame(Double(number), other)
  case .number(let number): isSame(number, other)
  case .string(let text): (other as? String)?.unicodeScalars.elementsEqual(text.unicodeScalars) == true
  case .array(let values):
    (other as? [Any]).map { $0.count == values.count && zip(values, $0).allSatisfy { isSame($0, $1) } } == true
  case .object(let values):
    (other as? [String: Any]).map { other in
      other.count == values.count && values.allSatisfy { key, value in other[key].map { isSame(value, $0) } == true }
    } == true
  }
}

/// But for the last bits, which Foundation loses on a decimal fraction.
private func isSame(_ number: Double, _ other: Any) -> Bool {
  guard let value = (other as? NSNumber)?.doubleValue else { return false }
  return abs(value - number) <= max(abs(number) * 1e-14, .leastNormalMagnitude)
}
