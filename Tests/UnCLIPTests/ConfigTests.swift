import Foundation
import TestSupport
import Testing

@testable import UnCLIP

@Suite struct ConfigTests {
  private func value(_ json: String) throws -> JSONValue {
    try Array(json.utf8).withUnsafeBytes { try JSONReader.read($0) }
  }

  @Test(
    "JSON values are read",
    arguments: [
      (" null ", JSONValue.null), ("true", .bool(true)), ("-12", .integer(-12)),
      ("9223372036854775807", .integer(.max)),
      ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1e-05", .number(1e-5)), ("8.0", .number(8)),
      ("0", .integer(0)), ("-0", .integer(0)), ("-0.5E+2", .number(-50)), ("1e5", .number(100_000)),
      ("Infinity", .number(.infinity)), ("-Infinity", .number(-.infinity)), ("[]", .array([])), ("{}", .object([:])),
      (#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#, .string("a\"\\/\u{8}\u{c}\n\r\téé😀")),
      (
        #"{"a":[1,{"b":null}],"c":""}"#,
        .object(["a": .array([.integer(1), .object(["b": .null])]), "c": .string("")])
      ),
    ])
  func reads(_ json: String, _ expected: JSONValue) throws {
    #expect(try value(json) == expected)
  }

  @Test(
    "What is no JSON is an error, with the place",
    arguments: [
      ("", 0), ("  ", 2), ("nul", 0), ("1 2", 2), ("[1,]", 3), ("[1 2]", 3), ("{1:2}", 1), (#"{"a" 1}"#, 5),
      (#"{"a":1,}"#, 7), (#""abc"#, 4), (#""\x""#, 3), (#""\u12"#, 3), (#""\udc00""#, 7), (#""\ud800\u0041""#, 13),
      ("+1", 0), ("-", 0), ("1e", 0), ("1.2.3", 0), ("'a'", 0), ("01", 0),
      ("-01", 0), ("[1.]", 1), (".5", 0), ("-.5", 0), ("1.e3", 0), ("1-2", 0), ("00", 0), ("0x10", 1),
    ])
  func refuses(_ json: String, _ offset: Int) throws {
    let failure = #expect(throws: JSONReader.Failure.self) { try value(json) }
    #expect(failure?.offset == offset, "\(failure?.reason ?? "")")
  }

  @Test("Bytes that are no UTF-8 are an error")
  func encoding() {
    let bytes: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
    #expect(throws: JSONReader.Failure.self) { try bytes.withUnsafeBytes { try JSONReader.read($0) } }
  }

  @Test("Keys are read by type; null is no value where one is needed; errors name file, key and value")
  func keys() throws {
    let config = Config(
      path: "prior/config.json",
      values: [
        "n": .integer(3), "x": .number(0.5), "yes": .bool(true), "text": .string("silu"), "none": .null,
        "list": .array([.integer(1), .integer(2)]), "names": .array([.string("a")]),
        "mixed": .array([.integer(1), .string("a")]),
      ])
    #expect(try config.int("n") == 3)
    #expect(try config.int("absent", default: 7) == 7)
    #expect(try config.double("n") == 3)
    #expect(try config.double("x") == 0.5)
    #expect(try config.bool("yes", default: false))
    #expect(try config.string("text") == "silu")
    #expect(try config.ints("list") == [1, 2])
    #expect(try config.strings("names") == ["a"])
    #expect(try config.optionalInt("none") == nil)
    #expect(!config.has("none") && config.has("n"))
    #expect(try config.require("text", oneOf: ["silu", "swish"]) == "silu")

    func message(_ body: () throws -> Void) throws -> String {
      try #require(throws: UnCLIPError.self, performing: body).message
    }
    #expect(
      try message { _ = try config.int("absent") } == "Cannot use 'prior/config.json': the key 'absent' is missing.")
    #expect(try message { _ = try config.int("none") }.contains("'none' is null; it must have a value."))
    #expect(try message { _ = try config.int("none", default: 7) }.contains("'none' is null"))
    #expect(
      try message { _ = try config.int("x") }
        == "Cannot use 'prior/config.json': 'x' is 0.5; it must be a whole number.")
    #expect(try message { _ = try config.bool("n", default: true) }.contains("'n' is 3; it must be true or false."))
    #expect(try message { _ = try config.ints("mixed") }.contains("'mixed' is [1, \"a\"]"))
    #expect(
      try message { try config.require("text", oneOf: ["gelu", "relu"]) }
        == "Cannot use 'prior/config.json': 'text' is \"silu\"; supported: gelu, relu.")
    #expect(try message { try config.require("n", .integer(4)) }.contains("'n' is 3; supported: 4."))
    #expect(try message { try config.requireAbsent("n") }.contains("only models without it"))
  }
}
