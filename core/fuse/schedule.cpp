#include "fuse/schedule.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "runtime/trace.h"

namespace weft {

std::vector<Node*> pending_order(const std::vector<Node*>& roots, const Decisions& decisions) {
  std::vector<Node*> order, stack;
  std::unordered_map<const Node*, int> state;  // 1: on the stack, 2: done
  for (Node* root : roots) {
    stack.push_back(const_cast<Node*>(decisions.resolve(root)));
    while (!stack.empty()) {
      Node* n = stack.back();
      int& s = state[n];
      if (s || n->computed()) {
        stack.pop_back();
        if (s == 1) s = 2, order.push_back(n);
        continue;
      }
      s = 1;
      for (size_t i = data_inputs(*n); i-- > 0;) {
        Node* in = decisions.resolve(n->inputs[i]);
        if (!in->computed() && !state.count(in)) stack.push_back(in);
      }
    }
  }
  return order;
}

bool is_dear(const Node& n) { return n.prim->kind == Primitive::reduce || n.prim->kind == Primitive::contract || n.prim->kind == Primitive::native; }

namespace {

constexpr int kMaxHeight = 128;     // longest chain of operations in one kernel
constexpr int kDearExpression = 8;  // instructions worth storing rather than doing twice
constexpr int64_t kMuchLarger = 8;  // an expansion that repeats an expression this often is not worth it

struct Scheduler {
  Scheduler(const std::vector<Node*>& r, const std::unordered_set<const Node*>& k, const Capabilities& c, bool f) : roots(r), keep(k), caps(c), fuse(f) {}

  const std::vector<Node*>& roots;
  const std::unordered_set<const Node*>& keep;
  const Capabilities& caps;
  bool fuse;

  Schedule out;
  Decisions& known = out.decisions;
  std::vector<Node*> order;
  std::unordered_set<const Node*> escaping;
  std::unordered_set<const Node*> optional;  // stored only because computing them again seemed dearer
  std::vector<Group> groups;
  std::unordered_map<const Node*, int> group_of_node;
  std::unordered_map<const Node*, std::vector<const Node*>> reads, users;  // among stored nodes

