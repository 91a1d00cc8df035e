#include "runtime/evaluate.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "plan/plan.h"
#include "plan/programs.h"
#include "runtime/check.h"
#include "runtime/execute.h"
#include "runtime/gil.h"
#include "runtime/graph_view.h"
#include "runtime/profile.h"
#include "runtime/repeat.h"
#include "runtime/state.h"
#include "runtime/trace.h"
#include "runtime/views.h"

namespace weft {

std::recursive_mutex& graph_lock() {
  static auto& lock = *new std::recursive_mutex;
  return lock;
}

namespace {

// ---- what must be computed although nobody asks

std::mutex g_updates_mutex;
auto& g_updates = *new std::vector<Update>;

std::vector<Update> take_updates(Device* device) {
  std::lock_guard lock(g_updates_mutex);
  std::vector<Update> mine, others;
  for (Update& u : g_updates) (u.next->device == device ? mine : others).push_back(std::move(u));
  g_updates = std::move(others);
  // Nobody can see a value that was replaced again.
  std::erase_if(mine, [](const Update& u) { return u.next->computed() || u.next->use_count() == 1; });
  return mine;
}

// For the next evaluation: there was no room for this one.
void put_back(std::vector<Update> updates) {
  std::lock_guard lock(g_updates_mutex);
  g_updates.insert(g_updates.begin(), std::make_move_iterator(updates.begin()), std::make_move_iterator(updates.end()));
}

// ---- plans, most recently used first

constexpr size_t kPlanLimit = 512;
struct CachedPlan {
  std::string signature;
  std::shared_ptr<Plan> plan;
};
auto& g_plans = *new std::list<CachedPlan>;
auto& g_plan_at = *new std::unordered_map<std::string_view, std::list<CachedPlan>::iterator>;
RuntimeStats g_stats;
bool g_fuse = [] {
  const char* v = std::getenv("WEFT_FUSE");
  return !v || std::strcmp(v, "0");
}();

std::shared_ptr<Plan> plan_for(Graph& g, Device* device) {
  auto it = g_plan_at.find(g.signature);
  if (it != g_plan_at.end()) {
    ++g_stats.plan_hits;
    g_plans.splice(g_plans.begin(), g_plans, it->second);
    return g_plans.front().plan;
  }
  ++g_stats.plan_misses;
  auto plan = build_plan(g, device, g_fuse);
  g_plans.push_front({g.signature, plan});
  g_plan_at[g_plans.front().signature] = g_plans.begin();
  if (g_plans.size() > kPlanLimit) {
    g_plan_at.erase(g_plans.back().signature);
    g_plans.pop_back();
  }
  return plan;
}

// ---- running

void commit(const Plan& plan, Graph& g, Binding& b) {
  std::vector<SmallVector<NodeRef, 3>> dropped;  // destroyed after the graph is consistent
  auto set = [&](int at, BufferRef buffer) {
    Node* n = g.order[at];
    n->set_value(std::move(buffer), contiguous_strides(n->shape));
    if (!g.keeps[at]) dropped.push_back(std::move(n->inputs)), n->inputs.clear();
  };
  for (size_t o = 0; o < plan.outputs.size(); ++o) set(plan.outputs[o].node, b.outputs[o]);
  for (auto [to, from] : plan.copies) set(to, g.order[from]->buffer);
  unmark(g);  // before nodes are destroyed
}

// Leaves no marks, whatever happens.
void run_graph(Graph& g, Device* device, bool updates_state) {
  try {
    sign(g, device, g_fuse);
    std::shared_ptr<Plan> plan = plan_for(g, device);
    debug_plan(g.roots, *plan);
    if (updates_state) raise_earlier(device);
    Binding b = bind_plan(*plan, g);
    launch(*plan, b);
    bool careful = plan->checks && (device->backend->capabilities.shared_memory || updates_state);
    if (careful) raise_late(device);
    commit(*plan, g, b);
  } catch (...) {
    unmark(g);
    throw;
  }
}

// After a failed check nothing was written that anyone can see: an update becomes the value it would have replaced.
void evaluate_on(Device* device, const std::vector<NodeRef>& roots);

void roll_back(const std::vector<Update>& updates) {
  for (const Update& u : updates) {
    if (u.next->computed() || !u.previous) continue;
    try {
      if (!u.previous->computed()) evaluate_on(u.previous->device, {u.previous});
    } catch (const Error&) {
      continue;  // what it would fall back to fails as well: the handle says so when it is read
    }
    u.next->set_value(u.previous->buffer, u.previous->strides, u.previous->offset);
    u.next->inputs.clear();
  }
}

// Before a plan: repeats run here, between plans, and slices of values at hand become values, so that where they begin is no part
// of any key.
void prepare(const std::vector<Node*>& roots) {
  static const Decisions none;
  for (Node* n : pending_order(roots, none)) {
    if (is_repeat(*n)) {
      evaluate({n->inputs.begin(), n->inputs.end()});
    } else if (is_pick(*n)) {
      run_pick(*n);
    } else if (n->prim->kind == Primitive::view && n->numel() < n->inputs[0]->numel()) {
      try_view(*n, false);
    }
  }
}

// A small operation on values at hand, such as a sum of two short vectors, makes a graph without a walk. It is computed when its
// value is asked for, not before: a chain of such operations is one kernel.
constexpr int64_t kSmall = 4096;

bool evaluate_one(Node& n) {
  if (n.prim->kind != Primitive::map && n.prim->kind != Primitive::reduce) return false;
  auto fits = [](const Node& node) { return node.numel() <= kSmall; };
  auto at_hand = [&](const NodeRef& in) { return fits(*in) && (in->computed() || in->prim->kind == Primitive::leaf); };
  if (!fits(n) || !std::all_of(n.inputs.begin(), n.inputs.end(), at_hand)) return false;
  if (std::lock_guard lock(g_updates_mutex); !g_updates.empty()) return false;
  static Graph& g = *new Graph;  // under the graph lock; kept for its memory
  static bool busy = false;      // a backend in Python may come here again from within
  if (std::exchange(busy, true)) return false;
  g.order.clear(), g.leaves.clear(), g.signature.clear();
  for (const NodeRef& in : n.inputs) {
    if (in->mark != -1) continue;
    if (in->computed()) in->mark = -2 - int(g.leaves.size()), g.leaves.push_back(in.get());
    else in->mark = int(g.order.size()), g.order.push_back(in.get());
  }
  n.mark = int(g.order.size());
  g.order.push_back(&n);
  g.roots.assign(1, &n);
  g.becomes_computed.assign(g.order.size(), false);
  g.becomes_computed.back() = true;
  g.keeps.assign(g.order.size(), n.requires_grad && !n.released);
  g.dying.assign(g.leaves.size(), false);
  ++g_stats.evaluations;
  struct Done {
    ~Done() { busy = false; }
  } done;
  run_graph(g, n.device, false);
  return true;
}

void evaluate_on(Device* device, const std::vector<NodeRef>& roots) {
  if (roots.size() == 1 && evaluate_one(*roots[0])) return;
  std::vector<Update> updates = take_updates(device);
  Graph g;
  std::unordered_set<Node*> seen;
  auto add = [&](const NodeRef& n) {
    if (!n->computed() && !try_view(*n, true) && seen.insert(n.get()).second) g.roots.push_back(n.get());
  };
  for (const NodeRef& r : roots) add(r);
  for (const Update& u : updates) add(u.next);
  if (g.roots.empty()) return;
  ++g_stats.evaluations;
  prepare(g.roots);
  std::erase_if(g.roots, [](Node* n) { return n->computed(); });
  if (g.roots.empty()) return;
  walk(g);
  decide_lifetimes(g, updates);
  try {
    run_graph(g, device, !updates.empty());
  } catch (const Error& e) {
    if (e.kind == Error::memory) put_back(std::move(updates));
    else roll_back(updates);
    throw;
  } catch (...) {
    roll_back(updates);
    throw;
  }
  for (const Update& u : updates)
    if (u.next->released) u.next->inputs.clear();
}

}  // namespace

void remember_update(const NodeRef& previous, const NodeRef& next) {
  if (next->computed() || tracing() || next->prim->kind == Primitive::leaf) return;
  std::lock_guard lock(g_updates_mutex);
  for (size_t i = g_updates.size(); previous && i-- > 0;)
    if (g_updates[i].next == previous) {  // replaced again before anyone looked
      g_updates[i].next = next;
      return;
    }
  g_updates.push_back({previous, next});
}

void remember_root(const NodeRef& node) { remember_update(nullptr, node); }

void evaluate(const std::vector<NodeRef>& roots) {
  if (tracing()) raise(Error::runtime, "compile: the value of a traced tensor was asked for (item, bool, numpy, print); return it from the function instead");
  if (std::all_of(roots.begin(), roots.end(), [](const NodeRef& r) { return r->computed(); })) return;
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  std::vector<Device*> devices;
  for (const NodeRef& r : roots)
    if (!r->computed() && std::find(devices.begin(), devices.end(), r->device) == devices.end()) devices.push_back(r->device);
  for (Device* d : devices) {
    std::vector<NodeRef> mine;
    for (const NodeRef& r : roots)
      if (!r->computed() && r->device == d) mine.push_back(r);
    evaluate_on(d, mine);
  }
}

void synchronize(Device* device) {
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  device->backend->wait(device->index);
  raise_late(device);
}

RuntimeStats runtime_stats() {
  std::lock_guard lock(graph_lock());
  RuntimeStats s = g_stats;
  s.plans = int64_t(g_plans.size());
  s.plan_limit = kPlanLimit;
  s.programs = cached_programs();
  s.program_limit = kProgramLimit;
  return s;
}

void clear_caches() {
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  g_plan_at.clear();
  g_plans.clear();
  clear_programs();
}

bool fuse_enabled() { return g_fuse; }
void set_fuse(bool on) {
  std::lock_guard lock(graph_lock());
  g_fuse = on;
}

std::string plan_text(const std::vector<NodeRef>& roots) {
  std::lock_guard lock(graph_lock());
  std::string out;
  Graph g;
  for (const NodeRef& r : roots)
    if (!r->computed()) g.roots.push_back(r.get());
  if (g.roots.empty()) return "nothing to compute\n";
  walk(g);
  try {
    decide_lifetimes(g, {});
    sign(g, g.roots[0]->device, g_fuse);
    out = describe(*plan_for(g, g.roots[0]->device), true);
  } catch (...) {
    unmark(g);
    throw;
  }
  unmark(g);
  return out;
}

}  // namespace weft
