#include "runtime/profile.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <sstream>
#include <unordered_map>

#include "graph/error.h"

namespace weft {

static std::atomic<int> g_depth{0};
static std::mutex g_mutex;
static ProfileData& data() {
  static auto& all = *new ProfileData;
  return all;
}

// Nested profiles each see what happened from their own start.
static thread_local std::vector<size_t> t_marks;

void profile_start() {
  std::lock_guard lock(g_mutex);
  ++g_depth;
  for (size_t n : {data().kernels.size(), data().fallbacks.size(), data().syncs.size()}) t_marks.push_back(n);
}

ProfileData profile_stop() {
  std::lock_guard lock(g_mutex);
  if (t_marks.size() < 3) raise(Error::runtime, "profile: stopped on a thread that did not start it");
  auto tail = [](auto& all, size_t from) { return std::decay_t<decltype(all)>(all.begin() + from, all.end()); };
  size_t at = t_marks.size() - 3;
  ProfileData out{tail(data().kernels, t_marks[at]), tail(data().fallbacks, t_marks[at + 1]), tail(data().syncs, t_marks[at + 2])};
  t_marks.resize(at);
  if (--g_depth == 0) data() = {};
  return out;
}

bool profiling() { return g_depth > 0; }

void record_kernel(KernelRecord record) {
  std::lock_guard lock(g_mutex);
  if (g_depth) data().kernels.push_back(std::move(record));
}

void record_sync(const std::string& why) {
  std::lock_guard lock(g_mutex);
  if (g_depth) data().syncs.push_back(why);
}

static thread_local int t_allow_host = 0;
int allow_host(int delta) { return t_allow_host += delta; }

void record_fallback(const std::string& op, Device* device) {
  if (device->backend->name == "cpu") return;  // the host is where its data are
  const char* strict = std::getenv("WEFT_STRICT");
  if (strict && !std::strcmp(strict, "1") && !t_allow_host)
    raise(Error::unsupported, op, ": runs on the host, and WEFT_STRICT=1 forbids that for ", device->name, "; wrap it in `with weft.allow_host():`");
  std::lock_guard lock(g_mutex);
  if (g_depth) data().fallbacks.push_back(op);
}

bool debug_wants(const char* what) {
  const char* v = std::getenv("WEFT_DEBUG");
  if (!v) return false;
  std::istringstream words(v);
  for (std::string w; std::getline(words, w, ',');)
    if (w == what) return true;
  return false;
}

std::string describe(const Plan& plan, bool kernels) {
  std::ostringstream out;
  out << "plan 1 device " << plan.device->name << " inputs " << plan.input_slots.size() << " outputs " << plan.outputs.size() << " words " << plan.params.size()
      << '\n';
  for (int64_t a : plan.arenas) out << "  arena " << a << " bytes\n";
  for (const PlanOutput& o : plan.outputs) {
    out << "  output node " << o.node << ' ' << o.nbytes << " bytes";
    if (o.donor >= 0) out << ", in place of input " << o.donor << " where nobody else holds it";
    out << '\n';
  }
  for (const LaunchInfo& l : plan.launches) {
    out << "  launch " << l.name << ' ' << l.bytes << " bytes " << l.flops << " flops\n";
    if (kernels) out << l.text;
  }
  return out.str();
}

std::string graph_text(const std::vector<NodeRef>& roots) {
  std::lock_guard lock(graph_lock());
  std::ostringstream out;
  std::vector<Node*> raw;
  for (const NodeRef& r : roots) raw.push_back(r.get());
  static const Decisions none;
  std::vector<Node*> order = pending_order(raw, none);
  std::unordered_map<const Node*, int> id;
  out << "graph 1\n";
  auto value = [&](const Node* n) {
    auto [it, fresh] = id.try_emplace(n, int(id.size()));
    if (fresh) out << "  %" << it->second << " = value " << name(n->dtype) << ' ' << n->shape << '\n';
    return it->second;
  };
  for (Node* n : order) {
    std::vector<int> inputs;
    for (size_t i = 0; i < data_inputs(*n); ++i) inputs.push_back(value(n->inputs[i].get()));
    int me = int(id.size());
    id[n] = me;
    out << "  %" << me << " = " << n->prim->name << ' ' << name(n->dtype) << ' ' << n->shape;
    for (int i : inputs) out << " %" << i;
    if (!n->attrs.empty()) out << " attrs " << n->attrs;
    if (n->prim->kind == Primitive::leaf && inputs.empty()) out << " scalar " << n->scalar.as_double();
    out << '\n';
  }
  for (Node* r : raw) out << "  return %" << value(r) << '\n';
  return out.str();
}

void debug_plan(const std::vector<Node*>& roots, const Plan& plan) {
  static const bool graph = debug_wants("graph"), kernels = debug_wants("kernels"), plans = debug_wants("plan");
  if (graph) {
    std::vector<NodeRef> refs;
    for (Node* r : roots) refs.emplace_back(r);
    std::cerr << graph_text(refs);
  }
  if (kernels || plans) std::cerr << describe(plan, kernels);
}

}  // namespace weft
