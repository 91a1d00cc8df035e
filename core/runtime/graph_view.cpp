#include "runtime/graph_view.h"

namespace weft {

static void put(std::string& s, int64_t v) { s.append(reinterpret_cast<const char*>(&v), sizeof v); }

void walk(Graph& g) {
  static const Decisions none;
  g.order = pending_order(g.roots, none);
  for (size_t i = 0; i < g.order.size(); ++i) g.order[i]->mark = int(i);
  for (Node* n : g.order)
    for (size_t i = 0; i < data_inputs(*n); ++i) {
      Node* in = n->inputs[i].get();
      if (in->computed() && in->mark >= -1) in->mark = -2 - int(g.leaves.size()), g.leaves.push_back(in);
    }
}

void unmark(Graph& g) {
  for (Node* n : g.order) n->mark = -1;
  for (Node* n : g.leaves) n->mark = -1;
}

// Which nodes become values, and which leaves nobody will ask for again.
void decide_lifetimes(Graph& g, const std::vector<Update>& updates) {
  size_t n = g.order.size();
  std::vector<bool> survives(n, false), root(n, false);
  std::vector<int64_t> edges(n, 0), leaf_edges(g.leaves.size(), 0);
  g.becomes_computed.assign(n, false);
  g.keeps.assign(n, false);
  for (Node* r : g.roots)
    if (!r->computed()) root[r->mark] = true;
  for (Node* node : g.order)
    for (const NodeRef& in : node->inputs)
      if (in->mark >= 0) ++edges[in->mark];
  std::vector<bool> held(n, false);  // by a consumer that keeps its inputs
  for (size_t i = n; i-- > 0;) {
    Node* node = g.order[i];
    survives[i] = root[i] || held[i] || node->use_count() > edges[i];
    g.becomes_computed[i] = survives[i] && (root[i] || is_dear(*node));
    g.keeps[i] = node->requires_grad && !node->released;
    bool holds = survives[i] && !(g.becomes_computed[i] && !g.keeps[i]);
    for (const NodeRef& in : node->inputs) {
      if (in->mark >= 0) held[in->mark] = held[in->mark] || holds;
      else if (in->mark <= -2 && !holds) ++leaf_edges[-2 - in->mark];
    }
  }
  for (const Update& u : updates)
    if (u.previous && u.previous->mark <= -2) ++leaf_edges[-2 - u.previous->mark];
  g.dying.resize(g.leaves.size());
  for (size_t i = 0; i < g.leaves.size(); ++i) g.dying[i] = g.leaves[i]->use_count() == leaf_edges[i];
}

void sign(Graph& g, Device* device, bool fuse) {
  std::string& s = g.signature;
  s.reserve(g.order.size() * 96 + g.leaves.size() * 64);
  put(s, reinterpret_cast<int64_t>(device));
  put(s, fuse);
  for (Node* n : g.leaves) {
    put(s, int64_t(n->dtype) << 32 | int64_t(n->rank()));
    for (int64_t d : n->shape) put(s, d);
    for (int64_t d : n->strides) put(s, d);
  }
  for (size_t i = 0; i < g.order.size(); ++i) {
    Node* n = g.order[i];
    put(s, reinterpret_cast<int64_t>(n->prim));
    put(s, int64_t(n->dtype) << 40 | int64_t(n->rank()) << 32 | int64_t(n->attrs.size()) << 8 | int64_t(data_inputs(*n)) << 1 | g.becomes_computed[i]);
    for (int64_t d : n->shape) put(s, d);
    for (int64_t a : n->attrs) put(s, a);
    for (size_t k = 0; k < data_inputs(*n); ++k) put(s, n->inputs[k]->mark);
    if (n->site) put(s, n->site);  // only with WEFT_DEBUG=trace: checks name their line
  }
}

}  // namespace weft
