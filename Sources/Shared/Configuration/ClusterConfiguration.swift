/// The settings of `cluster.yaml`. Every setting has a default, so an empty or absent file is valid.
package struct ClusterConfiguration: Sendable, Equatable {
  package var coordinator = Coordinator()
  package var worker = Worker()
  package var up = Up()
  /// Models by name: where their folders are on this machine.
  package var models: [Model] = []
  /// The model of a submission that names none; by default the first of `models`.
  package var defaultModel: String?

  package struct Coordinator: Sendable, Equatable {
    /// The folder of the database and the pictures.
    package var data = "data"
    /// Where HTTP is served, `host:port`.
    package var http = "127.0.0.1:8080"
    /// Where workers connect, a ZeroMQ address.
    package var work = "tcp://127.0.0.1:5555"
    package var heartbeat = Duration.seconds(2)
    package var silence = Duration.seconds(20)
    package var checkpoint = Duration.seconds(10)
    package var attempts = 3
    package var backoff = Duration.seconds(2)
    package var embeddedAhead = 256
    /// How long a job may wait behind others of higher priority before it is served something all the same.
    package var patience = Duration.seconds(60)
    /// Failures in a row, while others succeed, upon which a worker is set apart.
    package var quarantineAfter = 3
    /// The pause before a worker that was set apart is tried with one task.
    package var canary = Duration.seconds(30)
    /// Days for which the pictures of an ended job are kept; nil for ever.
    package var keepPicturesDays: Int?
  }

  package struct Worker: Sendable, Equatable {
    /// Processor threads; nil means as many as the machine has cores.
    package var threads: Int?
    /// Tasks held at once: one runs, the others wait, so that a worker is never idle for a round trip.
    package var capacity = 4
  }

  package struct Up: Sendable, Equatable {
    package var prior = 1
    package var decoder = 1
  }

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
