// Rows of a reshape: whatever they claim is checked at every point of the loop.
#include <cstdlib>

#include "fuse/group.h"
#include "fuse/reshape_groups.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

// Calls f with every point of a loop.
template <class F>
void each_point(const Dims& sizes, F f) {
  Dims at(sizes.size(), 0);
  for (int64_t p = product(sizes); p > 0; --p) {
    f(at);
    for (int d = int(sizes.size()) - 1; d >= 0; --d) {
      if (++at[d] < sizes[d]) break;
      at[d] = 0;
    }
  }
}

int64_t value(const Row& row, const Dims& at) {
  int64_t v = row.base;
  for (size_t d = 0; d < at.size(); ++d) v += row.coef[d] * at[d];
  return v;
}

int64_t value(const Row& row, const IndexMap& map, const Dims& at) {
  int64_t v = value(row, at);
  if (row.term < 0) return v;
  const Term& t = map.terms[row.term];
  const Bound& b = map.bounds[t.bound];
  int64_t x = b.base;
  for (size_t d = 0; d < at.size(); ++d) x += b.coef[d] * at[d];
  return v + row.scale * (x / b.step);
}

bool inside(const IndexMap& map, const Dims& at) {
  for (const Bound& b : map.bounds) {
    int64_t t = b.base;
    for (size_t d = 0; d < at.size(); ++d) t += b.coef[d] * at[d];
    if (t < 0 || t % b.step || t / b.step >= b.limit) return false;
  }
  return true;
}

Dims factors_of(Dice& dice, int64_t n) {
  Dims out;
  while (n > 1) {
    std::vector<int64_t> divisors;
    for (int64_t d = 2; d <= n; ++d)
      if (n % d == 0) divisors.push_back(d);
    int64_t d = divisors[size_t(dice.below(int(divisors.size())))];
    out.push_back(d), n /= d;
    if (dice.below(4) == 0) out.push_back(1);
  }
  for (size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[size_t(dice.below(int(i)))]);
  return out;
}

}  // namespace

TEST(reshape_groups_cover_both_shapes) {
  Dice dice(1);
  for (int round = 0; round < 500; ++round) {
    int64_t n = 1 + dice.below(360);
    Dims in = factors_of(dice, n), out = factors_of(dice, n);
    int i = 0, o = 0;
    for (const ReshapeGroup& g : reshape_groups(in, out)) {
      CHECK_EQ(g.in_first, i);
      CHECK_EQ(g.out_first, o);
      int64_t a = 1, b = 1;
      for (int k = 0; k < g.in_count; ++k) a *= in[i++];
      for (int k = 0; k < g.out_count; ++k) b *= out[o++];
      CHECK_EQ(a, b);
    }
    CHECK_EQ(i, int(in.size()));
    CHECK_EQ(o, int(out.size()));
  }
}

TEST(reshape_rows_name_the_same_element) {
  Dice dice(2);
  int expressed = 0;
  for (int round = 0; round < 2000; ++round) {
    int64_t n = 1 + dice.below(240);
    Dims in = factors_of(dice, n), out = factors_of(dice, n), sizes = out;
    std::vector<Row> rows, in_rows;
    for (int d = 0; d < int(out.size()); ++d) rows.push_back(IndexMap::identity(int(out.size())).loop_row(d));
    Group g;
    g.sizes = sizes, g.full_rows = rows, g.outer_rank = int(sizes.size());
    bool ok = false;
    for (int tries = 0; tries < 32; ++tries) {
      try {
        ok = reshape_rows(g.sizes, g.full_rows, out, in, in_rows);
        break;
      } catch (const SplitLoop& s) {
        CHECK(s.q > 1 && g.sizes[s.dimension] % s.q == 0 && g.sizes[s.dimension] > s.q);
        g.split(s.dimension, s.q);
      }
    }
    if (!ok) continue;
    ++expressed;
    CHECK_EQ(in_rows.size(), in.size());
    Dims out_strides = contiguous_strides(out), in_strides = contiguous_strides(in);
    each_point(g.sizes, [&](const Dims& at) {
      int64_t a = 0, b = 0;
      for (size_t d = 0; d < out.size(); ++d) a += value(g.full_rows[d], at) * out_strides[d];
      for (size_t d = 0; d < in.size(); ++d) {
        int64_t c = value(in_rows[d], at);
        CHECK(c >= 0 && c < in[d]);
        b += c * in_strides[d];
      }
      CHECK_EQ(a, b);
    });
  }
  CHECK(expressed > 1000);
}

