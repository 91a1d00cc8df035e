#include "fuse/index_map.h"

namespace weft {

int Row::unit() const {
  if (base || term >= 0) return -1;
  int found = -1;
  for (size_t d = 0; d < coef.size(); ++d) {
    if (!coef[d]) continue;
    if (coef[d] != 1 || found >= 0) return -1;
    found = int(d);
  }
  return found;
}

IndexMap IndexMap::identity(int rank) {
  IndexMap map;
  map.rank = rank;
  for (int d = 0; d < rank; ++d) map.rows.push_back(map.loop_row(d));
  return map;
}

Row IndexMap::constant_row(int64_t value) const {
  Row row;
  row.coef = Dims(rank, 0);
  row.base = value;
  return row;
}

Row IndexMap::loop_row(int d) const {
  Row row = constant_row(0);
  row.coef[d] = 1;
  return row;
}

Row IndexMap::scaled(Row row, int64_t factor, int64_t shift) {
  for (int64_t& c : row.coef) c *= factor;
  row.base = row.base * factor + shift;
  row.scale *= factor;
  if (row.scale == 0) row.term = -1;
  return row;
}

static void append(std::string& out, int64_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }

std::string IndexMap::key() const {
  std::string out;
  out.reserve(rows.size() * (rank + 3) * 8 + 16);
  for (const Row& r : rows) {
    for (int64_t c : r.coef) append(out, c);
    append(out, r.base), append(out, r.term), append(out, r.scale);
  }
  for (const Bound& b : bounds) {
    for (int64_t c : b.coef) append(out, c);
    append(out, b.base), append(out, b.limit), append(out, b.step);
  }
  out.push_back('|');
  for (const Term& t : terms) append(out, t.bound), append(out, t.reg), append(out, t.limit);
  return out;
}

bool add_rows(const Row& a, const Row& b, Row& out) {
  if (a.term >= 0 && b.term >= 0) return false;
  Row sum = a;
  for (size_t d = 0; d < sum.coef.size(); ++d) sum.coef[d] += b.coef[d];
  sum.base += b.base;
  if (b.term >= 0) sum.term = b.term, sum.scale = b.scale;
  out = sum;
  return true;
}

}  // namespace weft
