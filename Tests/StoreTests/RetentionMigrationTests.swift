import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// What an earlier version has left of pictures and files that go.
@Suite struct RetentionMigrationTests {
  private let folder: TemporaryFolder
  private let digest = String(repeating: "c", count: 64)

  /// Three jobs whose pictures went at 100: one as it was left then, one of which a retry has made a picture since, and
  /// one that is tried again. The second names a file.
  init() throws {
    folder = try TemporaryFolder()
    let old = try DatabaseQueue(path: folder.path + "/atelier.sqlite")
    try Migrations.all.migrate(old, upTo: "7: parameters by name, sizes that may be absent, passes of checkpoints")
    let operation = #"{"kind":"vary","image":"sha256:\#(digest)#a.png","invert":false}"#
    try old.write { db in
      try db.execute(
        sql: """
          INSERT INTO models VALUES ('d', 'm', 8, 8, '{}', 1, 1, 1);
          INSERT INTO parameter_sets VALUES (1, '{}');
          INSERT INTO jobs (seq, id, name, state, priority, model, created_at, finished_at, items, pictures_removed_at)
            VALUES (1, 'job-left', 'a', 'completed', 0, 'd', 1, 2, 1, 100),
              (2, 'job-retried', 'b', 'completed', 0, 'd', 1, 200, 2, 100),
              (3, 'job-active', 'c', 'active', 0, 'd', 1, NULL, 1, 100);
          INSERT INTO items (id, job, position, line, prompt, seed, images, parameters)
            VALUES (1, 1, 0, 1, 'a', 1, 1, 1), (2, 2, 0, 1, 'b', 1, 1, 1), (3, 2, 1, 2, 'c', 1, 1, 1),
              (4, 3, 0, 1, 'd', 1, 1, 1);
          INSERT INTO images (id, job, item, position, state, file, sha256, finished_at)
            VALUES (1, 1, 1, 0, 'completed', 'f1', 's', 2), (2, 2, 2, 0, 'completed', 'f2', 's', 2),
              (3, 2, 3, 0, 'completed', 'f3', 's', 200), (4, 3, 4, 0, 'pending', NULL, NULL, NULL);
          """)
      try db.execute(sql: "UPDATE items SET operation = ? WHERE id = 3", arguments: [operation])
    }
    try old.close()
  }

  @Test func `pictures that a retry made after a removal are kept, and others' files go`() throws {
    let store = try Store(folder: folder.path)
    func isKept(_ job: String, _ item: Int) throws -> Bool? {
      try store.read { try $0.pictureFile(job: JobID(job), item: item, index: 0)?.isKept }
    }
    #expect(try isKept("job-left", 0) == false)
    #expect(try isKept("job-retried", 0) == false)
    #expect(try isKept("job-retried", 1) == true)
    #expect(try store.read { try $0.removals() } == [JobID("job-left")])
    #expect(try store.read { try $0.clock() } == nil)
    // What was made since goes when it is old itself.
    let gone = try store.write { try $0.expirePictures(endedBefore: 201, at: 300) }
    #expect(gone == [JobID("job-retried")])
    try store.close()
  }

  @Test func `files that items name are known by their digests`() throws {
    let store = try Store(folder: folder.path)
    #expect(try store.read { try $0.isNamed(source: digest) })
    #expect(try store.read { try !$0.isNamed(source: String(repeating: "d", count: 64)) })
    try store.close()
  }
}
