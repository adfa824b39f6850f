import Shared

extension StoreTransaction {
  /// Images that this transaction has finished or failed, in that order, for who looks on. Each is told once.
  package func takeImageEndings() -> [ImageEnding] {
    defer { counting.imageEndings = [] }
    return counting.imageEndings
  }

  /// Notes that a task has ended its image.
  func noteEnding(imageOf task: TaskRecord, _ state: ImageState) {
    counting.imageEndings.append(
      ImageEnding(
        picture: PictureID(job: task.jobID, item: task.itemIndex, index: task.imageIndex), customID: task.customID,
        owner: task.owner, state: state))
  }

  /// Notes that an image has ended.
  func noteEnding(of image: ImageID, _ state: ImageState) throws {
    let ending = try readableRows(
      """
      SELECT jobs.id AS job, jobs.owner, items.position AS item_index, images.position AS image_index, items.custom_id
      FROM images JOIN items ON items.id = images.item JOIN jobs ON jobs.seq = images.job WHERE images.id = :image
      """, ["image": image]
    ) {
      ImageEnding(
        picture: PictureID(
          job: try $0.value("job"), item: try $0.value("item_index"), index: try $0.value("image_index")),
        customID: try $0.value("custom_id"), owner: try $0.value("owner"), state: state)
    }
    counting.imageEndings += ending
  }
}
