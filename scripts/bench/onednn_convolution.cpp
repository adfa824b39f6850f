// 3x3 convolutions of Karlo's shapes by oneDNN on one thread, weights reordered beforehand: GF/s counted as direct.
// g++ -O2 scripts/bench/onednn_convolution.cpp -ldnnl -o onednn && OMP_NUM_THREADS=1 ./onednn
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

using namespace dnnl;

static double rate(engine &e, stream &s, memory::dim n, memory::dim in, memory::dim out, memory::dim side, algorithm algorithm) {
  using tag = memory::format_tag;
  auto f32 = memory::data_type::f32;
  memory::desc x({n, in, side, side}, f32, tag::any), w({out, in, 3, 3}, f32, tag::any), y({n, out, side, side}, f32, tag::any);
  memory::dims ones{1, 1};
  try {
    convolution_forward::desc desc(prop_kind::forward_inference, algorithm, x, w, y, ones, ones, ones);
    convolution_forward::primitive_desc primitive(desc, e);
    convolution_forward convolution(primitive);
    memory mx(primitive.src_desc(), e), mw(primitive.weights_desc(), e), my(primitive.dst_desc(), e);
    std::fill_n(static_cast<float *>(mx.get_data_handle()), primitive.src_desc().get_size() / 4, 0.5f);
    std::fill_n(static_cast<float *>(mw.get_data_handle()), primitive.weights_desc().get_size() / 4, 0.25f);
    double best = 1e9;
    for (int round = 0; round < 6; round++) {
      auto start = std::chrono::steady_clock::now();
      convolution.execute(s, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_WEIGHTS, mw}, {DNNL_ARG_DST, my}});
      s.wait();
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return 2.0 * double(n * in * out * 9 * side * side) / best / 1e9;
  } catch (const error &) {
    return 0;  // It has none of this kind for this shape or processor.
  }
}

int main() {
  engine e(engine::kind::cpu, 0);
  stream s(e);
  const long shapes[][4] = {{2, 320, 320, 64}, {2, 640, 640, 32}, {2, 1280, 640, 32}, {2, 960, 960, 16},
                            {2, 1280, 1280, 8}, {1, 320, 320, 128}, {1, 320, 320, 256}};
  for (auto &[n, in, out, side] : shapes)
    std::printf("%ld x %ld->%ld %ldx%ld: direct %.0f GF/s, winograd %.0f GF/s\n", n, in, out, side, side,
                rate(e, s, n, in, out, side, algorithm::convolution_direct),
                rate(e, s, n, in, out, side, algorithm::convolution_winograd));
}
