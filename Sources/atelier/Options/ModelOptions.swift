import ArgumentParser
import Tensor
import UnCLIP

/// The model and the threads, for all commands that compute on this machine.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The model's folder, such as models/starter.", valueName: "dir")) var model: String
  @Option(help: "Threads, such as 2; default: the processors of this machine.") var threads: Int?

  func validate() throws {
    try ThreadCount.check(threads)
  }

  /// The model's folder, of which the configuration is read. What in it is not used is warned of on standard error.
  ///
  /// - Throws: `missing` or `malformed` if there is no model in the folder.
  func folder() throws -> ModelFolder {
    try ModelFolder(path: model) { standardError("atelier: \($0)") }
  }

  /// The threads that were asked for; with `profiled`, what runs on them is measured.
  func pool(profiled: Bool = false) -> ThreadPool { ThreadCount.pool(threads, profiled: profiled) }
}
