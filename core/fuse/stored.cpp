// Which values are stored: what was asked for, what is dear, and what a kernel could not compute on the way.
#include <algorithm>
#include <cstring>
#include <set>

#include "fuse/scheduling.h"
#include "graph/order.h"

namespace weft {

std::vector<Node*> pending_order(const std::vector<Node*>& roots, const Decisions& decisions) {
  std::vector<Node*> resolved;
  for (Node* r : roots) resolved.push_back(const_cast<Node*>(decisions.resolve(r)));
  return inputs_first(
      resolved, [](const Node& n) { return !n.computed(); },
      [&](const Node& n, auto visit) {
        for (size_t i = 0; i < data_inputs(n); ++i) visit(decisions.resolve(n.inputs[i]));
      });
}

bool is_dear(const Node& n) { return n.prim->kind == Primitive::reduce || n.prim->kind == Primitive::contract || n.prim->kind == Primitive::native; }

namespace {

constexpr int kMaxHeight = 128;     // longest chain of operations in one kernel
constexpr int kDearExpression = 8;  // instructions worth storing rather than doing twice
constexpr int64_t kMuchLarger = 8;  // an expansion that repeats an expression this often is not worth it

struct Storing : Scheduling {
  using Scheduling::Scheduling;

  // The node at the end of a chain of views, and whether a kernel can read the chain in place.
  const Node* viewed(const Node* n, bool& plain) const {
    plain = true;
    n = known.resolve(n);
    while (n->prim->kind == Primitive::view && !n->computed() && !known.stored.count(n)) {
      if (!std::strcmp(n->prim->name, "pad") || !std::strcmp(n->prim->name, "window") || !std::strcmp(n->prim->name, "unwindow")) plain = false;
      n = known.resolve(n->inputs[0].get());
    }
    return n;
  }

  void store_operands(const Node* n) {
    for (const NodeRef& in : n->inputs) {
      const Node* direct = known.resolve(in);
      if (n->prim->kind == Primitive::native) {  // read through strides alone: no view is composed
        if (!direct->computed()) known.stored.insert(direct);
        continue;
      }
      bool plain;
      const Node* source = viewed(direct, plain);
      if (!plain) source = direct;
      if (!source->computed()) known.stored.insert(source);
    }
  }

  // Whether computing `in` on the way to n means computing most of its elements many times, or many that are masked away.
  static bool evaluated_again(const Node& n, size_t input, const Node& in) {
    int64_t elements = std::max<int64_t>(in.numel(), 1);
    if (!std::strcmp(n.prim->name, "pad")) return n.numel() >= 2 * elements;
    return (!std::strcmp(n.prim->name, "expand") || (n.prim->kind == Primitive::gather && input == 0)) && n.numel() >= kMuchLarger * elements;
  }

  void choose() {
    std::unordered_map<const Node*, int> weight, height, consumers;
    for (Node* n : order) {
      std::set<const Node*> distinct;
      for (size_t i = 0; i < data_inputs(*n); ++i) distinct.insert(known.resolve(n->inputs[i]));
      for (const Node* in : distinct) ++consumers[in];
    }
    for (Node* n : order) {
      if (escaping.count(n) || is_dear(*n) || n->prim->kind == Primitive::opaque) known.stored.insert(n);
      if (n->prim->kind == Primitive::contract || n->prim->kind == Primitive::native) store_operands(n);
    }
    for (Node* n : order) {
      int w = n->prim->weight, h = 1;
      for (size_t i = 0; i < data_inputs(*n); ++i) {
        const Node* in = known.resolve(n->inputs[i]);
        if (in->computed() || known.stored.count(in)) continue;
        bool repeats = weight[in] >= kDearExpression / 2 && evaluated_again(*n, i, *in);
        if (repeats || height[in] > kMaxHeight) {
          bool plain;
          const Node* source = viewed(in, plain);
          if (!source->computed() && source->prim->kind != Primitive::leaf && known.stored.insert(source).second && repeats) optional.insert(source);
          continue;
        }
        w = std::min(1 << 20, w + weight[in]);
        h = std::max(h, height[in] + 1);
      }
      weight[n] = w, height[n] = h;
      bool expression = n->prim->kind == Primitive::map || n->prim->kind == Primitive::gather;
      bool dear = consumers[n] >= 2 && w >= kDearExpression;
      if (expression && (!fuse || dear) && known.stored.insert(n).second && fuse) optional.insert(n);
    }
    limit_arguments();
  }

  // An expression reads at most max_args - 1 buffers: where it would read more, its largest part is stored.
  void limit_arguments() {
    std::unordered_map<const Node*, std::set<const Node*>> read;
    size_t most = size_t(std::max(caps.max_args, 3)) - 1;
    auto of = [&](const Node* n) -> std::set<const Node*> {
      if (n->computed() || known.stored.count(n)) return {n};
      return read[n];
    };
    for (Node* n : order) {
      for (;;) {
        std::set<const Node*> all;
        const Node* largest = nullptr;
        size_t size = 1;
        for (size_t i = 0; i < data_inputs(*n); ++i) {
          const Node* in = known.resolve(n->inputs[i]);
          auto part = of(in);
          if (part.size() > size || (part.size() > 1 && !largest)) largest = in, size = part.size();
          all.insert(part.begin(), part.end());
        }
        if (all.size() <= most || !largest) {
          read[n] = std::move(all);
          break;
        }
        known.stored.insert(largest);
      }
    }
  }

  void rewrite_all(const std::vector<Node*>& roots, const std::unordered_set<const Node*>& keep) {
    std::unordered_set<const Node*> seen;
    for (bool changed = true; changed;) {
      changed = false;
      order = pending_order(roots, known);
      for (Node* n : order) {
        if (!seen.insert(n).second) continue;
        NodeRef r = rewrite(n, caps);
        if (r) known.alias[n] = r, changed = true;
      }
    }
    for (Node* r : roots) escaping.insert(known.resolve(r));
    for (Node* n : order)
      if (keep.count(n)) escaping.insert(n);
    for (const Node* k : keep)
      if (known.alias.count(k)) escaping.insert(known.resolve(k));
  }
};

}  // namespace

Scheduling choose_stored(const std::vector<Node*>& roots, const std::unordered_set<const Node*>& keep, const Capabilities& capabilities, bool fuse) {
  Storing s(capabilities, fuse);
  s.rewrite_all(roots, keep);
  s.choose();
  return static_cast<Scheduling&&>(s);
}

}  // namespace weft
