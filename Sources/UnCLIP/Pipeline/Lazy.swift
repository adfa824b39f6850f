import Synchronization

/// A value made when it is first asked for, once. A failure is not kept: the next access tries again.
final class Lazy<Value: Sendable>: Sendable {
  private let make: @Sendable () throws -> Value
  private let made = Mutex<Value?>(nil)

  init(_ make: @escaping @Sendable () throws -> Value) { self.make = make }

  var value: Value {
    get throws {
      try made.withLock { made in
        if let made { return made }
        let new = try make()
        made = new
        return new
      }
    }
  }
}
