import Shared
import Synchronization
import TestSupport
import Testing

@testable import Coordinator

@Suite struct PreviewBoardTests {
  private final class Told: Sendable {
    let wishes = Mutex<[PictureWatches.Wishes]>([])
  }

  private let told = Told()
  private let board: PreviewBoard
  private let picture = PictureID(job: JobID("job-a"), item: 3, index: 1)

  init() {
    let told = told
    board = PreviewBoard { wishes in told.wishes.withLock { $0.append(wishes) } }
  }

  /// What is wanted, as it was told last.
  private var wanted: [PictureID: PreviewWish] {
    told.wishes.withLock { $0.max { $0.number < $1.number }?.pictures ?? [:] }
  }

  private func preview(_ done: Double, of picture: PictureID? = nil) -> PicturePreview {
    PicturePreview(
      picture: picture ?? self.picture, stage: .denoise, pass: 0, step: Int(done * 100), steps: 100, done: done,
      bytes: [1], mediaType: "image/png", size: PictureSize(width: 8, height: 8))
  }

  @Test func `to listen is to watch, and who stops watches no more`() async throws {
    #expect(!board.isWatched(picture))
    board.take(preview(0.1))
    #expect(board.newest(of: picture) == nil)
    let listener = Task { [board, picture] in
      for await preview in board.watch(picture, partials: nil) { return preview.done }
      return 0
    }
    #expect(try await eventually { wanted == [picture: PreviewWish(continuously: true)] })
    board.take(preview(0.2))
    #expect(await listener.value == 0.2)
    #expect(try await eventually { wanted.isEmpty })
    #expect(!board.isWatched(picture))
  }

  @Test func `who comes later sees the newest at once`() async {
    let first = board.watch(picture, partials: nil)
    board.take(preview(0.2))
    board.take(preview(0.4))
    #expect(board.newest(of: picture)?.done == 0.4)
    var second = board.watch(picture, partials: nil).makeAsyncIterator()
    #expect(await second.next()?.done == 0.4)
    withExtendedLifetime(first) {}
  }

  @Test func `who asks for so many gets these, whoever else watches, and all of them though they come at once`() async {
    let all = board.watch(picture, partials: nil)
    let some = board.watch(picture, partials: 3)
    #expect(wanted == [picture: PreviewWish(continuously: true, partials: [3])])
    for step in 1...9 { board.take(preview(Double(step) / 10)) }
    board.end(picture)
    var seen: [Double] = []
    for await preview in some { seen.append(preview.done) }
    #expect(seen == [0.3, 0.5, 0.8])
    var last: [Double] = []
    for await preview in all { last.append(preview.done) }
    #expect(last == [0.9])
  }

  @Test func `a picture that has ended ends its streams, and nobody is told of what turns know`() async {
    let stream = board.watch(picture, partials: nil)
    let before = told.wishes.withLock { $0.count }
    board.end(picture)
    for await _ in stream { Issue.record("There was no preview.") }
    #expect(!board.isWatched(picture))
    #expect(told.wishes.withLock { $0.count } == before)
  }

  @Test func `there is room for so many pictures, and at the end for none`() async {
    var streams: [AsyncStream<PicturePreview>] = []
    for item in 0..<PreviewBoard.mostPictures {
      streams.append(board.watch(PictureID(job: picture.job, item: item, index: 0), partials: 1))
    }
    for await _ in board.watch(picture, partials: 1) { Issue.record("It was watched.") }
    #expect(wanted.count == PreviewBoard.mostPictures)
    // Another viewer of one that is watched finds room.
    let known = PictureID(job: picture.job, item: 0, index: 0)
    let second = board.watch(known, partials: 2)
    #expect(wanted[known]?.partials == [1, 2])
    board.close()
    for await _ in second { Issue.record("There was no preview.") }
    for stream in streams { for await _ in stream { Issue.record("There was no preview.") } }
    for await _ in board.watch(known, partials: nil) { Issue.record("The board is closed.") }
  }

  @Test func `who asks now and then keeps a picture watched for a while`() async throws {
    board.keep(picture, for: .milliseconds(30))
    #expect(wanted == [picture: PreviewWish(continuously: true)])
    board.take(preview(0.5))
    #expect(board.newest(of: picture)?.done == 0.5)
    #expect(try await eventually { wanted.isEmpty && !board.isWatched(picture) })
  }

  @Test func `who only asks leaves room for who listens`() {
    for item in 0..<PreviewBoard.mostPictures {
      board.keep(PictureID(job: picture.job, item: item, index: 0), for: .seconds(60))
    }
    #expect(wanted.count == PreviewBoard.mostKept)
    let stream = board.watch(picture, partials: 1)
    #expect(board.isWatched(picture))
    withExtendedLifetime(stream) {}
    board.close()
  }

  @Test func `what was told earlier and comes later counts for nothing`() {
    var watches = PictureWatches()
    watches.take(.init(number: 2, pictures: [picture: PreviewWish(continuously: true)]))
    watches.take(.init(number: 1, pictures: [:]))
    #expect(watches.pictures.count == 1)
    watches.take(.init(number: 3, pictures: [:]))
    #expect(watches.isIdle)
  }
}
