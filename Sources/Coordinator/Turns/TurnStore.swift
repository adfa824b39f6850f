package import Store

/// Where turns happen: one transaction each. The store is one; the simulation's disk, which can be full or lose its
/// power, is another.
package protocol TurnStore: Sendable {
  /// Runs one transaction, durable when this returns. If it throws, nothing of it happened.
  func write<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value

  /// Asks without changing.
  func read<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value
}

extension Store: TurnStore {}
