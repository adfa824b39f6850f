package import Foundation
package import Shared
import Store

/// A file of the OpenAI API on its way to the disk. It goes with the object, unless it is kept. For one task at a time.
package final class IncomingFile: Sendable {
  let writer: FileFolder.Writer

  init(_ writer: FileFolder.Writer) { self.writer = writer }

  /// In bytes, so far.
  package var size: Int { writer.size }

  /// Writes the next bytes. Blocks.
  ///
  /// - Throws: `system`.
  package func append(_ bytes: Data) throws(AtelierError) { try writer.append(bytes) }
}
