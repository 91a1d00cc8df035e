#include "runtime/evaluate.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "plan/plan.h"
#include "plan/programs.h"
#include "runtime/check.h"
#include "runtime/gil.h"
#include "runtime/profile.h"
#include "runtime/state.h"
#include "runtime/trace.h"
#include "runtime/views.h"

namespace weft {

std::recursive_mutex& graph_lock() {
  static auto& lock = *new std::recursive_mutex;
  return lock;
}

namespace {

// ---- the graph below some roots

struct Update {
  NodeRef previous, next;
};
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

struct Graph : GraphView {
  std::vector<bool> keeps;  // inputs stay, for a gradient
  std::string signature;
};

void put(std::string& s, int64_t v) { s.append(reinterpret_cast<const char*>(&v), sizeof v); }

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

void sign(Graph& g, Device* device) {
  std::string& s = g.signature;
  s.reserve(g.order.size() * 96 + g.leaves.size() * 64);
  put(s, reinterpret_cast<int64_t>(device));
  put(s, fuse_enabled());
  for (Node* n : g.leaves) {
    put(s, int64_t(n->dtype) << 32 | int64_t(n->rank()));
    for (int64_t d : n->shape) put(s, d);
    for (int64_t d : n->strides) put(s, d);
    put(s, n->offset);
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

// Raises the error of the first check that failed on this device since the last look.
void raise_late(Device* device) {
  if (int code = device->backend->status(device->index)) raise(Error::index, check_message(code), " (device ", device->name, ")");
}

struct Bound {
  std::vector<BufferRef> buffers, outputs;
  std::vector<int64_t> params;
};

Bound bind(const Plan& plan, Graph& g) {
  Bound b;
  for (int leaf : plan.input_slots) b.buffers.push_back(g.leaves[leaf]->buffer);
  for (const PlanOutput& out : plan.outputs) {
    BufferRef buffer;
    if (out.donor >= 0 && g.dying[out.donor]) {
      const BufferRef& mine = g.leaves[out.donor]->buffer;
      int64_t ours = std::count(b.buffers.begin(), b.buffers.end(), mine) + 1;  // the leaf's own, and the slots just filled
      if (mine->use_count() == ours && !mine->imported && mine->nbytes >= out.nbytes) buffer = mine;
    }
    if (!buffer) buffer = plan.device->pool.alloc(out.nbytes);
    b.outputs.push_back(buffer);
    b.buffers.push_back(std::move(buffer));
  }
  for (int64_t bytes : plan.arenas) b.buffers.push_back(plan.device->pool.alloc(bytes));
  b.params = plan.params;
  for (const PlanScalar& s : plan.scalars) b.params[s.word] = int64_t(g.order[s.node]->scalar.bits(s.type, s.imaginary));
  return b;
}

void launch(const Plan& plan, const Bound& b) {
  if (!plan.executable) return;
  std::vector<void*> handles;
  for (const BufferRef& buffer : b.buffers) handles.push_back(buffer->handle);
  std::vector<double> seconds;
  bool measure = profiling();
  if (measure) seconds.resize(plan.launches.size(), -1);
  plan.device->backend->run(plan.executable, handles.data(), int(handles.size()), b.params.data(), int(b.params.size()), measure ? &seconds : nullptr);
  if (measure)
    for (size_t l = 0; l < plan.launches.size(); ++l)
      record_kernel({plan.launches[l].name, plan.device->name, plan.launches[l].bytes, plan.launches[l].flops, seconds[l]});
}

void commit(const Plan& plan, Graph& g, Bound& b) {
  std::vector<SmallVector<NodeRef, 3>> dropped;  // destroyed after the graph is consistent
  auto set = [&](int at, BufferRef buffer) {
    Node* n = g.order[at];
    n->set_value(std::move(buffer), contiguous_strides(n->shape));
    if (!g.keeps[at]) dropped.push_back(std::move(n->inputs)), n->inputs.clear();
  };
  for (size_t o = 0; o < plan.outputs.size(); ++o) set(plan.outputs[o].node, b.outputs[o]);
  for (auto [to, from] : plan.copies) set(to, g.order[from]->buffer);
  unmark(g);
}

// After a failed check nothing was written that anyone can see: an update becomes the value it would have replaced.
void roll_back(const std::vector<Update>& updates) {
  for (const Update& u : updates) {
    if (u.next->computed() || !u.previous || !u.previous->computed()) continue;
    u.next->set_value(u.previous->buffer, u.previous->strides, u.previous->offset);
    u.next->inputs.clear();
  }
}

void evaluate_on(Device* device, const std::vector<NodeRef>& roots) {
  std::vector<Update> updates = take_updates(device);
  Graph g;
  std::unordered_set<Node*> seen;
  auto add = [&](const NodeRef& n) {
    if (!n->computed() && !try_view(*n) && seen.insert(n.get()).second) g.roots.push_back(n.get());
  };
  for (const NodeRef& r : roots) add(r);
  for (const Update& u : updates) add(u.next);
  if (g.roots.empty()) return;
  ++g_stats.evaluations;
  walk(g);
  std::shared_ptr<Plan> plan;
  try {
    decide_lifetimes(g, updates);
    sign(g, device);
    plan = plan_for(g, device);
    debug_plan(g.roots, *plan);
    Bound b = bind(*plan, g);
    launch(*plan, b);
    bool careful = plan->checks && (device->backend->capabilities.shared_memory || !updates.empty());
    if (careful) raise_late(device);
    commit(*plan, g, b);
  } catch (...) {
    unmark(g);
    roll_back(updates);
    throw;
  }
  for (const Update& u : updates)
    if (u.next->released) u.next->inputs.clear();
}

}  // namespace

void remember_update(const NodeRef& previous, const NodeRef& next) {
  if (next->computed() || tracing()) return;
  std::lock_guard lock(g_updates_mutex);
  g_updates.push_back({previous, next});
}

void remember_root(const NodeRef& node) { remember_update(nullptr, node); }

void evaluate(const std::vector<NodeRef>& roots) {
  if (tracing()) raise(Error::runtime, "compile: the value of a traced tensor was asked for (item, bool, numpy, print); return it from the function instead");
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
    sign(g, g.roots[0]->device);
    out = describe(*plan_for(g, g.roots[0]->device), true);
  } catch (...) {
    unmark(g);
    throw;
  }
  unmark(g);
  return out;
}

}  // namespace weft
