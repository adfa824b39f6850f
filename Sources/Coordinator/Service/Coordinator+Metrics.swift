import Shared
import Store

extension Coordinator {
  /// All that is counted, in Prometheus' text format 0.0.4. Depths of queues come from the store, the rest from memory;
  /// what is counted in memory begins at 0 with each start, as counters of Prometheus may.
  package func metrics() async throws -> String {
    let (state, measures) = (snapshot.state, snapshot.measures)
    let (depths, jobs) = try await store.read { (try $0.queueDepths(), try $0.jobsByState()) }
    var text = MetricsText()
    text.add("atelier_tasks", "Tasks of jobs that have not ended, by stage and state.", .gauge) {
      for (stage, state, count) in depths {
        $0.value(Double(count), ["stage": stage.rawValue, "state": state.rawValue])
      }
    }
    text.add("atelier_jobs", "Jobs by state.", .gauge) {
      for (state, count) in jobs { $0.value(Double(count), ["state": state.rawValue]) }
    }
    text.add("atelier_workers", "Workers by pool and state.", .gauge) { text in
      var counts: [[String]: Int] = [:]
      for worker in state.registry.workers {
        let status = worker.status(names: state.modelNames, heartbeat: settings.heartbeat, at: .now)
        counts[[status.pool.rawValue, status.state.rawValue], default: 0] += 1
      }
      for (key, count) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        text.value(Double(count), ["pool": key[0], "state": key[1]])
      }
    }
    text.add("atelier_leases", "Tasks in workers' hands.", .gauge) {
      $0.value(Double(state.registry.workers.reduce(0) { $0 + $1.leases.count }))
    }
    let metrics = state.metrics
    for (name, help, counts) in [
      ("atelier_leases_total", "Tasks handed out.", metrics.leases),
      ("atelier_tasks_completed_total", "Tasks committed.", metrics.completed),
      ("atelier_task_failures_total", "Attempts that failed.", metrics.failures),
      ("atelier_task_retries_total", "Failed attempts that another follows.", metrics.retries),
      ("atelier_tasks_resumed_total", "Tasks handed out with a checkpoint to go on from.", metrics.resumed),
    ] {
      text.add(name, help, .counter) {
        for stage in Stage.allCases { $0.value(Double(counts[stage]), ["stage": stage.rawValue]) }
      }
    }
    for (name, help, count) in [
      ("atelier_results_stale_total", "Results that no longer counted.", metrics.stale),
      ("atelier_results_rejected_total", "Results that were damaged or malformed.", metrics.rejected),
      ("atelier_checkpoints_total", "States of unfinished tasks saved.", metrics.checkpoints),
      ("atelier_tasks_withdrawn_total", "Tasks taken back for the sake of other jobs.", metrics.withdrawn),
      ("atelier_artifacts_damaged_total", "Results of stages found damaged and made again.", metrics.damaged),
      ("atelier_pictures_total", "Pictures published.", metrics.pictures),
      ("atelier_picture_bytes_total", "Bytes of published pictures.", metrics.pictureBytes),
      ("atelier_messages_ignored_total", "Messages that were not their sender's to say.", measures.messagesIgnored),
      (
        "atelier_connections_refused_total", "Connections of workers whose keys are not listed.",
        admissions?.refusals ?? 0
      ),
      ("atelier_received_bytes_total", "Bytes received from workers.", measures.bytesReceived),
      ("atelier_sent_bytes_total", "Bytes sent to workers.", measures.bytesSent),
      ("atelier_turns_total", "Transactions of the coordinator.", measures.turns),
      ("atelier_turns_failed_total", "Transactions that the store refused.", metrics.failedTurns),
      ("atelier_events_total", "Messages and requests handled.", measures.events),
    ] {
      text.add(name, help, .counter) { $0.value(Double(count)) }
    }
    text.add("atelier_pictures_per_minute", "Pictures finished in the last minute of work.", .gauge) {
      let now = Moment.current.time
      $0.value(state.rates.values.reduce(0) { $0 + ($1.perMinute(at: now) ?? 0) })
    }
    text.add("atelier_store_working", "1 while the store works, 0 while it refuses.", .gauge) {
      $0.value(measures.trouble == nil ? 1 : 0)
    }
    text.add("atelier_expiry_halted", "1 while no pictures go by their age because the wall clock jumped.", .gauge) {
      $0.value(state.clock.jump == nil ? 0 : 1)
    }
    text.add("atelier_assignment_seconds", "From a free worker and ready work to an assignment.", .histogram) {
      $0.histogram(measures.assignmentSeconds)
    }
    text.add("atelier_turn_seconds", "Length of a transaction.", .histogram) { $0.histogram(measures.turnSeconds) }
    for (name, help, histograms) in [
      ("atelier_task_seconds", "Seconds that workers worked on tasks.", metrics.taskSeconds),
      ("atelier_step_seconds", "Seconds a step.", metrics.stepSeconds),
    ] {
      text.add(name, help, .histogram) {
        for stage in Stage.allCases { $0.histogram(histograms[stage], ["stage": stage.rawValue]) }
      }
    }
    return text.text
  }
}
