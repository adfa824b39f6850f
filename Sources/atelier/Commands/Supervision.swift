import Shared

/// What becomes of the children of `atelier up`, decided without doing it: a value whose methods take what happened and
/// return actions. The first child is the coordinator.
///
/// A child that dies is started again after a second, and after twice as long each time that it does not stay up. A
/// worker that has left in order, as after `atelier drain`, is missed by nobody.
struct Supervision {
  /// How a process ended.
  enum Ending: Equatable, Sendable {
    /// With an exit status.
    case status(Int32)
    case signal(Int32)
    /// The system could not start it.
    case unstarted
  }

  /// What is to be done, in this order.
  enum Action: Equatable {
    case start(Int)
    /// Ask a child to leave: SIGTERM. The second time means to drop what it works on.
    case ask(Int)
    /// End a child at once.
    case kill(Int)
    /// A child will be started again after so long.
    case pause(Int, Duration)
    /// A worker has left and is not replaced.
    case left(Int)
    /// All are gone.
    case finish
  }

  /// Where a child stands.
  private enum State: Equatable {
    case running(since: Instant)
    /// Dead, to be started at that time.
    case waiting(until: Instant)
    case gone
  }

  typealias Instant = ContinuousClock.Instant

  /// A process that lives shorter than this has not really started.
  static let shortLife = Duration.seconds(5)
  private static let pauses = (first: Duration.seconds(1), longest: Duration.seconds(60))

  private var states: [State]
  /// Deaths in a row, each after a short life.
  private var quickDeaths: [Int]
  private var asked: [Bool]
  private(set) var isStopping = false

  /// - Parameter children: how many, the coordinator included. All are to be started.
  init(children: Int, at now: Instant) {
    states = Array(repeating: .waiting(until: now), count: children)
    quickDeaths = Array(repeating: 0, count: children)
    asked = Array(repeating: false, count: children)
  }

  /// When ``due(at:)`` next has something to do; nil if nothing waits.
  var nextDue: Instant? {
    states.compactMap { if case .waiting(let time) = $0 { time } else { nil } }.min()
  }

  private var running: [Int] {
    states.indices.filter { if case .running = states[$0] { true } else { false } }
  }

  /// Starts what it is time for. What cannot be started is then said to have ``ended(_:_:at:)``.
  mutating func due(at now: Instant) -> [Action] {
    guard !isStopping else { return [] }
    var actions: [Action] = []
    for index in states.indices {
      guard case .waiting(let time) = states[index], time <= now else { continue }
      states[index] = .running(since: now)
      actions.append(.start(index))
    }
    return actions
  }

  /// A child has died, or left.
  mutating func ended(_ index: Int, _ ending: Ending, at now: Instant) -> [Action] {
    guard case .running(let since) = states[index] else { return [] }
    guard !isStopping else {
      states[index] = .gone
      // Without a coordinator no worker gets the answers that it waits for.
      return index == 0 ? running.map { .ask($0) } + stopNext() : stopNext()
    }
    if index > 0, ending == .status(0) {
      states[index] = .gone
      return [.left(index)]
    }
    quickDeaths[index] = now - since < Self.shortLife ? quickDeaths[index] + 1 : 0
    let pause = min(Self.pauses.first * (1 << min(max(0, quickDeaths[index] - 1), 10)), Self.pauses.longest)
    states[index] = .waiting(until: now + pause)
    return [.pause(index, pause)]
  }

  /// Asks the workers to leave, so that they can still hand in what they finish, and once they are gone the
  /// coordinator. Does nothing the second time.
  mutating func stop() -> [Action] {
    guard !isStopping else { return [] }
    isStopping = true
    for index in states.indices { if case .waiting = states[index] { states[index] = .gone } }
    return stopNext()
  }

  /// Ends all children at once.
  mutating func kill() -> [Action] {
    stop() + running.map { .kill($0) }
  }

  private mutating func stopNext() -> [Action] {
    guard !running.isEmpty else { return [.finish] }
    var actions: [Action] = []
    for index in running where (index > 0 || running == [0]) && !asked[index] {
      asked[index] = true
      actions.append(.ask(index))
    }
    return actions
  }
}
