import CKernels

extension Compute {
  /// Group normalisation (Wu and He, 2018), an optional scale and shift a channel, an activation,
  /// in one pass over memory that is in cache.
  ///
  /// - Parameters:
  ///   - x: `[pictures, channels, height, width]`, or any shape `[pictures, channels, ...]`.
  ///   - scaleShift: `[pictures, 2 channels]`: value · (1 + scale) + shift, the scales first.
  package func groupNorm(
    _ x: Tensor, groups: Int, gamma: Tensor, beta: Tensor, epsilon: Float,
    scaleShift: Tensor? = nil, activation: Activation = .identity
  ) -> Tensor {
    return measured(.groupNorm) {
      let (pictures, channels) = (x.shape[0], x.shape[1])
      let pixels = x.shape[2...].reduce(1, *)
      let width = channels / groups
      let result = Tensor(uninitialized: x.shape)
      let table = kernels.table
      run(pictures * groups) { item in
        let (picture, group) = item.quotientAndRemainder(dividingBy: groups)
        let channel = group * width
        let offset = (picture * channels + channel) * pixels
        let scale = scaleShift.map { $0.base + picture * 2 * channels + channel }
        table.group_norm(
          x.base + offset, result.unsharedBase + offset, width, pixels, gamma.base + channel,
          beta.base + channel, scale, scale.map { $0 + channels }, epsilon, activation.code)
      }
      return result
    }
  }

  /// Layer normalisation (Ba et al., 2016) of the last dimension.
  package func layerNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float) -> Tensor {
    return measured(.layerNorm) {
      let width = x.shape[x.shape.count - 1]
      let rows = x.count / width
      let result = Tensor(uninitialized: x.shape)
      let table = kernels.table
      let tile = Self.tile(rows, limit: 32, multiple: 1)
      run(tile.count) { item in
        for row in item * tile.size..<min(rows, (item + 1) * tile.size) {
          table.layer_norm(
            x.base + row * width, result.unsharedBase + row * width, width, gamma.base, beta.base,
            epsilon)
        }
      }
      return result
    }
  }
}
