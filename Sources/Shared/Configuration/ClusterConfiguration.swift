/// The settings of `cluster.yaml`. Every setting has a default, so an empty or absent file is valid.
package struct ClusterConfiguration: Sendable, Equatable {
  package var coordinator = Coordinator()
  package var worker = Worker()
  package var up = Up()
  package var security = Security()
  package var limits = Limits()
  /// Models by name: where their folders are on this machine.
  package var models: [Model] = []
  /// The model of a submission that names none; by default the first of `models`.
  package var defaultModel: String?

  /// The section `coordinator`: where things are, and how workers and failures are treated.
  package struct Coordinator: Sendable, Equatable {
    /// The folder of the database and the pictures.
    package var data = "data"
    /// Where HTTP is served, `host:port`.
    package var http = "127.0.0.1:8080"
    /// Where workers connect, a ZeroMQ address.
    package var work = "tcp://127.0.0.1:5555"
    /// How often a worker reports.
    package var heartbeat = Duration.seconds(2)
    /// After so long without a message a worker has lost its tasks; at least twice the heartbeat.
    package var silence = Duration.seconds(20)
    /// A worker whose tasks have not got on for so long, or for ten of their steps if that is longer, loses them.
    package var stall = Duration.seconds(600)
    /// How often the state of a running task is saved: what a worker's death costs at most, beside the step that it
    /// is in.
    package var checkpoint = Duration.seconds(10)
    /// How often a task may fail before its image has failed.
    package var attempts = 3
    /// The pause after the first failure; doubled with each further one, up to a minute.
    package var backoff = Duration.seconds(2)
    /// Images that may wait between the prior and the decoder pool.
    package var embeddedAhead = 256
    /// How long a job may wait behind others before it is served something all the same.
    package var patience = Duration.seconds(60)
    /// The part of what workers are handed that goes to interactive jobs first, from 0 to 1.
    package var interactiveShare = 1.0
    /// The least time from one preview of a worker to the next.
    package var previewInterval = Duration.milliseconds(500)
    /// Failures in a row, while others succeed, upon which a worker is in quarantine.
    package var quarantineAfter = 3
    /// The pause before a worker in quarantine is tried with one task.
    package var canary = Duration.seconds(30)
    /// The share of tasks, from 0 to 1, that another worker makes too, so that a broken one is found; with 0 nothing is
    /// made twice.
    package var checkShare = 0.005
    /// Days for which the pictures of an ended job are kept; nil for ever.
    package var keepPicturesDays: Int?
  }

  /// The section `worker`, for workers that are started on this machine.
  package struct Worker: Sendable, Equatable {
    /// Processor threads; nil means as many as the machine has cores.
    package var threads: Int?
    /// Tasks held at once: a prior works on all of them, a decoder on one, or with small models on one a thread. The
    /// others wait, so that a worker is never idle for a round trip.
    package var capacity = 4
  }

  /// The section `up`: how many workers of each pool `atelier up` starts.
  package struct Up: Sendable, Equatable {
    package var prior = 1
    package var decoder = 1
  }

  /// An entry of `models`: what submissions call a model, and where its folder is, absolute once it was read.
  package struct Model: Sendable, Equatable {
    package var name: String
    package var path: String

    package init(name: String, path: String) {
      self.name = name
      self.path = path
    }
  }

  package init() {}
}
