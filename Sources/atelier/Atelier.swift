import ArgumentParser

@main
struct Atelier: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "atelier")
}
