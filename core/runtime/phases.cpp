#include "runtime/phases.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "primitives/primitive.h"
#include "runtime/evaluate.h"
#include "runtime/profile.h"
#include "runtime/repeat.h"

namespace weft {

namespace {

struct Cutter {
  Cutter(const std::vector<NodeRef>& r, const std::vector<NodeRef>& i, Device* d) : roots(r), inputs(i), device(d) {}

  const std::vector<NodeRef>&roots, &inputs;
  Device* device;
  Phases out;
  std::vector<Node*> order;
  std::unordered_map<const Node*, int> level;      // how many repeats lie below, one after the other
  std::vector<std::vector<Node*>> stored;          // by level: what a plan makes
  std::unordered_set<const Node*> needed;          // in some list of `stored`
  std::unordered_map<const Node*, Source> source;  // of values at hand

  void find_levels() {
    std::vector<Node*> raw;
    for (const NodeRef& r : roots)
      if (!r->computed()) raw.push_back(r.get());
    static const Decisions none;
    order = pending_order(raw, none);
    int top = -1;
    for (Node* n : order) {
      int& mine = level[n] = 0;
      for (size_t i = 0; i < data_inputs(*n); ++i)
        if (auto it = level.find(n->inputs[i].get()); it != level.end()) mine = std::max(mine, it->second);
      mine += is_repeat(*n);
      top = std::max(top, mine);
      if (n->prim->kind == Primitive::opaque && !is_repeat(*n) && !is_pick(*n))
        raise(Error::unsupported, "compile: ", n->prim->name, " inside a compiled function is not supported; call this function without compile");
    }
    out.phases.resize(top + 1);
    stored.resize(top + 1);
  }

  void store(Node* n) {
    if (!n->computed() && !is_pick(*n) && needed.insert(n).second) stored[level[n]].push_back(n);
  }

  // Read by a later phase: views and constants are cheaper made again.
  void store_below(Node* n) {
    while (!n->computed() && n->prim->kind == Primitive::view) n = n->inputs[0].get();
    if (!n->computed() && !n->inputs.empty()) store(n);
  }

  void find_stored() {
    for (Node* n : order)
      for (size_t i = 0; i < data_inputs(*n); ++i) {
        Node* in = n->inputs[i].get();
        if (is_repeat(*n)) store(in);
        else if (!in->computed() && !is_pick(*n) && level[in] < level[n]) store_below(in);
      }
    for (const NodeRef& r : roots) store(r.get());
  }

  Source find(Node* n) {
    auto [it, fresh] = source.try_emplace(n, Source{Source::constant, int(out.constants.size())});
    if (fresh) out.constants.emplace_back(n);
    return it->second;
  }

  // While the phases are planned, a value that an earlier one makes is a dense leaf.
  void now_made(Node* n, int index) {
    source[n] = {Source::made, index};
    if (!n->computed()) n->set_value(placeholder(n->numel() * size_of(n->dtype)), contiguous_strides(n->shape));
  }

  void add_repeats(int l) {
    for (Node* n : order) {
      if (!is_repeat(*n) || level[n] != l) continue;
      RepeatCall call{NodeRef(n), {}, out.made};
      for (const NodeRef& in : n->inputs) call.inputs.push_back(find(in.get()));
      out.phases[l].repeats.push_back(std::move(call));
      out.made += repeat_results(*n);
    }
    for (Node* n : order)
      if (is_pick(*n) && level[n] == l)
        for (const RepeatCall& call : out.phases[l].repeats)
          if (call.node == n->inputs[0]) now_made(n, call.made + int(n->attrs[0]));
  }

  void add_plan(int l) {
    if (stored[l].empty()) return;
    Phase& phase = out.phases[l];
    Graph& g = phase.graph;
    g.roots = stored[l];
    walk(g);
    g.becomes_computed.assign(g.order.size(), false);
    for (Node* r : g.roots) g.becomes_computed[r->mark] = true;
    unmark(g);
    for (Node* leaf : g.leaves) phase.leaves.push_back(find(leaf)), out.alive.emplace_back(leaf);
    for (Node* n : g.order) out.alive.emplace_back(n);
    phase.plan = build_plan(g, device, fuse_enabled());
    debug_plan(g.roots, *phase.plan);
    std::unordered_map<const Node*, int> output;
    for (size_t o = 0; o < phase.plan->outputs.size(); ++o) output[g.order[phase.plan->outputs[o].node]] = int(o);
    for (auto [to, from] : phase.plan->copies) output[g.order[to]] = output.at(g.order[from]);
    for (Node* r : g.roots) {
      phase.output.push_back(output.at(r));
      phase.made.push_back(out.made);
      now_made(r, out.made++);
    }
  }

  // For each value of one source: the last phase that reads it, -1 where it is returned.
  std::vector<int> last_reads(Source::From from, int count) {
    std::vector<int> last(count, 0);
    for (int p = 0; p < int(out.phases.size()); ++p) {
      auto used = [&](const Source& s) {
        if (s.from == from) last[s.index] = p;
      };
      for (const RepeatCall& call : out.phases[p].repeats) {
        std::for_each(call.inputs.begin(), call.inputs.end(), used);
        for (int r = 0; r < repeat_results(*call.node); ++r) used({Source::made, call.made + r});
      }
      std::for_each(out.phases[p].leaves.begin(), out.phases[p].leaves.end(), used);
    }
    for (const Source& s : out.roots)
      if (s.from == from) last[s.index] = -1;
    return last;
  }

  void find_last_reads() {
    std::vector<int> made = last_reads(Source::made, out.made), given = last_reads(Source::input, int(inputs.size()));
    for (int m = 0; m < out.made; ++m)
      if (made[m] >= 0) out.phases[made[m]].finished.push_back(m);
    for (int i = 0; i < int(inputs.size()) && !out.phases.empty(); ++i)
      if (given[i] >= 0) out.phases[given[i]].released.push_back(i);
  }

  Phases run() {
    for (size_t i = 0; i < inputs.size(); ++i) source.try_emplace(inputs[i].get(), Source{Source::input, int(i)});
    find_levels();
    find_stored();
    for (int l = 0; l < int(out.phases.size()); ++l) {
      add_repeats(l);
      add_plan(l);
    }
    for (const NodeRef& r : roots) out.roots.push_back(find(r.get()));
    find_last_reads();
    return std::move(out);
  }
};

}  // namespace

Phases cut_at_repeats(const std::vector<NodeRef>& roots, const std::vector<NodeRef>& inputs, Device* device) { return Cutter(roots, inputs, device).run(); }

}  // namespace weft