TEST(reshape_map_names_the_same_element) {
  Dice dice(3);
  int expressed = 0;
  for (int round = 0; round < 1000; ++round) {
    int64_t n = 1 + dice.below(120);
    Dims in = factors_of(dice, n), out = factors_of(dice, n);
    IndexMap map = IndexMap::identity(int(out.size()));
    bool ok;
    try {
      ok = reshape_map(in, out, out, map);
    } catch (const SplitLoop&) {
      continue;
    }
    if (!ok) continue;
    ++expressed;
    Dims out_strides = contiguous_strides(out), in_strides = contiguous_strides(in);
    each_point(out, [&](const Dims& at) {
      int64_t a = 0, b = 0;
      for (size_t d = 0; d < out.size(); ++d) a += at[d] * out_strides[d];
      for (size_t d = 0; d < in.size(); ++d) b += value(map.rows[d], map, at) * in_strides[d];
      CHECK(inside(map, at));
      CHECK_EQ(a, b);
    });
  }
  CHECK(expressed > 300);
}

// Views of views against the same done by hand on the host.
TEST(view_chains_move_the_right_elements) {
  Dice dice(4);
  for (int round = 0; round < 300; ++round) {
    Dims shape = factors_of(dice, std::vector<int64_t>{24, 36, 60, 7, 16, 1}[size_t(dice.below(6))]);
    std::vector<int64_t> host(size_t(product(shape)));
    for (size_t i = 0; i < host.size(); ++i) host[i] = int64_t(i) + 100;
    NodeRef x = tensor(host, shape);
    int steps = 1 + dice.below(6);
    for (int s = 0; s < steps; ++s) {
      int rank = int(shape.size());
      Dims strides = contiguous_strides(shape);
      Dims to = shape;
      std::vector<int64_t> next;
      auto gather = [&](auto place) {  // place: coordinates of the result -> flat position in host, or -1
        next.clear();
        each_point(to, [&](const Dims& at) {
          int64_t p = place(at);
          next.push_back(p < 0 ? -7 : host[size_t(p)]);
        });
      };
      auto flat = [&](const Dims& at) {
        int64_t p = 0;
        for (int d = 0; d < rank; ++d) p += at[d] * strides[d];
        return p;
      };
      switch (dice.below(rank ? 6 : 1)) {
        case 0:
          to = factors_of(dice, product(shape));
          next = host;
          x = ops::reshape(x, to);
          break;
        case 1: {
          Dims axes;
          for (int d = 0; d < rank; ++d) axes.insert(size_t(dice.below(d + 1)), d);
          for (int d = 0; d < rank; ++d) to[d] = shape[axes[d]];
          gather([&](const Dims& at) {
            int64_t p = 0;
            for (int d = 0; d < rank; ++d) p += at[d] * strides[axes[d]];
            return p;
          });
          x = ops::permute(x, axes);
          break;
        }
        case 2: {
          int axis = dice.below(rank);
          gather([&](Dims at) {
            at[axis] = shape[axis] - 1 - at[axis];
            return flat(at);
          });
          x = ops::flip(x, {axis});
          break;
        }
        case 3: {
          Dims start(rank, 0), step(rank, 1);
          for (int d = 0; d < rank; ++d) {
            step[d] = 1 + dice.below(2), start[d] = dice.below(int(std::min<int64_t>(shape[d], 2)));
            to[d] = (shape[d] - start[d] + step[d] - 1) / step[d];
            if (dice.below(3) == 0) start[d] = start[d] + (to[d] - 1) * step[d], step[d] = -step[d];
          }
          gather([&](Dims at) {
            for (int d = 0; d < rank; ++d) at[d] = start[d] + at[d] * step[d];
            return flat(at);
          });
          x = ops::slice(x, start, to, step);
          break;
        }
        case 4: {
          Dims lo(rank, 0), hi(rank, 0), interior(rank, 0);
          int axis = dice.below(rank);
          lo[axis] = dice.below(4) - 1, hi[axis] = dice.below(4) - 1, interior[axis] = dice.below(3) ? 0 : 1;
          int64_t spread = shape[axis] + (shape[axis] - 1) * interior[axis];
          if (spread + lo[axis] + hi[axis] < 1) lo[axis] = hi[axis] = 0;
          to[axis] = spread + lo[axis] + hi[axis];
          if (product(to) > 400) {
            to = shape, next = host;
            break;
          }
          gather([&](Dims at) {
            int64_t t = at[axis] - lo[axis];
            if (t < 0 || t >= spread || t % (interior[axis] + 1)) return int64_t(-1);
            at[axis] = t / (interior[axis] + 1);
            return flat(at);
          });
          x = ops::pad(x, lo, hi, interior, Scalar::of(-7));
          break;
        }
        case 5: {
          int axis = dice.below(rank);
          if (shape[axis] != 1 || product(shape) > 100) {
            next = host;
            break;
          }
          to[axis] = 3;
          gather([&](Dims at) {
            at[axis] = 0;
            return flat(at);
          });
          x = ops::broadcast_to(x, to);
          break;
        }
      }
      shape = to, host = next;
      CHECK_EQ(x->shape, shape);
    }
    // Through a kernel, and as a view where it is one.
    CHECK_EQ(read<int64_t>(ops::add(x, ops::scalar(Scalar::of(1), DType::i64, default_device()))), [&] {
      std::vector<int64_t> plus = host;
      for (int64_t& v : plus) ++v;
      return plus;
    }());
    CHECK_EQ(read<int64_t>(x), host);
  }
}
