#include "runtime/compiled.h"

#include <algorithm>

#include "runtime/evaluate.h"
#include "runtime/gil.h"
#include "runtime/repeat.h"

namespace weft {

static bool same_layout(const Node& a, const Node& b) { return a.shape == b.shape && a.dtype == b.dtype && a.device == b.device && a.strides == b.strides; }

Compiled::Compiled(const std::vector<NodeRef>& roots, const std::vector<NodeRef>& inputs) : inputs_(inputs) {
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  for (const NodeRef& r : roots) {
    if (r->computed()) continue;
    if (device_ && r->device != device_)
      raise(Error::value, "compile: the results are on ", device_->name, " and ", r->device->name, "; one device for one function");
    device_ = r->device;
  }
  all_ = cut_at_repeats(roots, inputs, device_);
}

bool Compiled::accepts(const std::vector<NodeRef>& inputs) const {
  return std::equal(inputs.begin(), inputs.end(), inputs_.begin(), inputs_.end(),
                    [](const NodeRef& given, const NodeRef& traced) { return same_layout(*given, *traced); });
}

void Compiled::run_plan(Phase& phase, const std::vector<NodeRef>& inputs, const std::vector<bool>& disposable, const std::vector<OutputPlace>& places,
                        std::vector<NodeRef>& made) {
  Graph& g = phase.graph;
  struct Restore {  // whatever happens, the graph names the nodes it was traced on again
    Graph& graph;
    std::vector<Node*> traced;
    ~Restore() { graph.leaves = std::move(traced); }
  } restore{g, g.leaves};
  g.dying.assign(g.leaves.size(), false);
  for (size_t i = 0; i < g.leaves.size(); ++i) {
    auto [from, index] = phase.leaves[i];
    g.leaves[i] = (from == Source::input ? inputs : from == Source::made ? made : all_.constants)[index].get();
    auto last = [index = index](const std::vector<int>& read) { return std::binary_search(read.begin(), read.end(), index); };
    if (from == Source::input) g.dying[i] = !disposable.empty() && disposable[index] && g.leaves[i]->use_count() <= 2 && last(phase.released);
    else if (from == Source::made) g.dying[i] = g.leaves[i]->use_count() == 1 && last(phase.finished);
  }
  std::vector<OutputPlace> by_output(places.empty() ? 0 : phase.plan->outputs.size());
  for (size_t r = 0; r < phase.made.size() && !places.empty(); ++r) by_output[phase.output[r]] = places[phase.made[r]];
  raise_earlier(device_);
  Binding b = bind_plan(*phase.plan, g, by_output);
  launch(*phase.plan, b);
  if (phase.plan->checks) raise_late(device_);
  for (size_t r = 0; r < phase.made.size(); ++r) {
    int o = phase.output[r];
    made[phase.made[r]] = leaf(g.roots[r]->shape, g.roots[r]->dtype, device_, b.outputs[o], {}, by_output.empty() ? 0 : by_output[o].offset);
  }
}

std::vector<NodeRef> Compiled::run(const std::vector<NodeRef>& inputs, const std::vector<bool>& disposable, const std::vector<OutputPlace>& places) {
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  std::vector<NodeRef> made(all_.made);
  auto at = [&](const Source& s) { return (s.from == Source::input ? inputs : s.from == Source::made ? made : all_.constants)[s.index]; };
  std::vector<OutputPlace> place_of(places.empty() ? 0 : made.size());
  for (size_t r = 0; r < places.size(); ++r)
    if (all_.roots[r].from == Source::made) place_of[all_.roots[r].index] = places[r];
  for (Phase& phase : all_.phases) {
    for (const RepeatCall& call : phase.repeats) {
      std::vector<NodeRef> given;
      for (const Source& s : call.inputs) given.push_back(at(s));
      std::vector<NodeRef> results = run_body(*call.node, std::move(given));
      std::move(results.begin(), results.end(), made.begin() + call.made);
    }
    if (phase.plan) run_plan(phase, inputs, disposable, place_of, made);
    for (int m : phase.finished) made[m] = nullptr;
  }
  std::vector<NodeRef> out;
  for (const Source& s : all_.roots) out.push_back(at(s));
  return out;
}

}  // namespace weft
