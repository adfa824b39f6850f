import Foundation
import Shared
import Store

/// Threads that put the pictures of results aside before their turn: while one waits for the disk, another gathers.
final class PictureStaging: Sendable {
  private let mailboxes: [Mailbox<(arrival: Arrival, worker: WorkerID)>]
  private let pictures: PictureFolder
  private let staged: @Sendable (Arrival, WorkerID) -> Void

  /// As many as keep a disk busy: one writes while the other waits for the sync.
  private static let threads = 2

  /// - Parameter staged: called with each arrival once its picture is durable, or could not be written.
  init(_ pictures: PictureFolder, staged: @escaping @Sendable (Arrival, WorkerID) -> Void) {
    mailboxes = (0..<Self.threads).map { _ in Mailbox(capacity: 64, bytes: 128 << 20) }
    self.pictures = pictures
    self.staged = staged
  }

  /// Hands a result over. Waits while the threads have much to do, which holds back the workers.
  func put(_ arrival: Arrival, from worker: WorkerID) {
    // One worker's pictures stay in their order.
    let hash = worker.text.utf8.reduce(0) { ($0 &* 31) &+ UInt($1) }
    mailboxes[Int(hash % UInt(mailboxes.count))].put((arrival, worker), bytes: arrival.bytes)
  }

  /// Starts the threads. Once only.
  func start() {
    for mailbox in mailboxes {
      let thread = Thread { [self] in work(on: mailbox) }
      thread.name = "pictures"
      thread.start()
    }
  }

  /// Takes nothing more. What was handed over is still written.
  func close() { for mailbox in mailboxes { mailbox.close() } }

  /// Writes all that has gathered at once, which costs hardly more than one picture.
  private func work(on mailbox: Mailbox<(arrival: Arrival, worker: WorkerID)>) {
    while let batch = mailbox.takeAll(waitingUpTo: .seconds(3600)) {
      var arrivals = batch.map(\.arrival)
      Arrival.stagePictures(of: &arrivals, in: pictures)
      for (arrival, (_, worker)) in zip(arrivals, batch) { staged(arrival, worker) }
    }
  }
}
