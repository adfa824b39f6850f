/// Names a picture of a job, also before there is one: the item's index in the job and the picture's in the item, both
/// from 0.
package struct PictureID: Hashable, Sendable, Codable, CustomStringConvertible {
  package var job: JobID
  package var item: Int
  package var index: Int

  package init(job: JobID, item: Int, index: Int) {
    self.job = job
    self.item = item
    self.index = index
  }

  package var description: String { "\(job)/\(item)/\(index)" }
}
