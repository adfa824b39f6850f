import ArgumentParser
import Shared

/// Options of the command line for fields of a request, made from their declarations: a field that is declared is an
/// option of every command that takes it.
struct FieldOptions<Group: FieldGroup>: ParsableArguments {
  /// The values that were given; what was left out is absent, so that defaults can be filled in later.
  private(set) var values = Group.empty

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FieldKey.self)
    for field in Group.fields {
      let option = try container.decode(Option<String?>.self, forKey: FieldKey(stringValue: field.name))
      if let text = option.wrappedValue { try field.set(text, in: &values) }
    }
  }

  /// Checks the bounds of the declarations, then what they cannot say; usage errors, so exit status 2.
  func validate() throws {
    do throws(AtelierError) {
      for field in Group.fields { try field.check(values) }
      try Group.check(values)
    } catch {
      throw ValidationError(error.message)
    }
  }
}

/// The fields that a command takes, and the value that they are fields of.
protocol FieldGroup: SendableMetatype {
  associatedtype Root: Sendable
  static var fields: [Field<Root>] { get }
  /// Nothing given.
  static var empty: Root { get }
  /// What no single field tells, such as that a start lies below its end.
  ///
  /// - Throws: `invalidInput`.
  static func check(_ values: Root) throws(AtelierError)
}

/// The parser finds options by looking at the properties of a type; here the declarations are the properties.
extension FieldOptions: CustomReflectable {
  var customMirror: Mirror {
    Mirror(
      self,
      children: Group.fields.map { field in
        (label: field.name, value: Self.option(for: field))
      })
  }

  /// The sentence of the declaration, and what there is to choose from.
  private static func help(for field: Field<Group.Root>) -> String {
    field.help + (field.choices.map { " One of \($0.joined(separator: ", "))." } ?? "")
  }

  /// The option of a field: `--prior-steps` for `prior_steps`. A value that is no such value is a usage error.
  private static func option(for field: Field<Group.Root>) -> Option<String?> {
    Option(
      name: .customLong(field.name.replacing("_", with: "-")),
      // What follows is a number's value also where it looks like an option: `--seed -1` is told the range.
      parsing: field.isNumber ? .unconditional : .next,
      help: ArgumentHelp(stringLiteral: help(for: field)), completion: field.choices.map { .list($0) },
      transform: { text in
        var values = Group.empty
        do throws(AtelierError) {
          try field.set(text, in: &values)
        } catch {
          throw ValidationError(error.message)
        }
        return text
      })
  }
}
