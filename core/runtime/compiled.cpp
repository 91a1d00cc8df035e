#include "runtime/compiled.h"

#include <unordered_map>

#include "runtime/evaluate.h"
#include "runtime/execute.h"
#include "runtime/gil.h"
#include "runtime/profile.h"

namespace weft {

namespace {
enum class From : uint8_t { arg, captured, constant, output };
struct Source {
  From from;
  int index;
};
bool same_layout(const Node& a, const Node& b) { return a.shape == b.shape && a.dtype == b.dtype && a.device == b.device && a.strides == b.strides; }
}  // namespace

struct Compiled::State {
  Device* device = nullptr;
  std::shared_ptr<Plan> plan;
  Graph graph;                                     // of the trace; its leaves are set anew at each call
  std::vector<NodeRef> alive;                      // the trace's nodes: the graph points at them
  std::vector<NodeRef> args, captured, constants;  // as they were when traced
  std::vector<Source> leaf_source;                 // for each leaf of the graph
  std::vector<Source> root_source;                 // for each root
  std::vector<NodeRef> roots;
  std::vector<int> counter_at;  // position in order, -1 where it is not used

  Source find(Node* leaf) {
    for (size_t i = 0; i < args.size(); ++i)
      if (args[i].get() == leaf) return {From::arg, int(i)};
    for (size_t i = 0; i < captured.size(); ++i)
      if (captured[i].get() == leaf) return {From::captured, int(i)};
    constants.emplace_back(leaf);
    return {From::constant, int(constants.size()) - 1};
  }
};

Compiled::~Compiled() = default;

Compiled::Compiled(const std::vector<NodeRef>& roots, const std::vector<NodeRef>& args, const std::vector<NodeRef>& captured,
                   const std::vector<NodeRef>& counters)
    : state_(std::make_unique<State>()) {
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  State& s = *state_;
  s.args = args;
  s.captured = captured;
  s.roots = roots;
  std::unordered_map<Node*, int> output;  // pending root -> position
  for (const NodeRef& r : roots) {
    if (r->computed()) {
      s.root_source.push_back(s.find(r.get()));
      continue;
    }
    auto [it, fresh] = output.try_emplace(r.get(), int(s.graph.roots.size()));
    if (fresh) s.graph.roots.push_back(r.get());
    s.root_source.push_back({From::output, it->second});
    if (s.device && r->device != s.device)
      raise(Error::value, "compile: the results are on ", s.device->name, " and ", r->device->name, "; one device for one function");
    s.device = r->device;
  }
  if (s.graph.roots.empty()) return;
  walk(s.graph);
  for (Node* n : s.graph.order)
    if (n->prim->kind == Primitive::opaque) {
      std::string what = n->prim->name;
      unmark(s.graph);
      raise(Error::unsupported, "compile: ", what, " inside a compiled function is not supported; call this function without compile");
    }
  for (const NodeRef& c : counters) s.counter_at.push_back(c->mark);
  s.graph.becomes_computed.assign(s.graph.order.size(), false);
  for (Node* r : s.graph.roots) s.graph.becomes_computed[r->mark] = true;
  unmark(s.graph);
  for (Node* leaf : s.graph.leaves) s.leaf_source.push_back(s.find(leaf)), s.alive.emplace_back(leaf);
  for (Node* n : s.graph.order) s.alive.emplace_back(n);
  s.plan = build_plan(s.graph, s.device, fuse_enabled());
  std::vector<Node*> raw(s.graph.roots);
  debug_plan(raw, *s.plan);
}

bool Compiled::accepts(const std::vector<NodeRef>& args, const std::vector<NodeRef>& captured) const {
  const State& s = *state_;
  for (size_t i = 0; i < args.size(); ++i)
    if (!same_layout(*args[i], *s.args[i])) return false;
  for (size_t i = 0; i < captured.size(); ++i)
    if (!same_layout(*captured[i], *s.captured[i])) return false;
  return true;
}

std::vector<NodeRef> Compiled::run(const std::vector<NodeRef>& args, const std::vector<NodeRef>& captured, const std::vector<bool>& disposable,
                                   const std::vector<uint64_t>& counters, const std::vector<OutputPlace>& places) {
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  State& s = *state_;
  auto at = [&](Source from) {
    return from.from == From::arg ? args[from.index] : from.from == From::captured ? captured[from.index] : s.constants[from.index];
  };
  std::vector<NodeRef> made(s.graph.roots.size());
  if (s.plan) {
    Graph& g = s.graph;
    std::vector<Node*> traced(g.leaves);
    g.dying.assign(g.leaves.size(), false);
    for (size_t i = 0; i < g.leaves.size(); ++i) {
      Source from = s.leaf_source[i];
      g.leaves[i] = at(from).get();
      // The handle that is about to be rebound, and the caller's list.
      g.dying[i] = from.from == From::captured && disposable[from.index] && g.leaves[i]->use_count() <= 2;
    }
    for (size_t c = 0; c < counters.size(); ++c)
      if (s.counter_at[c] >= 0) g.order[s.counter_at[c]]->scalar = Scalar::of(int64_t(counters[c]));
    auto restore = [&] { g.leaves = traced; };
    try {
      std::vector<OutputPlace> by_output(places.empty() ? 0 : s.plan->outputs.size());
      for (size_t o = 0; o < by_output.size(); ++o)
        for (size_t r = 0; r < places.size(); ++r)
          if (s.root_source[r].from == From::output && g.roots[s.root_source[r].index] == g.order[s.plan->outputs[o].node]) by_output[o] = places[r];
      raise_earlier(s.device);
      Binding b = bind_plan(*s.plan, g, by_output);
      launch(*s.plan, b);
      if (s.plan->checks) raise_late(s.device);
      std::unordered_map<const Node*, OutputPlace> value;
      for (size_t o = 0; o < s.plan->outputs.size(); ++o)
        value[g.order[s.plan->outputs[o].node]] = {b.outputs[o], o < by_output.size() ? by_output[o].offset : 0};
      for (auto [to, from] : s.plan->copies) value[g.order[to]] = value[g.order[from]];
      for (size_t r = 0; r < made.size(); ++r) {
        Node* traced_root = g.roots[r];
        const OutputPlace& at = value.at(traced_root);
        made[r] = leaf(traced_root->shape, traced_root->dtype, s.device, at.buffer, {}, at.offset);
      }
    } catch (...) {
      restore();
      throw;
    }
    restore();
  }
  std::vector<NodeRef> out;
  for (const Source& from : s.root_source) out.push_back(from.from == From::output ? made[from.index] : at(from));
  return out;
}

}  // namespace weft
