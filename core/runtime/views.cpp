#include "runtime/views.h"

#include <algorithm>
#include <cstring>

#include "fuse/group.h"
#include "runtime/device.h"

namespace weft {

static constexpr int64_t kKeepAlive = 4;  // a view of less than a quarter of a buffer is copied instead

bool try_view(Node& n, bool lasting) {
  std::vector<const Node*> chain;
  const Node* source = &n;
  while (!source->computed()) {
    if (source->prim->kind != Primitive::view || source->inputs.empty()) return false;
    chain.push_back(source);
    source = source->inputs[0].get();
  }
  int64_t bytes = n.numel() * size_of(n.dtype);
  if (chain.empty() || source->dtype != n.dtype || !bytes || (lasting && bytes * kKeepAlive < source->buffer->nbytes)) return false;
  IndexMap map = IndexMap::identity(n.rank());
  Dims strides = source->strides;
  for (const Node* view : chain) {
    const Node* in = view->inputs[0].get();
    if (!std::strcmp(view->prim->name, "reshape")) {
      if (in == source && source->strides == contiguous_strides(source->shape)) {
        strides = contiguous_strides(view->shape);  // read as if it had the other shape
        break;
      }
      std::vector<Row> rows;
      try {
        if (!reshape_rows(n.shape, map.rows, view->shape, in->shape, rows)) return false;
      } catch (const SplitLoop&) {
        return false;
      }
      map.rows = std::move(rows);
    } else if (!view->prim->map_index(*view, map) || !map.bounds.empty() || !map.terms.empty()) {
      return false;
    }
  }
  Dims out(n.rank(), 0);
  int64_t offset = source->offset;
  for (size_t j = 0; j < map.rows.size(); ++j) {
    offset += map.rows[j].base * strides[j];
    for (int d = 0; d < n.rank(); ++d) out[d] += map.rows[j].coef[d] * strides[j];
  }
  Dims plain = contiguous_strides(n.shape);
  for (int d = 0; d < n.rank(); ++d)
    if (n.shape[d] == 1) out[d] = plain[d];
  n.set_value(source->buffer, out, offset);
  if (!n.requires_grad) n.inputs.clear();
  return true;
}

}  // namespace weft
