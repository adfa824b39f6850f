import ArgumentParser
import Shared

/// `atelier verify DIR`: whether a folder that a job was fetched to holds what the coordinator has signed. Needs no
/// coordinator.
///
/// `--json` prints a ``FolderVerification/Report``. Exit status 1 if the signature does not fit, a picture is missing,
/// extra or changed, or one that was made again is another.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check fetched pictures against the manifest, and that against its signature.",
    discussion: """
      Give the key that 'atelier keys show' prints on the coordinator's machine; else the signature is checked with the
      key that lies beside it, which tells of damage and not of forgery. With --rerender some pictures, chosen at
      random, are made again on this machine, which takes the model: they must be the same within 1/255.

      atelier verify pictures
      atelier verify pictures --rerender 3 --model models/starter
      """)

  @Argument(help: "The folder, as 'atelier fetch' has written it.") var folder: String
  @Option(help: "The coordinator's public key, or a file with it, or with several, one a line.") var key: String?
  @Option(help: "Make so many of the pictures again and compare them.") var rerender: Int?
  @Option(
    help: ArgumentHelp(
      "With --rerender: the model's folder; if left out, the one that cluster.yaml names.", valueName: "dir"))
  var model: String?
  @Option(help: "With --rerender: threads; default: the processors of this machine.") var threads: Int?
  @Option(
    help: ArgumentHelp(
      "With --rerender: where the files are that the requests named; the folder itself if left out.", valueName: "dir"))
  var sources: String?
  @Flag(help: "Print facts as JSON.") var json = false

  func validate() throws {
    guard rerender != nil || (model == nil && threads == nil && sources == nil) else {
      throw ValidationError("--model, --threads and --sources go with --rerender.")
    }
    guard (rerender ?? 1) > 0 else { throw ValidationError("--rerender takes a number of pictures from 1 on.") }
    try ThreadCount.check(threads)
  }

  func run() throws {
    let verification = FolderVerification(
      folder: folder, keys: try key.map { try VerifyingKey.list(text: Self.text(ofKey: $0)) } ?? [],
      sampled: rerender ?? 0)
    var generator = SystemRandomNumberGenerator()
    var (report, sample) = try verification.run(using: &generator)
    if let first = sample.first {
      let rerendering = try Rerendering(
        model: try model ?? Self.configuredFolder(of: first.model), threads: ThreadCount.pool(threads, profiled: false),
        sources: sources ?? folder)
      for line in sample {
        guard let file = line.safeFile else { continue }
        report.rerendered.append(try rerendering.compare(line, with: folder + "/" + file))
      }
    } else if rerender != nil, !json {
      standardError("There is no picture that could be made again.")
    }
    if json {
      try printJSON(report)
    } else {
      for line in VerificationText.lines(report) { printLine(line) }
    }
    if !report.isSound { throw ExitCode(1) }
  }

  /// A key's text: of the file of that name, if there is one.
  private static func text(ofKey key: String) throws(AtelierError) -> String {
    do throws(AtelierError) {
      return String(decoding: try LocalFile.read(key), as: UTF8.self)
    } catch  where error.code == .notFound {
      return key
    }
  }

  /// Where `cluster.yaml` says that a model is.
  ///
  /// - Throws: `configuration` if it does not.
  private static func configuredFolder(of model: String) throws(AtelierError) -> String {
    if let entry = try ClusterConfiguration.load(nil).models.first(where: { $0.name == model }) { return entry.path }
    throw AtelierError(
      .configuration, "No 'models' in cluster.yaml says where the model '\(model)' is: name its folder with --model.")
  }
}
