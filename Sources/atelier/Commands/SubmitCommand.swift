import ArgumentParser
import Foundation
import Shared
import UnCLIP

/// `atelier submit FILE`: a prompt file as a job of the cluster. When it says the job's name, the job is durable;
/// before that, a broken connection leaves nothing behind.
///
/// `--json` prints what was accepted (``Submitted``), or with `--wait` or `--out` the ``JobStatus`` at the end. Exit
/// status 1 if the file is refused, and with `--wait` or `--out` if the job was cancelled or a picture failed; what was
/// finished is fetched all the same.
struct SubmitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Submit a prompt file.",
    discussion: """
      A .txt file has a prompt a line, a .csv file a header row with 'prompt', a .jsonl file an object a line.
      A line of a .jsonl file may name pictures in the file's folder, which are uploaded with the job:
      {"kind": "vary", "image": "cat.png", "n": 4}; also interpolate, diff, edit and score (docs/requests.md).
      Items without a seed of their own get the one given here, else a random one, which is recorded.

      atelier submit examples/prompts.txt --n 4 --seed 1 --wait --out pictures
      """)

  @Argument(help: "The prompt file: .txt, .csv or .jsonl.") var file: String
  @Flag(help: "Leave out lines that cannot be read instead of refusing the file.") var skipBad = false
  @Flag(help: "Go before all jobs that nobody waits for; for 100 pictures at most.") var interactive = false
  @Flag(help: "Upload files outside the prompt file's folder too, if lines name such.") var allowOutside = false
  @Flag(help: "Wait until the job has ended.") var wait = false
  @Option(help: "Wait, then fetch the pictures to this folder.") var out: String?
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var fields: FieldOptions<SubmissionFields>
  @OptionGroup var server: ServerOption

  func run() async throws {
    let coordinator = try server.client()
    var options = fields.values
    options.skipBad = skipBad
    options.interactive = interactive
    options.name = options.name ?? URL(fileURLWithPath: file).lastPathComponent
    let format = try PromptFileFormat(fileName: file)
    // Before anything is sent: what could not be fetched would be rendered for nothing.
    let folderForJob = try out.map { try FetchFolder(path: $0).reserve() }
    let submitted = try await coordinator.submit(
      file: file, options: options, format: format, allowsOutside: allowOutside)
    if !json {
      printLine("\(submitted.job): \(submitted.items) prompts, \(submitted.images) pictures")
      for line in submitted.skipped { standardError("left out line \(line.line): \(line.reason)") }
    }
    CutWarning.tell(submitted.cut)
    try folderForJob?.take(for: submitted.job)
    let client = PatientClient(client: coordinator)
    // The job is accepted: who cannot be asked about words does not change that.
    if let folder = try? await modelFolder(of: submitted.job, client) {
      UnknownWords.warn(folder, aboutFile: file, format)
    }
    guard wait || out != nil else {
      if json { try printJSON(submitted) } else { printLine("Follow it with: atelier status \(submitted.job) --watch") }
      return
    }
    let status = try await JobWatch(client: coordinator, job: submitted.job, quiet: json).untilEnd()
    var failed = status.hasFailed
    if let out {
      let fetched = try await JobFetch(client: client, job: submitted.job, folder: out, quiet: json).run()
      failed = failed || fetched.failed > 0
    }
    if json { try printJSON(status) }
    if failed { throw ExitCode(1) }
  }

  /// The folder of a job's model, if `cluster.yaml` says where on this machine it is: only then can words that it does
  /// not know be told.
  private func modelFolder(of job: JobID, _ client: any CoordinatorQuestions) async throws -> ModelFolder? {
    guard let configuration = try? ClusterConfiguration.load(nil), !configuration.models.isEmpty else { return nil }
    let status: JobStatus = try await client.get("jobs/\(job)")
    guard let entry = configuration.models.first(where: { $0.name == status.model }) else { return nil }
    return try? ModelFolder(path: entry.path)
  }
}