  void rewrite_all() {
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

  void choose_stored() {
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
        bool repeats = (!std::strcmp(n->prim->name, "expand") || (n->prim->kind == Primitive::gather && i == 0)) &&
                       n->numel() >= kMuchLarger * std::max<int64_t>(in->numel(), 1) && weight[in] >= kDearExpression / 2;
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

  // ---- who reads whom, among stored nodes

  void find_reads() {
    reads.clear(), users.clear();
    std::unordered_map<const Node*, std::vector<const Node*>> below;  // stored or computed nodes an unstored expression reads
    for (Node* n : order) {
      std::vector<const Node*> all;
      for (size_t i = 0; i < data_inputs(*n); ++i) {
        const Node* in = known.resolve(n->inputs[i]);
        if (in->computed() || known.stored.count(in)) all.push_back(in);
        else all.insert(all.end(), below[in].begin(), below[in].end());
      }
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
      if (known.stored.count(n)) {
        for (const Node* in : all)
          if (!in->computed()) users[in].push_back(n);
        reads[n] = all;
      }
      below[n] = std::move(all);
    }
  }

  std::vector<const Node*> stores_of(const Group& g) {
    std::unordered_set<const Node*> inside;
    for (const Member& m : g.members) inside.insert(m.node);
    std::vector<const Node*> stores;
    for (const Member& m : g.members) {
      bool outside = escaping.count(m.node) > 0;
      for (const Node* u : users[m.node]) outside |= !inside.count(u);
      if (outside) stores.push_back(m.node);
    }
    return stores;
  }

  bool fits(const LoweredGroup& l) const {
    const Kernel& k = l.kernel;
    if (k.args > caps.max_args || k.param_words > caps.max_param_words || int(k.instrs.size()) > caps.max_instrs) return false;
    int live = live_registers(k);
    return live <= caps.max_registers && (!caps.local_memory || live * 8 <= caps.local_memory);
  }

  bool depends(int from, int on, std::set<int>& seen) {  // group `from` needs something of group `on`
    if (from == on) return true;
    if (!seen.insert(from).second) return false;
    for (const Member& m : groups[from].members)
      for (const Node* in : reads[m.node]) {
        auto it = group_of_node.find(in);
        if (it != group_of_node.end() && it->second != from && depends(it->second, on, seen)) return true;
      }
    return false;
  }

  // Where `node` would stand in the loop of g; false: nowhere.
  bool place(Group& g, Node* node, Member& m) {
    const bool reduce = node->prim->kind == Primitive::reduce;
    const Dims& shape = reduce ? known.resolve(node->inputs[0])->shape : node->shape;
    bool contraction = !g.classes.empty();
    int64_t n = product(shape);
    for (;;) {
      try {
        m.node = node;
        if (reduce && !g.reduces()) return false;
        if (n == product(g.full_shape) && reshape_rows(g.sizes, g.full_rows, g.full_shape, shape, m.rows)) {
        } else if (!reduce && !contraction && n == product(g.outer_shape) && reshape_rows(g.sizes, g.outer_rows, g.outer_shape, shape, m.rows)) {
        } else {
          return false;
        }
        if (!reduce) {
          m.out = m.rows;
          return true;
        }
        if (contraction) return false;
        return place_reduction(g, node, shape, m);
      } catch (const SplitLoop& s) {
        g.split(s.dimension, s.q);
      }
    }
  }

  // The reduced axes must be the inner space, walked in the same order.
  bool place_reduction(const Group& g, Node* node, const Dims& shape, Member& m) {
    Row flat = IndexMap::scaled(Row(), 0);
    flat.coef = Dims(g.rank(), 0);
    int64_t stride = 1;
    m.out.clear();
    for (int d = int(shape.size()) - 1; d >= 0; --d) {
      bool reduced = std::find(node->attrs.begin(), node->attrs.end(), d) != node->attrs.end();
      if (!reduced) {
        m.out.insert(m.out.begin(), m.rows[d]);
        for (int l = g.outer_rank; l < g.rank(); ++l)
          if (m.rows[d].coef[l] && g.sizes[l] != 1) return false;
        continue;
      }
      if (shape[d] != 1 && !add_rows(flat, IndexMap::scaled(m.rows[d], stride), flat)) return false;
      stride *= shape[d];
    }
    int64_t expected = 1;
    for (int l = g.rank() - 1; l >= 0; --l) {
      if (g.sizes[l] == 1) continue;
      if (flat.coef[l] != (l >= g.outer_rank ? expected : 0)) return false;
      if (l >= g.outer_rank) expected *= g.sizes[l];
    }
    return flat.base == 0;
  }

  // A group without reductions, seen as the loop of a reduction over some of its dimensions.
  bool open_to(Group& g, Node* node) {
    if (g.reduces() || g.native || node->prim->kind != Primitive::reduce) return false;
    const Dims& shape = known.resolve(node->inputs[0])->shape;
    if (shape != g.full_shape) return false;
    Group fresh = group_of(node, &shape);
    for (const Member& m : g.members) {
      std::vector<Row> rows;
      if (!reshape_rows(fresh.sizes, fresh.full_rows, shape, m.node->shape, rows)) return false;
      Member moved{m.node, rows, rows};
      fresh.members.insert(fresh.members.end() - 1, moved);
    }
    fresh.members.pop_back();
    g = std::move(fresh);
    return true;
  }

  bool try_merge(int at, Node* node) {
    if (groups[at].native && groups[at].classes.empty()) return false;
    Group trial = groups[at];
    try {
      open_to(trial, node);
      Member m;
      if (!place(trial, node, m)) return false;
      trial.members.push_back(m);
      LoweredGroup l = lower_group(trial, known, stores_of(trial), caps);
      if (!fits(l)) return false;
    } catch (const MustStore&) {
      return false;
    } catch (const CannotFuse&) {
      return false;
    } catch (const SplitLoop&) {
      return false;
    }
    groups[at] = std::move(trial);
    return true;
  }

  void lower_alone(Group& g, Node* node) {
    LoweredGroup l = lower_group(g, known, {node}, caps);
    if (fits(l)) return;
    // Too large for the backend: store what stands halfway up the expression.
    const Node* n = node;
    std::vector<const Node*> chain;
    for (;;) {
      const Node* next = nullptr;
      for (size_t i = 0; i < data_inputs(*n) && !next; ++i) {
        const Node* in = known.resolve(n->inputs[i]);
        if (!in->computed() && !known.stored.count(in) && in->prim->kind != Primitive::leaf) next = in;
      }
      if (!next) break;
      chain.push_back(n = next);
    }
    while (!chain.empty() && chain[chain.size() / 2]->prim->kind == Primitive::view && chain.size() > 1) chain.pop_back();
    if (chain.empty())
      raise(Error::unsupported, node->prim->name, ": one operation exceeds the limits of the backend (", l.kernel.args, " arguments, ", l.kernel.param_words,
            " parameter words)");
    throw MustStore{chain[chain.size() / 2], "the kernel exceeds a limit of the backend"};
  }

  bool build_groups() {
    groups.clear(), group_of_node.clear();
    find_reads();
    for (Node* n : order) {
      if (!known.stored.count(n)) continue;
      Dims input_shape;
      if (n->prim->kind == Primitive::reduce) input_shape = known.resolve(n->inputs[0])->shape;
      Group alone = group_of(n, n->prim->kind == Primitive::reduce ? &input_shape : nullptr);
      try {
        lower_alone(alone, n);
      } catch (const MustStore& s) {
        if (!known.stored.insert(s.node).second) raise(Error::runtime, n->prim->name, ": cannot be scheduled: ", s.why, " (", s.node->prim->name, ")");
        return false;
      }
      int joined = fuse && n->numel() ? find_group(n) : -1;
      if (joined < 0) {
        joined = int(groups.size());
        groups.push_back(std::move(alone));
      }
      group_of_node[n] = joined;
    }
    return true;
  }

  int find_group(Node* n) {
    if (n->prim->kind == Primitive::contract || n->prim->kind == Primitive::native || n->prim->kind == Primitive::opaque) return -1;
    // Groups it reads from, latest first; then groups that read what it reads.
    std::vector<int> candidates;
    auto propose = [&](const Node* m) {
      auto it = group_of_node.find(m);
      if (it != group_of_node.end() && std::find(candidates.begin(), candidates.end(), it->second) == candidates.end()) candidates.push_back(it->second);
    };
    for (const Node* in : reads[n]) propose(in);
    std::sort(candidates.rbegin(), candidates.rend());
    size_t direct = candidates.size();
    for (size_t g = groups.size(); g-- > 0 && candidates.size() < direct + 4;) {
      bool shares = false;
      for (const Member& m : groups[g].members) {
        for (const Node* in : reads[m.node]) shares |= in->numel() > 1 && std::find(reads[n].begin(), reads[n].end(), in) != reads[n].end();
        if (!optional.count(n) || !optional.count(m.node)) continue;
        for (const Node* u : users[m.node])  // values per row of one reader
          shares |= std::find(users[n].begin(), users[n].end(), u) != users[n].end();
      }
      if (shares) propose(groups[g].members[0].node);
    }
    for (size_t c = 0; c < candidates.size(); ++c) {
      int g = candidates[c];
      if (c >= direct && groups[g].native) continue;
      bool cycle = false;
      for (const Node* in : reads[n]) {
        auto it = group_of_node.find(in);
        std::set<int> seen;
        if (it != group_of_node.end() && it->second != g && depends(it->second, g, seen)) cycle = true;
      }
      if (!cycle && try_merge(g, n)) return g;
    }
    return -1;
  }

  // A value per row that stands alone costs a kernel. A kernel that reduces those rows computes it on the way, and stores it for others.
  bool absorb_rows() {
    bool changed = false;
    for (size_t g = 0; g < groups.size(); ++g) {
      bool rows = !groups[g].members.empty();
      for (const Member& m : groups[g].members) rows &= optional.count(m.node) > 0;
      if (!rows) continue;
      if (join_a_reader(int(g))) continue;
      // Else forget it, where every reader reduces and would compute it for few rows.
      for (const Member& m : groups[g].members) {
        rows &= !escaping.count(m.node);
        for (const Node* u : users[m.node]) {
          const Group& reader = groups[group_of_node[u]];
          rows &= group_of_node[u] == int(g) || (reader.reduces() && !reader.native && m.node->numel() <= product(reader.outer_shape));
        }
      }
      if (!rows) continue;
      for (const Member& m : groups[g].members) known.stored.erase(m.node), optional.erase(m.node);
      changed = true;
    }
    return changed;
  }

  bool join_a_reader(int g) {
    std::set<int> readers;
    for (const Member& m : groups[g].members)
      for (const Node* u : users[m.node]) readers.insert(group_of_node[u]);
    readers.erase(g);
    for (int r : readers) {
      if (!groups[r].reduces() || groups[r].native) continue;
      bool cycle = false;  // another reader that r waits for
      for (int other : readers) {
        std::set<int> seen;
        cycle |= other != r && depends(r, other, seen);
      }
      if (!cycle && join_front(g, r)) return true;
    }
    return false;
  }

  bool join_front(int g, int r) {
    Group trial = groups[r];
    try {
      size_t at = 0;
      for (const Member& m : groups[g].members) {
        Member placed;
        if (m.node->numel() != product(trial.outer_shape) || !place(trial, m.node, placed)) return false;
        trial.members.insert(trial.members.begin() + at++, placed);
      }
      if (!fits(lower_group(trial, known, stores_of(trial), caps))) return false;
    } catch (const MustStore&) {
      return false;
    } catch (const CannotFuse&) {
      return false;
    } catch (const SplitLoop&) {
      return false;
    }
    for (const Member& m : groups[g].members) group_of_node[m.node] = r;
    groups[g].members.clear();
    groups[r] = std::move(trial);
    return true;
  }

  // Kernels with checks come as early as they can, so that nothing is overwritten before they passed.
  void emit_launches() {
    std::vector<LoweredGroup> lowered;
    std::erase_if(groups, [](const Group& g) { return g.members.empty(); });
    for (size_t g = 0; g < groups.size(); ++g) {
      for (const Member& m : groups[g].members) group_of_node[m.node] = int(g);
      lowered.push_back(lower_group(groups[g], known, stores_of(groups[g]), caps));
    }
    std::vector<int> done(groups.size(), 0), sequence;
    auto visit = [&](auto&& self, int g) -> void {
      if (done[g]) return;
      done[g] = 1;
      std::set<int> before;
      for (const Member& m : groups[g].members)
        for (const Node* in : reads[m.node]) {
          auto it = group_of_node.find(in);
          if (it != group_of_node.end() && it->second != g) before.insert(it->second);
        }
      for (int b : before) self(self, b);
      sequence.push_back(g);
    };
    for (size_t g = 0; g < groups.size(); ++g)
      if (lowered[g].checks) visit(visit, int(g));
    for (size_t g = 0; g < groups.size(); ++g) visit(visit, int(g));
    for (int g : sequence)
      if (!lowered[g].empty) out.launches.push_back(std::move(lowered[g]));
  }

  Schedule run() {
    GradMode off(false);
    Evaluating here;
    rewrite_all();
    choose_stored();
    do {
      while (!build_groups()) {
      }
    } while (absorb_rows());
    emit_launches();
    return std::move(out);
  }
};

}  // namespace

Schedule schedule(const std::vector<Node*>& roots, const std::unordered_set<const Node*>& keep, const Capabilities& capabilities, bool fuse) {
  return Scheduler(roots, keep, capabilities, fuse).run();
}

}  // namespace weft
