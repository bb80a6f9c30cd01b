// What blocks.cc and attention.cc compute with: ranges of rows, exponentials, and products of small matrices.

#pragma once

#include <cmath>
#include <cstring>

#include "processor.h"
#include "tf.h"

namespace whence {

// Numbers that are worth waking another thread for.
constexpr int64_t kChunk = 32768;

// Calls body(first, last) for ranges of rows of `width` numbers.
inline void each_row(int64_t rows, int64_t width, const std::function<void(int64_t, int64_t)>& body) {
  const int64_t size = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, width));
  pool().each((rows + size - 1) / size, [&](int64_t chunk) { body(chunk * size, std::min(rows, (chunk + 1) * size)); });
}

// exp(z) for z <= 0, within 2 units in the last place: 2^n * exp(r) with |r| <= ln(2) / 2, by the polynomial of Cephes
// (Moshier 1992).
INLINE float exp_of_negative(float z) {
  const float within = z < -87.0f ? -87.0f : z;
  const int32_t n = static_cast<int32_t>(within * 1.44269504f - 0.5f);
  const float r = (within - n * 0.693145752f) - n * 1.42860677e-6f;  // ln(2) in two parts, the first short
  float sum = 1.9875691500e-4f;
  sum = sum * r + 1.3981999507e-3f;
  sum = sum * r + 8.3334519073e-3f;
  sum = sum * r + 4.1665795894e-2f;
  sum = sum * r + 1.6666665459e-1f;
  sum = sum * r + 5.0000001201e-1f;
  sum = (sum * (r * r) + r) + 1.0f;
  const int32_t bits = (n + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

// tanh(x), within a few units in the last place: by its series near 0, where 1 - exp(-2 |x|) would lose digits.
INLINE float tanh_of(float x) {
  const float e = exp_of_negative(-2 * std::fabs(x)), far = (1 - e) / (1 + e), square = x * x;
  float near = 62.0f / 2835;
  near = near * square - 17.0f / 315;
  near = near * square + 2.0f / 15;
  near = near * square - 1.0f / 3;
  near = near * square * x + x;
  return std::fabs(x) < 0.25f ? near : std::copysign(far, x);
}

using Lanes = float __attribute__((vector_size(64), aligned(4)));
constexpr int64_t kLanes = 16;

INLINE Lanes load(const float* at) { return *reinterpret_cast<const Lanes*>(at); }

// The sum of all lanes, halves by halves.
INLINE float sum_of(const Lanes& lanes) {
  float half[kLanes / 2];
  for (int i = 0; i < kLanes / 2; i++) half[i] = lanes[i] + lanes[i + kLanes / 2];
  for (int size = kLanes / 4; size > 0; size /= 2) {
    for (int i = 0; i < size; i++) half[i] += half[i + size];
  }
  return half[0];
}

// A matrix by its element strides.
struct Operand {
  const float* at;
  int64_t row, column;
};

// Rows m .. m + M - 1 and V vectors of columns from n of c (+)= a b, kept in registers over the depth.
template <int M, int V>
INLINE void tile(const Operand& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t depth, bool adding) {
  Lanes sum[M][V];
  for (int m = 0; m < M; m++) {
    for (int v = 0; v < V; v++) sum[m][v] = adding ? load(c + m * c_row + v * kLanes) : Lanes{};
  }
  for (int64_t k = 0; k < depth; k++) {
    Lanes right[V];
    for (int v = 0; v < V; v++) right[v] = load(b + k * b_row + v * kLanes);
    for (int m = 0; m < M; m++) {
      const float left = a.at[m * a.row + k * a.column];
      for (int v = 0; v < V; v++) sum[m][v] += left * right[v];
    }
  }
  for (int m = 0; m < M; m++) {
    for (int v = 0; v < V; v++) *reinterpret_cast<Lanes*>(c + m * c_row + v * kLanes) = sum[m][v];
  }
}

template <int M, int V>
INLINE void tile_row(const Operand& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t columns,
                     int64_t depth, bool adding) {
  int64_t n = 0;
  for (; n + V * kLanes <= columns; n += V * kLanes) tile<M, V>(a, b + n, b_row, c + n, c_row, depth, adding);
  for (; n + kLanes <= columns; n += kLanes) tile<M, 1>(a, b + n, b_row, c + n, c_row, depth, adding);
  if (n == columns) return;
  // Summed in the order of the whole tiles.
  for (int m = 0; m < M; m++) {
    float sum[kLanes] = {};
    for (int64_t i = 0; i < columns - n; i++) sum[i] = adding ? c[m * c_row + n + i] : 0;
    for (int64_t k = 0; k < depth; k++) {
      const float left = a.at[m * a.row + k * a.column];
      for (int64_t i = 0; i < columns - n; i++) sum[i] += left * b[k * b_row + n + i];
    }
    for (int64_t i = 0; i < columns - n; i++) c[m * c_row + n + i] = sum[i];
  }
}

// c [rows, columns] = a [rows, depth] b [depth, columns], or added to c: tiles of M rows and V vectors of columns. For
// small matrices, where TensorFlow's products would be dominated by their calls.
template <int M, int V>
INLINE void product(const Operand& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows,
                    int64_t columns, int64_t depth, bool adding) {
  int64_t m = 0;
  for (; m + M <= rows; m += M) {
    tile_row<M, V>({a.at + m * a.row, a.row, a.column}, b, b_row, c + m * c_row, c_row, columns, depth, adding);
  }
  for (; m + 4 <= rows; m += 4) {
    tile_row<4, V>({a.at + m * a.row, a.row, a.column}, b, b_row, c + m * c_row, c_row, columns, depth, adding);
  }
  for (; m < rows; m++) {
    tile_row<1, V>({a.at + m * a.row, a.row, a.column}, b, b_row, c + m * c_row, c_row, columns, depth, adding);
  }
}

}  // namespace whence
