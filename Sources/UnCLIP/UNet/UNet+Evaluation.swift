import Tensor

extension UNet {
  /// One evaluation.
  ///
  /// - Returns: `[pictures, outChannels, height, width]`.
  func callAsFunction(
    _ compute: Compute, _ x: Tensor, timestep: Int, addition: Tensor? = nil, context: Context = .none
  ) -> Tensor {
    evaluate(compute, x, timestep: timestep, addition: addition, context: context, deep: nil).output
  }

  /// One evaluation, or that of the highest resolution alone.
  ///
  /// - Parameters:
  ///   - x: `[pictures, inChannels, height, width]`.
  ///   - timestep: the same for all pictures.
  ///   - addition: `[pictures, 1, timeWidth]`, added to the time embedding if the model takes one.
  ///   - deep: what the levels below the highest gave for a similar `x`; left out, they are evaluated.
  /// - Returns: the output, `[pictures, outChannels, height, width]`, and what the levels below gave.
  func evaluate(
    _ compute: Compute, _ x: Tensor, timestep: Int, addition: Tensor?, context: Context, deep: Tensor?
  ) -> (output: Tensor, deep: Tensor) {
    let time = condition(compute, timestep, addition: addition, pictures: x.shape[0])
    let input = configuration.centersInput ? compute.combine(x, 2, ones(like: x), -1) : x
    var hidden = convIn(compute, input)
    var skips = [hidden]
    for layer in down[0].layers {
      hidden = run(layer, compute, hidden, time, context)
      skips.append(hidden)
    }
    let below = deep ?? lower(compute, hidden, time, context)
    hidden = below
    for layer in up[up.count - 1].layers {
      hidden = compute.concatenateChannels(hidden, skips.removeLast())
      hidden = run(layer, compute, hidden, time, context)
    }
    hidden = normOut(compute, hidden, activation: configuration.outActivation)
    return (convOut(compute, hidden), below)
  }

  /// The levels below the highest resolution, from its last layer on the way down to its first on the way up.
  private func lower(_ compute: Compute, _ x: Tensor, _ time: Tensor, _ context: Context) -> Tensor {
    var hidden = x
    var skips: [Tensor] = []
    func descend(_ resampler: ResnetBlock?) {
      guard let resampler else { return }
      hidden = resampler(compute, hidden, time: time)
      skips.append(hidden)
    }
    descend(down[0].resampler)
    for level in down.dropFirst() {
      for layer in level.layers {
        hidden = run(layer, compute, hidden, time, context)
        skips.append(hidden)
      }
      descend(level.resampler)
    }
    if let middle {
      hidden = middle.first(compute, hidden, time: time)
      if let attention = middleAttention {
        hidden = attention.layer(compute, hidden, context: entries(context, attention.index))
      }
      hidden = middle.second.block(compute, hidden, time: time)
    }
    for level in up.dropLast() {
      for layer in level.layers {
        hidden = compute.concatenateChannels(hidden, skips.removeLast())
        hidden = run(layer, compute, hidden, time, context)
      }
      if let resampler = level.resampler { hidden = resampler(compute, hidden, time: time) }
    }
    return hidden
  }

  private func run(
    _ layer: Layer, _ compute: Compute, _ x: Tensor, _ time: Tensor, _ context: Context
  ) -> Tensor {
    let hidden = layer.block(compute, x, time: time)
    guard let attention = layer.attention else { return hidden }
    return attention.layer(compute, hidden, context: entries(context, attention.index))
  }

  private func entries(_ context: Context, _ index: Int) -> [PixelAttention.Context] {
    context.layers.isEmpty ? [] : context.layers[index]
  }

  /// The time embedding of every picture, activated as the blocks take it.
  private func condition(
    _ compute: Compute, _ timestep: Int, addition: Tensor?, pictures: Int
  ) -> Tensor {
    let embedding = timeEmbedding(compute, timestep)
    var rows = Tensor.stack(Array(repeating: embedding, count: pictures))
    if let addition, configuration.takesAddition { rows = compute.add(rows, addition) }
    return configuration.skipsTimeActivation
      ? rows : compute.activate(rows, configuration.activation)
  }

  private func ones(like x: Tensor) -> Tensor {
    Tensor(Array(repeating: 1, count: x.count), shape: x.shape)
  }
}
