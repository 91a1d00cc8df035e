// How the coordinates of a node follow from the coordinates of a loop. Views compose by rewriting these, and move no data.
#pragma once

#include <string>
#include <vector>

#include "graph/node.h"

namespace weft {

// t = base + sum coef[d] * loop[d]; inside when t >= 0, t % step == 0 and t / step < limit.
struct Bound {
  Dims coef;
  int64_t base = 0, limit = 0, step = 1;
  friend bool operator==(const Bound&, const Bound&) = default;
};

// A part of a coordinate that is not affine: the quotient t / step of a bound, or a register (clamped to [0, limit)).
struct Term {
  int bound = -1;  // the quotient of bounds[bound]
  int reg = -1;    // or this register
  int64_t limit = 0;
  friend bool operator==(const Term&, const Term&) = default;
};

// One coordinate: base + sum coef[d] * loop[d] + scale * terms[term].
struct Row {
  Dims coef;
  int64_t base = 0;
  int term = -1;
  int64_t scale = 0;
  friend bool operator==(const Row&, const Row&) = default;

  bool constant() const {
    for (int64_t c : coef)
      if (c) return false;
    return term < 0;
  }
  int unit() const;  // d when the coordinate is just loop[d], else -1
};

struct IndexMap {
  int rank = 0;           // of the loop
  std::vector<Row> rows;  // one for each dimension of the node
  std::vector<Bound> bounds;
  std::vector<Term> terms;
  friend bool operator==(const IndexMap&, const IndexMap&) = default;

  static IndexMap identity(int rank);  // node dimension d is loop dimension d
  Row constant_row(int64_t value) const;
  Row loop_row(int d) const;
  // value * row + shift, in place; raises nothing: rows are closed under it.
  static Row scaled(Row row, int64_t factor, int64_t shift = 0);
  std::string key() const;
};

// The sum of two coordinates; false where both have a term of their own.
bool add_rows(const Row& a, const Row& b, Row& out);

}  // namespace weft
