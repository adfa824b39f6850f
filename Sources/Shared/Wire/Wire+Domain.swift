extension TaskAttempt {
  package init(_ wire: Wire.TaskAttempt) {
    self.init(task: Int64(bitPattern: wire.task), attempt: Int(wire.attempt))
  }

  package var wire: Wire.TaskAttempt {
    var wire = Wire.TaskAttempt()
    wire.task = UInt64(bitPattern: task)
    wire.attempt = UInt32(truncatingIfNeeded: attempt)
    return wire
  }
}

extension Pool {
  package init?(_ wire: Atelier_Cluster_V1_Pool) {
    switch wire {
    case .prior: self = .prior
    case .decoder: self = .decoder
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }

  package var wire: Atelier_Cluster_V1_Pool {
    switch self {
    case .prior: .prior
    case .decoder: .decoder
    }
  }
}

extension Stage {
  package init?(_ wire: Atelier_Cluster_V1_Stage) {
    switch wire {
    case .embed: self = .embed
    case .denoise: self = .denoise
    case .upsample: self = .upsample
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }

  package var wire: Atelier_Cluster_V1_Stage {
    switch self {
    case .embed: .embed
    case .denoise: .denoise
    case .upsample: .upsample
    }
  }
}

extension RenderParameters {
  /// Zero steps mean that the sender said nothing.
  package init(_ wire: Wire.Parameters) {
    guard wire.priorSteps > 0 else {
      self.init()
      return
    }
    self.init(
      priorSteps: Int(wire.priorSteps), decoderSteps: Int(wire.decoderSteps),
      superResSteps: Int(wire.superResSteps),
      priorGuidance: wire.priorGuidance, decoderGuidance: wire.decoderGuidance, sampler: SamplerName(wire.sampler),
      eta: wire.sampler == .ddim ? wire.eta : nil,
      decoderGuidanceStart: wire.decoderGuidanceStart == 0 ? nil : wire.decoderGuidanceStart,
      decoderGuidanceEnd: wire.decoderGuidanceEnd == 0 ? nil : wire.decoderGuidanceEnd,
      cacheInterval: wire.cacheInterval == 0 ? nil : Int(wire.cacheInterval))
  }

  package var wire: Wire.Parameters {
    let full = filled(from: .karlo)
    var wire = Wire.Parameters()
    wire.priorSteps = UInt32(clamping: full.priorSteps ?? 0)
    wire.decoderSteps = UInt32(clamping: full.decoderSteps ?? 0)
    wire.superResSteps = UInt32(clamping: full.superResSteps ?? 0)
    wire.priorGuidance = full.priorGuidance ?? 0
    wire.decoderGuidance = full.decoderGuidance ?? 0
    wire.sampler = (full.sampler ?? .ddpm).wire
    wire.eta = full.eta ?? 0
    wire.decoderGuidanceStart = full.decoderGuidanceStart ?? 0
    wire.decoderGuidanceEnd = full.decoderGuidanceEnd ?? 0
    wire.cacheInterval = UInt32(clamping: full.cacheInterval ?? 0)
    return wire
  }
}

extension SamplerName {
  init?(_ wire: Atelier_Cluster_V1_Sampler) {
    switch wire {
    case .ddpm: self = .ddpm
    case .ddim: self = .ddim
    case .dpmSolver: self = .solver
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }

  var wire: Atelier_Cluster_V1_Sampler {
    switch self {
    case .ddpm: .ddpm
    case .ddim: .ddim
    case .solver: .dpmSolver
    }
  }
}

extension ModelInfo {
  package init(_ wire: Wire.Model) {
    self.init(
      name: wire.name, digest: wire.digest,
      size: PictureSize(width: Int(wire.pictureWidth), height: Int(wire.pictureHeight)),
      defaults: RenderParameters(wire.defaults).filled(from: .karlo), readsPictures: wire.readsPictures,
      hasPrior: !wire.lacksPrior)
  }

  package var wire: Wire.Model {
    var wire = Wire.Model()
    wire.name = name
    wire.digest = digest
    wire.pictureWidth = UInt32(clamping: size.width)
    wire.pictureHeight = UInt32(clamping: size.height)
    wire.defaults = defaults.wire
    wire.readsPictures = readsPictures
    wire.lacksPrior = !hasPrior
    return wire
  }
}
