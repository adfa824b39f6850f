import Foundation
import Logging
import Shared
import Store

/// What goes by its age: pictures of jobs that ended long ago, and files that nobody names.
extension Turn {
  /// Compares the clocks, notes the wall clock now and then, and looks once an hour for what is to go.
  mutating func retain() throws {
    if state.clock.look(at: now), let jump = state.clock.jump {
      log(jump.level(settings), "the wall clock jumped", ["reason": "\(jump.message)"])
      try noteClock()
    }
    if state.clockNoted.map({ now.instant - $0 >= .seconds(600) }) ?? true { try noteClock() }
    if state.nextSweep.map({ $0 <= now.instant }) ?? true { try sweep() }
    if state.nextLook.map({ $0 <= now.instant }) ?? true { try letGo() }
  }

  /// Lets go of jobs that were to be kept for a time. Looks every few minutes, since such a time is about an hour; where
  /// there are many, in each turn. Also while the clock is not believed: their clients were told by it for how long.
  private mutating func letGo() throws {
    let limit = settings.removalsPerTurn
    let expired = try store.expireJobs(limit: limit, at: now.time)
    for (job, number) in expired {
      log(.info, "job is no longer kept", ["job": "\(job)"])
      state.begin(.abandoned(job: number))
    }
    if !expired.isEmpty { perform(.removePictures(expired.map(\.id))) }
    state.nextLook = now.instant + (expired.count == limit ? .zero : .seconds(300))
  }

  private mutating func noteClock() throws {
    try store.note(ClockRecord(notedAt: now.time, jump: state.clock.jump))
    state.clockNoted = now.instant
  }

  /// Lets go of the pictures of jobs that ended long ago, unless the clock is not believed; goes on with what somebody
  /// who died has begun. So many jobs a turn that nobody waits for, and then again in the next.
  private mutating func sweep() throws {
    let limit = settings.removalsPerTurn
    var expired: [JobID] = []
    if state.clock.jump == nil, let time = expiryTime {
      expired = try store.expirePictures(endedBefore: time, limit: limit, at: now.time)
      for job in expired { log(.info, "pictures are no longer kept", ["job": "\(job)"]) }
    }
    if !state.isSweeping { perform(.lookForSources) }
    let removals = try store.removals(after: state.sweptTo, limit: limit)
    perform(.removePictures(expired + removals.filter { !expired.contains($0) }))
    // What cannot be removed is passed over until the next sweep, so that it does not stand before the others.
    state.sweptTo = removals.count == limit ? removals.last : nil
    state.isSweeping = state.sweptTo != nil || expired.count == limit
    state.nextSweep = state.isSweeping ? now.instant : now.instant + .seconds(3600)
  }

  /// Pictures of jobs that ended before this are no longer kept, in seconds since 1970; nil if all are.
  private var expiryTime: Double? { settings.keepPicturesDays.map { now.time - Double($0) * 86_400 } }

  /// The pictures of jobs are out of the way: nobody needs to go on with that.
  mutating func removed(picturesOf jobs: [JobID]) throws {
    for job in jobs { try store.endRemoval(of: job) }
  }

  /// Files were found in the folder of sources: those that no request names may go.
  mutating func found(sources digests: [String]) throws {
    let unnamed = try digests.filter { try !store.isNamed(source: $0) }
    if !unnamed.isEmpty { perform(.removeSources(unnamed, at: now.instant)) }
  }

  /// Files are gone: they count as nobody's uploads.
  mutating func removed(sources digests: [String]) throws {
    for digest in digests { try store.forgetUploads(of: digest) }
  }

  /// A person says that the wall clock is right: what is old by it goes, from this turn on.
  mutating func confirmClock() throws {
    state.clock.believe(now)
    state.nextSweep = nil
    try noteClock()
  }

  /// What would go now, and why it does not.
  func expiry() throws -> ExpiryStatus {
    let due = try expiryTime.map { try store.expiringJobs(endedBefore: $0, limit: ExpiryStatus.named) }
    return ExpiryStatus(
      keepPicturesDays: settings.keepPicturesDays, halted: state.clock.jump?.message,
      clock: Date(timeIntervalSince1970: now.time),
      jobs: due?.count ?? 0,
      first: (due?.first ?? []).map {
        ExpiryStatus.Job(id: $0.job, finishedAt: Date(timeIntervalSince1970: $0.finishedAt))
      })
  }
}
