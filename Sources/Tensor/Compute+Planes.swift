import CKernels

extension Compute {
  /// Average over 2 x 2 windows: `[pictures, channels, height / 2, width / 2]`.
  package func averagePool2x2(_ x: Tensor) -> Tensor {
    return measured(.resampling) {
      let (height, width) = (x.shape[2], x.shape[3])
      let result = Tensor(uninitialized: [x.shape[0], x.shape[1], height / 2, width / 2])
      overPlanes(x.shape[0] * x.shape[1]) { plane in
        ck_average_pool_2x2(
          x.base + plane * height * width, height, width,
          result.unsharedBase + plane * (height / 2) * (width / 2))
      }
      return result
    }
  }

  /// Each pixel repeated 2 x 2: `[pictures, channels, 2 height, 2 width]`.
  package func upsampleNearest2x2(_ x: Tensor) -> Tensor {
    return measured(.resampling) {
      let (height, width) = (x.shape[2], x.shape[3])
      let result = Tensor(uninitialized: [x.shape[0], x.shape[1], height * 2, width * 2])
      overPlanes(x.shape[0] * x.shape[1]) { plane in
        ck_upsample_nearest_2x2(
          x.base + plane * height * width, height, width,
          result.unsharedBase + plane * 4 * height * width)
      }
      return result
    }
  }

  /// The channels of `x` followed by those of `y`, picture by picture.
  package func concatenateChannels(_ x: Tensor, _ y: Tensor) -> Tensor {
    return measured(.joining) {
      let pictures = x.shape[0]
      let (first, second) = (x.count / pictures, y.count / pictures)
      let result = Tensor(
        uninitialized: [pictures, x.shape[1] + y.shape[1], x.shape[2], x.shape[3]])
      run(pictures * 2) { item in
        let (picture, half) = item.quotientAndRemainder(dividingBy: 2)
        let out = result.unsharedBase + picture * (first + second)
        if half == 0 {
          out.update(from: x.base + picture * first, count: first)
        } else {
          (out + first).update(from: y.base + picture * second, count: second)
        }
      }
      return result
    }
  }

  private func overPlanes(_ planes: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let tile = Self.tile(planes, limit: 16, multiple: 1)
    run(tile.count) { item in
      for plane in item * tile.size..<min(planes, (item + 1) * tile.size) { body(plane) }
    }
  }
}
