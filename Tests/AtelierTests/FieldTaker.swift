import ArgumentParser
import Shared
import Testing

@testable import atelier

/// A command that takes fields of a request as options.
enum FieldTaker: String, Sendable, CaseIterable {
  case render, vary, interpolate, diff, edit, submit

  struct Declared: Sendable {
    let name: String
    let help: String
    let expected: String
    let isNumber: Bool

    var option: String { "--" + name.replacing("_", with: "-") }
  }

  /// The fields whose declarations say that the command takes them.
  var declared: [Declared] {
    guard let kind = PictureOperation.Kind(rawValue: rawValue) else {
      return SubmitOptions.fields.filter { !ownForm.contains($0.name) }.map { Declared($0) }
    }
    return ItemRequest.fields.filter { $0.kinds.contains(kind) && !ownForm.contains($0.name) }.map { Declared($0) }
  }

  /// Fields that the command has in another form, or that make no sense in it.
  private var ownForm: Set<String> {
    switch self {
    case .submit: ["skip_bad", "interactive"]
    // As many pictures as strengths.
    case .diff: ["prompt", "custom_id", "n"]
    case .render, .vary, .interpolate, .edit: ["prompt", "custom_id"]
    }
  }

  /// Options of its own that have a field's name.
  var own: Set<String> { self == .submit ? ["skip_bad", "interactive"] : ["prompt", "model"] }

  /// What it cannot do without.
  var arguments: [String] {
    let local = [rawValue, "--model", "m", "--out", "x.png"]
    switch self {
    case .render: return local + ["--prompt", "a"]
    case .vary: return local + ["--image", "a.png"]
    case .interpolate: return local + ["--from-image", "a.png", "--to-prompt", "b"]
    case .diff: return local + ["--image", "a.png", "--from", "b", "--to", "c"]
    case .edit: return local + ["--image", "a.png", "--prompt", "b"]
    case .submit: return [rawValue, "prompts.txt"]
    }
  }

  /// The value of a field in a parsed command, as text.
  func text(of name: String, in command: any ParsableCommand) throws -> String? {
    let request: ItemRequest
    switch command {
    case let command as SubmitCommand:
      let field = SubmitOptions.fields.first { $0.name == name }
      return try #require(field).text(of: command.fields.values)
    case let command as RenderCommand: request = command.options.values
    case let command as VaryCommand: request = command.options.values
    case let command as InterpolateCommand: request = command.options.values
    case let command as DiffCommand: request = command.options.values
    case let command as EditCommand: request = command.options.values
    default: throw AtelierError(.internal, "No command that takes fields: \(command)")
    }
    let field = ItemRequest.field(named: name)
    return try #require(field).text(of: request)
  }
}

extension FieldTaker.Declared {
  init<Root>(_ field: Field<Root>) {
    self.init(name: field.name, help: field.help, expected: field.expected, isNumber: field.isNumber)
  }
}
