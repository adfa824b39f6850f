/// The state of an unfinished task, from which another attempt can go on, to the same bytes. A worker sends it to the
/// coordinator now and then; the coordinator hands it out with the next attempt.
package struct TaskCheckpoint: Sendable, Equatable {
  /// Which pass of the stage it is of, from 0: a cascade of upsamplers has several.
  package var pass: Int
  /// Steps done of that pass.
  package var completedSteps: Int
  package var latents: Artifact

  package init(pass: Int, completedSteps: Int, latents: Artifact) {
    self.pass = pass
    self.completedSteps = completedSteps
    self.latents = latents
  }
}
