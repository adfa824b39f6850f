import Foundation
package import Hummingbird
import NIOCore
import Shared
import Synchronization

/// What is known of a request beside itself: from where it comes, and once that is settled, from whom.
package struct GatewayContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The other end's address, without the port; empty where there is no connection.
  let address: String
  private let settled = Settled()

  /// Shared by the copies of a context, so that those who were asked first can write down who it was.
  private final class Settled: Sendable {
    let requester = Mutex<Requester?>(nil)
  }

  package init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    address = source.channel.remoteAddress?.ipAddress ?? ""
  }

  /// Who asks; nil until somebody has looked, and where nobody needs to.
  var knownRequester: Requester? { settled.requester.withLock { $0 } }

  /// Who asks; somebody who may do nothing, where nobody has looked.
  var requester: Requester { knownRequester ?? Requester(owner: "", scopes: []) }

  /// What the path has in the place of a parameter, as it was meant: clients may write any character of it as percent
  /// and number (RFC 3986).
  ///
  /// - Throws: `invalidInput` if that is no text.
  func word(_ parameter: String) throws -> String {
    let text = try parameters.require(parameter)
    guard let word = text.removingPercentEncoding else {
      throw AtelierError(.invalidInput, "'\(text.prefix(200))' in the path is no text: it must be UTF-8.")
    }
    return word
  }

  func settle(_ requester: Requester) { settled.requester.withLock { $0 = requester } }
}
