// The products of linear layers:
//
//   WhenceProduct   x W + b, with W as it is stored: [in, out] or [out, in]
//
// A panel of weights is packed into a thread's own cache, transposed on the way where that is needed, and all rows pass
// over it (Goto & van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication"). So the product with a
// transposed weight, of which every pullback has one, is as fast as the other, and a weight is read from memory once.
// Each number is summed in an order that the depth alone decides: a row's do not depend on what other rows there are,
// nor on how wide the vectors of a processor are.

#include <utility>

#include "processor.h"
#include "tf.h"

namespace whence {
namespace {

constexpr int64_t kPanel = 96;   // columns of a task
constexpr int64_t kDepth = 384;  // of what is packed at once: with a panel's columns, 147 kB
constexpr int64_t kFewestRows = 64;  // of a task: fewer would pack more than they multiply

struct Product {
  const float* x;       // [rows, depth]
  const float* weight;  // [depth, columns]; `transposed`: [columns, depth]
  const float* bias;    // [columns]; null: none
  float* y;             // [rows, columns]
  int64_t depth, columns;
  bool transposed;
};

// Sums of R rows and V vectors of N numbers stay in the registers of a processor.
template <int N_, int V_, int R_>
struct Shape {
  static constexpr int N = N_, V = V_, R = R_;
  static constexpr int64_t strip = V * N;  // columns
  // GCC knows attributes that depend on a template's arguments in a typedef, not in an alias.
  typedef float Vector __attribute__((vector_size(4 * N)));
  typedef float Unaligned __attribute__((vector_size(4 * N), aligned(4)));
  typedef int32_t Index __attribute__((vector_size(4 * N)));
};

// `count` numbers, and zeros.
template <typename S>
INLINE typename S::Vector load(const float* from, int64_t count) {
  if (count >= S::N) return *reinterpret_cast<const typename S::Unaligned*>(from);
  typename S::Vector some{};
  for (int64_t i = 0; i < count; i++) some[i] = from[i];
  return some;
}

template <typename S>
INLINE void store(const typename S::Vector& numbers, int64_t count, float* to) {
  if (count >= S::N) *reinterpret_cast<typename S::Unaligned*>(to) = numbers;
  for (int64_t i = 0; i < count && count < S::N; i++) to[i] = numbers[i];
}

// Rows of weights to packed [depth, strip], columns beyond `count` as zeros.
template <typename S>
INLINE void pack(const float* weight, int64_t stride, int64_t depth, int64_t count, float* packed) {
  for (int64_t k = 0; k < depth; k++) {
    for (int v = 0; v < S::V; v++) {
      store<S>(load<S>(weight + k * stride + v * S::N, count - v * S::N), S::N, packed + k * S::strip + v * S::N);
    }
  }
}

// Swaps the upper right and the lower left D x D block of each 2 D x 2 D, then does the same within them: transposed.
template <typename S, int D, int... I>
INLINE void transpose(typename S::Vector* row, std::integer_sequence<int, I...> lanes) {
  constexpr typename S::Index upper = {(I & D ? S::N + I - D : I)...};
  constexpr typename S::Index lower = {(I & D ? S::N + I : I + D)...};
  for (int i = 0; i < S::N; i++) {
    if (i & D) continue;
    const typename S::Vector a = row[i], b = row[i + D];
    row[i] = __builtin_shuffle(a, b, upper);
    row[i + D] = __builtin_shuffle(a, b, lower);
  }
  if constexpr (D > 1) transpose<S, D / 2>(row, lanes);
}

// As `pack`, of weights whose rows are columns of the product.
template <typename S>
INLINE void pack_transposed(const float* weight, int64_t stride, int64_t depth, int64_t count, float* packed) {
  for (int64_t v = 0; v < S::strip; v += S::N) {
    int64_t k = 0;
    for (; k + S::N <= depth && v + S::N <= count; k += S::N) {
      typename S::Vector row[S::N];
      for (int i = 0; i < S::N; i++) row[i] = load<S>(weight + (v + i) * stride + k, S::N);
      transpose<S, S::N / 2>(row, std::make_integer_sequence<int, S::N>());
      for (int i = 0; i < S::N; i++) store<S>(row[i], S::N, packed + (k + i) * S::strip + v);
    }
    for (; k < depth; k++) {
      for (int64_t i = v; i < v + S::N; i++) packed[k * S::strip + i] = i < count ? weight[i * stride + k] : 0;
    }
  }
}

// R rows of a strip of y, set or added to, by `depth` numbers from k on. The bias comes last, as libraries add it.
template <typename S, int R>
INLINE void tile(const Product& p, const float* x, const float* packed, int64_t k, int64_t depth, int64_t column,
                 int64_t count, float* y) {
  typename S::Vector sum[R][S::V];
  for (int r = 0; r < R; r++) {
    for (int v = 0; v < S::V; v++) sum[r][v] = load<S>(y + r * p.columns + v * S::N, k == 0 ? 0 : count - v * S::N);
  }
  for (int64_t i = 0; i < depth; i++) {
    typename S::Vector weight[S::V];
    for (int v = 0; v < S::V; v++) weight[v] = load<S>(packed + i * S::strip + v * S::N, S::N);
    for (int r = 0; r < R; r++) {
      for (int v = 0; v < S::V; v++) sum[r][v] += x[r * p.depth + k + i] * weight[v];
    }
  }
  const bool biased = p.bias != nullptr && k + depth == p.depth;
  for (int v = 0; v < S::V; v++) {
    const int64_t at = v * S::N;
    const typename S::Vector bias = load<S>(p.bias + column + at, biased ? count - at : 0);
    for (int r = 0; r < R; r++) store<S>(sum[r][v] + bias, count - at, y + r * p.columns + at);
  }
}

// `rows` rows, at most R, of the columns column .. end - 1.
template <typename S, int R>
INLINE void tiles(const Product& p, int64_t rows, const float* x, const float* packed, int64_t k, int64_t depth,
                  int64_t column, int64_t end, float* y) {
  if constexpr (R > 1) {
    if (rows < R) return tiles<S, R - 1>(p, rows, x, packed, k, depth, column, end, y);
  }
  for (int64_t c = column; c < end; c += S::strip) {
    tile<S, R>(p, x, packed + (c - column) * kDepth, k, depth, c, std::min(S::strip, end - c), y + c);
  }
}

// Rows first_row .. end_row - 1 of the columns column .. end - 1, at most a panel of them.
template <typename S>
INLINE void panel(const Product& p, int64_t first_row, int64_t end_row, int64_t column, int64_t end, float* packed) {
  static_assert(kPanel % S::strip == 0);
  for (int64_t k = 0; k < p.depth; k += kDepth) {
    const int64_t depth = std::min(kDepth, p.depth - k);
    for (int64_t c = column; c < end; c += S::strip) {
      float* strip = packed + (c - column) * kDepth;
      const int64_t count = std::min(S::strip, end - c);
      if (p.transposed) pack_transposed<S>(p.weight + c * p.depth + k, p.depth, depth, count, strip);
      else pack<S>(p.weight + k * p.columns + c, p.columns, depth, count, strip);
    }
    for (int64_t row = first_row; row < end_row; row += S::R) {
      tiles<S, S::R>(p, std::min<int64_t>(S::R, end_row - row), p.x + row * p.depth, packed, k, depth, column, end,
                     p.y + row * p.columns);
    }
  }
}

const auto multiply = Compiled<panel<Shape<4, 2, 6>>, panel<Shape<8, 2, 6>>, panel<Shape<16, 3, 8>>>::best();

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
    multiply(p, rows * block / blocks, rows * (block + 1) / blocks, column, std::min(columns, column + kPanel),
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
