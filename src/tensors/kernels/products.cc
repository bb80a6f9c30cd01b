// The products of linear layers on processors with AVX-512:
//
//   WhenceProduct   x W + b, with W as it is stored: [in, out] or [out, in]
//
// A panel of weights is packed into a thread's own cache, transposed on the way where that is needed, and all rows pass
// over it (Goto & van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication"). So the product with a
// transposed weight, of which every pullback has one, is as fast as the other, and a weight is read from memory once.
// Each number is summed in an order that the depth alone decides: a row's do not depend on what other rows there are.

#include <immintrin.h>

#include "tf.h"

namespace whence {
namespace {

#define AVX512 __attribute__((target("avx512f")))

constexpr int64_t kLanes = 16;
constexpr int64_t kVectors = 3;                   // of a strip
constexpr int64_t kStrip = kVectors * kLanes;     // columns whose sums stay in registers
constexpr int64_t kPanel = 2 * kStrip;            // columns of a task
constexpr int64_t kDepth = 384;                   // of what is packed at once: with a panel's columns, 147 kB
constexpr int64_t kTile = 8;                      // rows whose sums stay in registers
constexpr int64_t kFewestRows = 8 * kTile;        // of a task: fewer would pack more than they multiply

struct Product {
  const float* x;       // [rows, depth]
  const float* weight;  // [depth, columns]; `transposed`: [columns, depth]
  const float* bias;    // [columns]; null: none
  float* y;             // [rows, columns]
  int64_t depth, columns;
  bool transposed;
};

inline __mmask16 lanes_of(int64_t count) {
  return count >= kLanes ? 0xffff : count <= 0 ? 0 : static_cast<__mmask16>((1u << count) - 1);
}

// Rows of weights to packed [depth, kStrip], columns beyond `count` as zeros.
AVX512 void pack(const float* weight, int64_t stride, int64_t depth, int64_t count, float* packed) {
  for (int64_t k = 0; k < depth; k++) {
    for (int64_t v = 0; v < kStrip; v += kLanes) {
      const __m512 row = _mm512_maskz_loadu_ps(lanes_of(count - v), weight + k * stride + v);
      _mm512_store_ps(packed + k * kStrip + v, row);
    }
  }
}

// Transposes 16 rows of 16 numbers: by pairs, fours, and twice by quarters.
AVX512 inline void transpose(__m512 row[kLanes]) {
  __m512 other[kLanes];
  for (int i = 0; i < 16; i += 2) {
    other[i] = _mm512_unpacklo_ps(row[i], row[i + 1]);
    other[i + 1] = _mm512_unpackhi_ps(row[i], row[i + 1]);
  }
  const auto low = [](__m512 a, __m512 b) AVX512 {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  };
  const auto high = [](__m512 a, __m512 b) AVX512 {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  };
  for (int i = 0; i < 16; i += 4) {
    row[i] = low(other[i], other[i + 2]);
    row[i + 1] = high(other[i], other[i + 2]);
    row[i + 2] = low(other[i + 1], other[i + 3]);
    row[i + 3] = high(other[i + 1], other[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    other[i] = _mm512_shuffle_f32x4(row[i], row[i + 4], 0x88);
    other[i + 4] = _mm512_shuffle_f32x4(row[i], row[i + 4], 0xdd);
    other[i + 8] = _mm512_shuffle_f32x4(row[i + 8], row[i + 12], 0x88);
    other[i + 12] = _mm512_shuffle_f32x4(row[i + 8], row[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    row[i] = _mm512_shuffle_f32x4(other[i], other[i + 8], 0x88);
    row[i + 8] = _mm512_shuffle_f32x4(other[i], other[i + 8], 0xdd);
  }
}

// As `pack`, of weights whose rows are columns of the product.
AVX512 void pack_transposed(const float* weight, int64_t stride, int64_t depth, int64_t count, float* packed) {
  for (int64_t v = 0; v < kStrip; v += kLanes) {
    for (int64_t k = 0; k < depth; k += kLanes) {
      const int64_t left = std::min(kLanes, depth - k);
      __m512 row[kLanes];
      for (int64_t i = 0; i < kLanes; i++) {
        const __mmask16 lanes = v + i < count ? lanes_of(left) : 0;
        row[i] = _mm512_maskz_loadu_ps(lanes, weight + (v + i) * stride + k);
      }
      transpose(row);
      for (int64_t i = 0; i < left; i++) _mm512_store_ps(packed + (k + i) * kStrip + v, row[i]);
    }
  }
}

// R rows of a strip of y, set (`first`) or added to.
template <int R>
AVX512 void tile(const Product& p, const float* x, const float* packed, int64_t depth, int64_t column, int64_t count,
                 bool first, float* y) {
  __m512 sum[R][kVectors];
  __mmask16 lanes[kVectors];
  for (int v = 0; v < kVectors; v++) {
    lanes[v] = lanes_of(count - v * kLanes);
    const __m512 bias = p.bias == nullptr ? _mm512_setzero_ps()
                                          : _mm512_maskz_loadu_ps(lanes[v], p.bias + column + v * kLanes);
    for (int r = 0; r < R; r++) {
      sum[r][v] = first ? bias : _mm512_maskz_loadu_ps(lanes[v], y + r * p.columns + v * kLanes);
    }
  }
  for (int64_t k = 0; k < depth; k++) {
    __m512 weight[kVectors];
    for (int v = 0; v < kVectors; v++) weight[v] = _mm512_load_ps(packed + k * kStrip + v * kLanes);
    for (int r = 0; r < R; r++) {
      const __m512 entry = _mm512_set1_ps(x[r * p.depth + k]);
      for (int v = 0; v < kVectors; v++) sum[r][v] = _mm512_fmadd_ps(entry, weight[v], sum[r][v]);
    }
  }
  for (int r = 0; r < R; r++) {
    for (int v = 0; v < kVectors; v++) _mm512_mask_storeu_ps(y + r * p.columns + v * kLanes, lanes[v], sum[r][v]);
  }
}

using Tile = void (*)(const Product&, const float*, const float*, int64_t, int64_t, int64_t, bool, float*);
constexpr Tile kTiles[] = {nullptr, tile<1>, tile<2>, tile<3>, tile<4>, tile<5>, tile<6>, tile<7>, tile<8>};

// Rows first_row .. end_row - 1 of the columns column .. end - 1, at most a panel of them.
void panel(const Product& p, int64_t first_row, int64_t end_row, int64_t column, int64_t end, float* packed) {
  for (int64_t k = 0; k < p.depth; k += kDepth) {
    const int64_t depth = std::min(kDepth, p.depth - k);
    for (int64_t c = column; c < end; c += kStrip) {
      float* strip = packed + (c - column) * kDepth;
      const int64_t count = std::min(kStrip, end - c);
      if (p.transposed) pack_transposed(p.weight + c * p.depth + k, p.depth, depth, count, strip);
      else pack(p.weight + k * p.columns + c, p.columns, depth, count, strip);
    }
    for (int64_t row = first_row; row < end_row; row += kTile) {
      const Tile multiply = kTiles[std::min(kTile, end_row - row)];
      for (int64_t c = column; c < end; c += kStrip) {
        multiply(p, p.x + row * p.depth + k, packed + (c - column) * kDepth, depth, c, std::min(kStrip, end - c),
                 k == 0, p.y + row * p.columns + c);
      }
    }
  }
}

struct Aligned {
  float* numbers = static_cast<float*>(std::aligned_alloc(64, kPanel * kDepth * sizeof(float)));
  ~Aligned() { std::free(numbers); }
};

// x [rows, depth], weight [depth, columns] (`transposed`: [columns, depth]), bias [columns] or [0] -> y [rows, columns]
void product(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* x = call.input(0);
  const TF_Tensor* weight = call.input(1);
  const TF_Tensor* bias = call.input(2);
  if (!call.ok()) return;
  const bool transposed = *static_cast<bool*>(kernel);
  const int64_t rows = TF_Dim(x, 0), depth = TF_Dim(x, 1), columns = TF_Dim(weight, transposed ? 0 : 1);
  call.require(TF_Dim(weight, transposed ? 1 : 0) == depth, "rows and weights do not fit");
  call.require(TF_Dim(bias, 0) == columns || TF_Dim(bias, 0) == 0, "the bias does not fit the weights");
  call.require(depth > 0, "there is nothing to sum");
  if (!call.ok()) return;
  float* y = call.output<float>(0, kFloat, {rows, columns});
  if (y == nullptr || rows == 0) return;
  const float* b = TF_Dim(bias, 0) == 0 ? nullptr : data<float>(bias);
  const Product p{data<float>(x), data<float>(weight), b, y, depth, columns, transposed};
  // Of panels alone where there are enough for all threads, else of rows, too.
  const int64_t panels = (columns + kPanel - 1) / kPanel, wanted = 4 * pool().threads();
  const int64_t most = std::max<int64_t>(1, rows / kFewestRows);
  const int64_t blocks = std::min(most, (wanted + panels - 1) / panels);
  pool().each(panels * blocks, [&](int64_t task) {
    static thread_local Aligned packed;
    const int64_t column = task / blocks * kPanel, block = task % blocks;
    panel(p, rows * block / blocks, rows * (block + 1) / blocks, column, std::min(columns, column + kPanel),
          packed.numbers);
  });
}

void* create_product(TF_OpKernelConstruction* construction) {
  return new bool(bool_attribute(construction, "transposed"));
}

void destroy_product(void* kernel) { delete static_cast<bool*>(kernel); }

}  // namespace

const std::vector<Op> kProductOps = {
    {"WhenceProduct", {"transposed: bool"}, {"x: float", "weight: float", "bias: float"}, {"y: float"}, create_product,
     product, destroy_product},
};

}  // namespace whence
