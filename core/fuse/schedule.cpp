// What is computed together: stored nodes become groups, one kernel each.
#include "fuse/scheduling.h"

#include <algorithm>
#include <map>
#include <set>

#include "fuse/place.h"
#include "runtime/trace.h"

namespace weft {

namespace {

constexpr int64_t kSmallLoop = 1 << 16;  // points

struct Scheduler : Scheduling {
  explicit Scheduler(Scheduling&& s) : Scheduling(std::move(s)) {}

  std::vector<LoweredGroup> launches;
  std::vector<Group> groups;
  std::unordered_map<const Node*, int> group_of_node;
  std::unordered_map<const Node*, std::vector<const Node*>> reads, users;  // among stored nodes

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

  // Changes a copy of group `at`, and keeps it if it is one kernel that fits.
  template <class Change>
  bool try_change(int at, Change change) {
    Group trial = groups[at];
    try {
      if (!change(trial) || !fits(lower_group(trial, known, stores_of(trial), caps))) return false;
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

  bool try_merge(int at, Node* node) {
    if (groups[at].native && groups[at].classes.empty()) return false;
    return try_change(at, [&](Group& trial) {
      open_to(trial, node, known);
      Member m;
      if (!place(trial, node, known, m)) return false;
      trial.members.push_back(m);
      return true;
    });
  }

  // The members of group g move into group `to`.
  void moved(int g, int to) {
    for (const Member& m : groups[g].members) group_of_node[m.node] = to;
    groups[g].members.clear();
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
    bool joined = try_change(r, [&](Group& trial) {
      size_t at = 0;
      for (const Member& m : groups[g].members) {
        Member placed;
        if (m.node->numel() != product(trial.outer_shape) || !place(trial, m.node, known, placed)) return false;
        trial.members.insert(trial.members.begin() + at++, placed);
      }
      return true;
    });
    if (joined) moved(g, r);
    return joined;
  }

  // Equal small loops over different values, such as the updates of equal parameters, are one kernel: a launch costs more than they do.
  void merge_alike() {
    std::map<std::pair<std::string, std::vector<int64_t>>, int> alike;  // the last one of each kind
    for (int g = 0; g < int(groups.size()); ++g) {
      Group& group = groups[g];
      if (group.members.empty() || group.native || product(group.sizes) > kSmallLoop) continue;
      LoweredGroup l = lower_group(group, known, stores_of(group), caps);
      if (l.checks || l.empty) continue;
      auto [it, first] = alike.try_emplace({l.kernel.text, {group.sizes.begin(), group.sizes.end()}}, g);
      if (!first && !join_alike(g, it->second)) it->second = g;
    }
  }

  bool join_alike(int g, int to) {
    std::set<int> seen, seen_back;
    if (depends(g, to, seen) || depends(to, g, seen_back)) return false;
    bool joined = try_change(to, [&](Group& trial) {
      for (const Member& m : groups[g].members) {
        Member placed;
        if (!place(trial, m.node, known, placed)) return false;
        trial.members.push_back(placed);
      }
      return true;
    });
    if (joined) moved(g, to);
    return joined;
  }

  // For each group, the groups that come first: those it reads from, and, where nothing here reads it (an update), those that read
  // what it may overwrite.
  std::vector<std::set<int>> find_predecessors(const std::vector<LoweredGroup>& lowered) const {
    std::vector<std::set<int>> before(groups.size());
    std::vector<bool> read(groups.size(), false);
    std::unordered_map<const Node*, std::vector<int>> readers;
    for (int g = 0; g < int(groups.size()); ++g) {
      for (const Member& m : groups[g].members)
        for (const Node* in : reads.at(m.node)) {
          auto it = group_of_node.find(in);
          if (it != group_of_node.end() && it->second != g) before[g].insert(it->second), read[it->second] = true;
        }
      for (const LoweredArg& a : lowered[g].args)
        if (!a.store) readers[a.node].push_back(g);
    }
    for (int g = 0; g < int(groups.size()); ++g)
      for (auto& [store, load] : lowered[g].in_place)
        for (int r : readers[load])
          if (!read[g] && read[r]) before[g].insert(r);
    return before;
  }

  // Kernels with checks come as early as they can, so that nothing is overwritten before they passed. Any other comes when it is
  // needed; but one that leads to a result of the plan alone, such as the gradient of a weight and its update, comes as soon as it
  // can: what it reads need not be kept.
  std::vector<int> launch_order(const std::vector<LoweredGroup>& lowered) const {
    const int n = int(groups.size());
    std::vector<std::set<int>> before = find_predecessors(lowered);
    std::vector<std::vector<int>> after(n);
    for (int g = 0; g < n; ++g)
      for (int b : before[g]) after[b].push_back(g);
    auto leads_out = [&](int g) {
      while (after[g].size() == 1) g = after[g][0];
      return after[g].empty();
    };
    std::vector<int> left(n), order;
    for (int g = 0; g < n; ++g) left[g] = leads_out(g) ? int(before[g].size()) : -1;
    std::vector<bool> entered(n, false);
    auto visit = [&](auto&& self, int g) -> void {
      if (entered[g]) return;
      entered[g] = true;
      for (int b : before[g]) self(self, b);
      order.push_back(g);
      for (int a : after[g])
        if (--left[a] == 0) self(self, a);
    };
    for (int g = 0; g < n; ++g)
      if (lowered[g].checks) visit(visit, g);
    for (int g = 0; g < n; ++g) visit(visit, g);
    return order;
  }

  void emit_launches() {
    std::vector<LoweredGroup> lowered;
    std::erase_if(groups, [](const Group& g) { return g.members.empty(); });
    for (size_t g = 0; g < groups.size(); ++g) {
      for (const Member& m : groups[g].members) group_of_node[m.node] = int(g);
      lowered.push_back(lower_group(groups[g], known, stores_of(groups[g]), caps));
    }
    for (int g : launch_order(lowered))
      if (!lowered[g].empty) launches.push_back(std::move(lowered[g]));
  }

  void run() {
    do {
      while (!build_groups()) {
      }
    } while (absorb_rows());
    if (fuse) merge_alike();
    emit_launches();
  }
};

}  // namespace

Schedule schedule(const std::vector<Node*>& roots, const std::unordered_set<const Node*>& keep, const Capabilities& capabilities, bool fuse) {
  GradMode off(false);
  Evaluating here;
  Scheduler s(choose_stored(roots, keep, capabilities, fuse));
  s.run();
  return {std::move(s.known), std::move(s.launches)};
}

}  // namespace weft
