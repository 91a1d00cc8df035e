// Winograd's minimal filtering F(4x4, 3x3): the transforms around the products. Four outputs of a filter of three taps are a product
// of polynomials, found from its values at six points: 0, +-a, +-b and infinity. With a^2 = 1/2 and b^2 = 2 the factors stay near 1,
// which keeps rounding errors small (Lavin and Gray, arXiv:1509.09308; Barabasz et al., arXiv:1803.10986, for the choice of points).
#include <utility>

#include "scalar.h"

WEFT_ISA_BEGIN

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float V __attribute__((vector_size(lanes * sizeof(float)), aligned(sizeof(float)), may_alias));
using Lanes = std::make_integer_sequence<int, lanes>;

inline V load(const float* p) { return *reinterpret_cast<const V*>(p); }
inline void store(float* p, V x) { *reinterpret_cast<V*>(p) = x; }

// Every second lane of two vectors, from lane `Odd` on; and the reverse: lanes in turn, the first or the second half of them.
template <int Odd, int... I>
inline V unzip(V x, V y, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(x, y, (2 * I + Odd)...);
}
template <int Second, int... I>
inline V zip(V x, V y, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(x, y, (I / 2 + I % 2 * lanes + Second * lanes / 2)...);
}

// x moved down by a lane, with lane At of y in the last.
template <int At, int... I>
inline V shift(V x, V y, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(x, y, (I + 1 < lanes ? I + 1 : lanes + At)...);
}

// Every fourth float from p on, and so on from p + 1, p + 2, p + 3.
inline void load_fourths(const float* p, V (&x)[4]) {
  const V a = load(p), b = load(p + lanes), c = load(p + 2 * lanes), d = load(p + 3 * lanes);
  const V even0 = unzip<0>(a, b, Lanes()), even1 = unzip<0>(c, d, Lanes()), odd0 = unzip<1>(a, b, Lanes()), odd1 = unzip<1>(c, d, Lanes());
  x[0] = unzip<0>(even0, even1, Lanes());
  x[1] = unzip<0>(odd0, odd1, Lanes());
  x[2] = unzip<1>(even0, even1, Lanes());
  x[3] = unzip<1>(odd0, odd1, Lanes());
}

// The reverse, for vectors of which a float below `count` is wanted.
inline void store_fourths(float* p, const V (&y)[4], int64_t count) {
  const V even0 = zip<0>(y[0], y[2], Lanes()), odd0 = zip<0>(y[1], y[3], Lanes()), even1 = zip<1>(y[0], y[2], Lanes()), odd1 = zip<1>(y[1], y[3], Lanes());
  store(p, zip<0>(even0, odd0, Lanes()));
  if (count > lanes) store(p + lanes, zip<1>(even0, odd0, Lanes()));
  if (count > 2 * lanes) store(p + 2 * lanes, zip<0>(even1, odd1, Lanes()));
  if (count > 3 * lanes) store(p + 3 * lanes, zip<1>(even1, odd1, Lanes()));
}

constexpr float a = 0.70710678118654752440f, b = 1.41421356237309504880f, aa = 0.5f, bb = 2.0f;

// The values at the six points of the polynomial through six inputs.
inline void at_points(const V (&x)[6], V (&v)[6]) {
  const V even_a = x[4] - bb * x[2], odd_a = a * (x[3] - bb * x[1]);
  const V even_b = x[4] - aa * x[2], odd_b = b * (x[3] - aa * x[1]);
  v[0] = x[0] - (aa + bb) * x[2] + x[4];
  v[1] = even_a + odd_a;
  v[2] = even_a - odd_a;
  v[3] = even_b + odd_b;
  v[4] = even_b - odd_b;
  v[5] = x[1] - (aa + bb) * x[3] + x[5];
}

// Back to four outputs.
inline void from_points(const V (&m)[6], V (&y)[4]) {
  const V sum_a = m[1] + m[2], difference_a = a * (m[1] - m[2]);
  const V sum_b = m[3] + m[4], difference_b = b * (m[3] - m[4]);
  y[0] = m[0] + (sum_a + sum_b);
  y[1] = difference_a + difference_b;
  y[2] = aa * sum_a + bb * sum_b;
  y[3] = (aa * difference_a + bb * difference_b) + m[5];
}

// values[point * pitch + t] for tiles t along six rows of an image, for each channel. Whole vectors are written.
void image(float* values, int64_t pitch, int64_t value_step, const float* rows, int64_t row_pitch, int64_t row_step, int64_t channels, int64_t tiles) {
  float down[6][5 * lanes] = {};  // what lies beyond the tiles is of no use, but must not be slow to compute with
  for (int64_t channel = 0; channel < channels; ++channel, values += value_step, rows += row_step) {
    for (int64_t t = 0; t < tiles; t += lanes) {
      const int64_t width = 4 * (tiles - t < lanes ? tiles - t : lanes) + 2;
      for (int64_t c = 0; c < width; c += lanes) {
        V x[6], v[6];
        for (int i = 0; i < 6; ++i) x[i] = load(rows + i * row_pitch + 4 * t + c);
        at_points(x, v);
        for (int i = 0; i < 6; ++i) store(down[i] + c, v[i]);
      }
      for (int i = 0; i < 6; ++i) {
        V x[4], v[6];
        load_fourths(down[i], x);
        const V next = load(down[i] + 4 * lanes);
        at_points({x[0], x[1], x[2], x[3], shift<0>(x[0], next, Lanes()), shift<1>(x[1], next, Lanes())}, v);
        for (int j = 0; j < 6; ++j) store(values + (6 * i + j) * pitch + t, v[j]);
      }
    }
  }
}

// Four rows of outputs from the sums at the points. Whole vectors are read, and written in each row.
void result(float* rows, int64_t row_pitch, const float* sums, int64_t pitch, int64_t tiles) {
  for (int64_t t = 0; t < tiles; t += lanes) {
    V down[4][6];
    for (int j = 0; j < 6; ++j) {
      V m[6], y[4];
      for (int i = 0; i < 6; ++i) m[i] = load(sums + (6 * i + j) * pitch + t);
      from_points(m, y);
      for (int i = 0; i < 4; ++i) down[i][j] = y[i];
    }
    for (int i = 0; i < 4; ++i) {
      V y[4];
      from_points(down[i], y);
      store_fourths(rows + i * row_pitch + 4 * t, y, 4 * (tiles - t));
    }
  }
}

// The filter's taps, seen from the points: in double, once for each filter.
void filter(float* values, int64_t pitch, const float* taps) {
  constexpr double p[6] = {0, 0.70710678118654752440, -0.70710678118654752440, 1.41421356237309504880, -1.41421356237309504880, 0};
  constexpr double scale[6] = {1, -1 / 1.5, -1 / 1.5, 1 / 6.0, 1 / 6.0, 1};
  double down[6][3];
  for (int j = 0; j < 3; ++j)
    for (int i = 0; i < 6; ++i) {
      const double x0 = taps[j], x1 = taps[3 + j], x2 = taps[6 + j];
      down[i][j] = i == 5 ? x2 : scale[i] * (x0 + p[i] * (x1 + p[i] * x2));
    }
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 6; ++j) {
      const double* x = down[i];
      values[(6 * i + j) * pitch] = float(j == 5 ? x[2] : scale[j] * (x[0] + p[j] * (x[1] + p[j] * x[2])));
    }
}

}  // namespace

WinogradFns find_winograd() { return {image, filter, result}; }

WEFT_ISA_END
