import ArgumentParser
import Shared
import Testing

@testable import atelier

/// A field that is declared is an option of every command that takes it, and of no other.
@Suite struct FieldOptionTests {
  /// A value for each field that is not its default, as text. A field that is declared and not here fails the tests.
  private static let values = [
    "prior_steps": "3", "decoder_steps": "4", "super_res_steps": "3", "prior_guidance": "2.5",
    "decoder_guidance": "3.25", "decoder_guidance_start": "0.125", "decoder_guidance_end": "0.875",
    "cache_interval": "2", "sampler": "ddim", "eta": "0.5", "n": "2", "seed": "18446744073709551610", "size": "24x40",
    "negative_prompt": "a dog, \"quoted\"", "custom_id": "line-1", "prompt": "a cat, painted", "model": "starter",
    "name": "a name", "priority": "5", "skip_bad": "true", "interactive": "true",
  ]

  private static let names = Set(ItemRequest.fields.map(\.name) + SubmitOptions.fields.map(\.name))

  /// Why a line is refused.
  private func refusal(of arguments: [String]) -> String {
    do {
      let command = try Atelier.parseAsRoot(arguments)
      Issue.record("\(arguments) is taken for a \(command)")
      return ""
    } catch {
      #expect(Atelier.exitCode(for: error) == .validationFailure)
      return Atelier.message(for: error)
    }
  }

  @Test func `every parameter of the rendering is an option of every command`() {
    for taker in FieldTaker.allCases {
      let names = Set(taker.declared.map(\.name))
      let missing = RenderParameters.fields.map(\.name).filter { !names.contains($0) }
      #expect(missing.isEmpty, "\(taker)")
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `what is given reaches the request, field by field`(taker: FieldTaker) throws {
    for field in taker.declared {
      let value = try #require(Self.values[field.name], "no value for '\(field.name)'; add one to this test")
      for arguments in [[field.option, value], ["\(field.option)=\(value)"]] {
        let command = try Atelier.parseAsRoot(taker.arguments + arguments)
        #expect(try taker.text(of: field.name, in: command) == value, "\(field.name)")
      }
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `what is given together reaches the request together`(taker: FieldTaker) throws {
    let options = taker.declared.flatMap { [$0.option, Self.values[$0.name] ?? ""] }
    let command = try Atelier.parseAsRoot(taker.arguments + options)
    for field in taker.declared {
      #expect(try taker.text(of: field.name, in: command) == Self.values[field.name], "\(field.name)")
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `what is left out says nothing`(taker: FieldTaker) throws {
    let command = try Atelier.parseAsRoot(taker.arguments)
    for field in taker.declared {
      #expect(try taker.text(of: field.name, in: command) == nil, "\(field.name)")
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `what a command does not take is no option of it`(taker: FieldTaker) {
    for name in Self.names.subtracting(taker.declared.map(\.name)).subtracting(taker.own).sorted() {
      let option = "--" + name.replacing("_", with: "-")
      let message = refusal(of: taker.arguments + [option, Self.values[name] ?? ""])
      #expect(message.contains("Unknown option '\(option)'"), "\(message)")
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `the help of a command has every option with the field's help`(taker: FieldTaker) throws {
    let help = try CommandTree.help(of: taker.rawValue)
    for field in taker.declared {
      #expect(help.contains("  \(field.option) "), "\(field.option)")
      #expect(help.contains(field.help), "\(field.option)")
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `a value of the wrong sort is refused with what must be given`(taker: FieldTaker) {
    for field in taker.declared where field.expected != "a string" {
      let message = refusal(of: taker.arguments + [field.option, "nonsense"])
      #expect(message.contains("'\(field.name)' is 'nonsense'; it must be \(field.expected)."), "\(message)")
    }
  }

  @Test(
    arguments: [
      ("--n=0", "'n' is 0; it must be from 1 to 1000."),
      ("--prior-steps=1", "'prior_steps' is 1; it must be from 2 to 100000."),
      ("--decoder-steps=100001", "'decoder_steps' is 100001; it must be from 2 to 100000."),
      ("--super-res-steps=-3", "'super_res_steps' is -3; it must be from 2 to 100000."),
      ("--prior-guidance=100.5", "'prior_guidance' is 100.5; it must be from 0 to 100."),
      ("--decoder-guidance=-1", "'decoder_guidance' is -1; it must be from 0 to 100."),
      ("--decoder-guidance-start=1.5", "'decoder_guidance_start' is 1.5; it must be from 0 to 1."),
      ("--decoder-guidance-end=-0.5", "'decoder_guidance_end' is -0.5; it must be from 0 to 1."),
      ("--cache-interval=0", "'cache_interval' is 0; it must be from 1 to 100."),
      ("--eta=2", "'eta' is 2; it must be from 0 to 1."),
      ("--seed=-1", "'seed' is '-1'; it must be a whole number from 0 to 18446744073709551615."),
      ("--seed=18446744073709551616", "it must be a whole number from 0 to 18446744073709551615."),
      ("--size=7x8", "'size' is '7x8'; it must be WIDTHxHEIGHT"),
      ("--size=256", "'size' is '256'; it must be WIDTHxHEIGHT"),
      ("--prior-guidance=inf", "'prior_guidance' is 'inf'; it must be a number."),
    ] as [(String, String)])
  func `a value out of range is refused with the range, wherever the option is taken and however it is given`(
    option: String, sentence: String
  ) {
    for taker in FieldTaker.allCases {
      let isTaken = taker.declared.contains { option.hasPrefix($0.option + "=") }
      guard isTaken else { continue }
      for arguments in [[option], option.split(separator: "=", maxSplits: 1).map(String.init)] {
        let message = refusal(of: taker.arguments + arguments)
        #expect(message.contains(sentence), "\(taker): \(message)")
      }
    }
  }

  @Test(arguments: FieldTaker.allCases)
  func `every number has a range, below and above which it is refused`(taker: FieldTaker) {
    for field in taker.declared where field.isNumber {
      for value in ["-1000000", field.name == "seed" ? "18446744073709551616" : "1000000"] {
        let message = refusal(of: taker.arguments + ["\(field.option)=\(value)"])
        #expect(message.contains("'\(field.name)' is "), "\(message)")
        #expect(message.contains(/it must be (a whole number )?from -?[0-9]+ to [0-9]+\./), "\(message)")
      }
    }
  }

  @Test func `a number that begins with a minus may stand behind its option`() throws {
    let command = try Atelier.parseAsRoot(FieldTaker.submit.arguments + ["--priority", "-5"])
    #expect(try FieldTaker.submit.text(of: "priority", in: command) == "-5")
  }

  @Test(arguments: ["-101", "101"])
  func `a priority out of range is refused`(priority: String) {
    let message = refusal(of: FieldTaker.submit.arguments + ["--priority=\(priority)"])
    #expect(message.contains("'priority' is \(priority); it must be from -100 to 100."), "\(message)")
  }

  @Test func `a negative prompt that is too long is refused`() {
    let message = refusal(
      of: FieldTaker.render.arguments + ["--negative-prompt", String(repeating: "a", count: 16_001)])
    #expect(message.contains("it has 16001 bytes; at most 16000 are taken"), "\(message)")
  }
}
