#include <algorithm>
#include <cstring>
#include <map>

#include "plan/plan.h"
#include "plan/programs.h"

namespace weft {

Plan::~Plan() {
  if (executable) device->backend->unload(executable);
}

namespace {

// A plan's programs must outlive its executable.
struct PlanWithPrograms : Plan {
  std::vector<std::shared_ptr<void>> programs;
  ~PlanWithPrograms() {
    if (executable) device->backend->unload(executable);
    executable = nullptr;
  }
};

// What a kernel is called in a profile: the operations it stands for.
std::string kernel_name(const LoweredGroup& l) {
  std::string name = l.kernel.kind == "loop" ? "" : l.kernel.kind;
  std::string last;
  for (const Instr& in : l.kernel.instrs) {
    static const char* plumbing[] = {"load", "store", "imm", "param", "index", "cast", "narrow", "select", "check"};
    bool skip = std::any_of(std::begin(plumbing), std::end(plumbing), [&](const char* p) { return !std::strcmp(p, in.op); });
    if (skip || last == in.op) continue;
    last = in.op;
    if (name.size() < 40) name += (name.empty() ? "" : "_") + last;
  }
  std::replace(name.begin(), name.end(), '.', '_');
  return name.empty() ? "copy" : name;
}

struct Builder {
  Builder(const GraphView& g, Device* d) : graph(g), device(d) {}

  const GraphView& graph;
  Device* device;
  std::shared_ptr<PlanWithPrograms> plan = std::make_shared<PlanWithPrograms>();
  std::map<const Node*, int> slot_of;  // input leaves and outputs
  std::map<const Node*, int> temp_of;
  std::vector<Lifetime> temps;
  std::vector<const Node*> temp_nodes;
  int slots = 0;

  static int64_t bytes_of(const Node* n) { return n->numel() * size_of(n->dtype); }

  std::map<const Node*, int> positions(const std::vector<Node*>& nodes) {
    std::map<const Node*, int> at;
    for (size_t i = 0; i < nodes.size(); ++i) at[nodes[i]] = int(i);
    return at;
  }

  // Outputs: nodes that become values, by what stands for them after rewriting. Equal ones share memory.
  std::map<const Node*, int> find_outputs(const Schedule& s) {
    std::map<const Node*, int> output;
    for (size_t i = 0; i < graph.order.size(); ++i) {
      if (!graph.becomes_computed[i]) continue;
      const Node* n = s.decisions.resolve(graph.order[i]);
      auto [it, fresh] = output.try_emplace(n, int(plan->outputs.size()));
      if (fresh) plan->outputs.push_back({int(i), bytes_of(n)});
      else plan->copies.emplace_back(int(i), plan->outputs[it->second].node);
    }
    return output;
  }

  void lifetimes(const Schedule& s, const std::map<const Node*, int>& output) {
    for (size_t l = 0; l < s.launches.size(); ++l)
      for (const LoweredArg& a : s.launches[l].args) {
        if (a.node->computed() || output.count(a.node)) continue;
        auto [it, fresh] = temp_of.try_emplace(a.node, int(temps.size()));
        if (fresh) temps.push_back({bytes_of(a.node), int(l), int(l)}), temp_nodes.push_back(a.node);
        temps[it->second].last = int(l);
      }
  }

  // An output may take the memory of a leaf whose last reader writes it in place, once every check has passed.
  void find_donors(const Schedule& s, const std::map<const Node*, int>& output, const std::map<const Node*, int>& leaf_at) {
    std::map<const Node*, int> last_read, readers;
    int last_check = -1;
    for (size_t l = 0; l < s.launches.size(); ++l) {
      if (s.launches[l].checks) last_check = int(l);
      for (const LoweredArg& a : s.launches[l].args)
        if (!a.store) last_read[a.node] = int(l);
    }
    std::map<int, bool> taken;
    for (size_t l = 0; l < s.launches.size(); ++l) {
      if (int(l) <= last_check) continue;
      for (auto& [store, load] : s.launches[l].in_place) {
        auto o = output.find(store);
        auto leaf = leaf_at.find(load);
        if (o == output.end() || leaf == leaf_at.end() || last_read[load] != int(l) || taken[leaf->second]) continue;
        PlanOutput& out = plan->outputs[o->second];
        if (out.donor >= 0 || bytes_of(load) != out.nbytes) continue;
        out.donor = leaf->second;
        taken[leaf->second] = true;
      }
    }
  }

  std::shared_ptr<Plan> run(bool fuse) {
    plan->device = device;
    std::unordered_set<const Node*> keep;
    for (size_t i = 0; i < graph.order.size(); ++i)
      if (graph.becomes_computed[i]) keep.insert(graph.order[i]);
    Schedule s = schedule(graph.roots, keep, device->backend->capabilities, fuse);
    auto output = find_outputs(s);
    auto leaf_at = positions(graph.leaves), node_at = positions(graph.order);
    lifetimes(s, output);
    find_donors(s, output, leaf_at);
    int64_t max_block = device->backend->capabilities.max_alloc;
    std::vector<Placement> placed = place_temporaries(temps, max_block, plan->arenas);

    // Slots: inputs as they come up, then outputs, then blocks of temporaries.
    auto input_slot = [&](const Node* n) {
      auto [it, fresh] = slot_of.try_emplace(n, int(plan->input_slots.size()));
      if (fresh) {
        auto leaf = leaf_at.find(n);
        if (leaf == leaf_at.end()) raise(Error::runtime, "plan: a value outside the graph is read (", n->prim ? n->prim->name : "?", ")");
        plan->input_slots.push_back(leaf->second);
      }
      return it->second;
    };
    for (const LoweredGroup& l : s.launches)
      for (const LoweredArg& a : l.args)
        if (a.node->computed()) input_slot(a.node);
    int outputs_at = int(plan->input_slots.size()), arenas_at = outputs_at + int(plan->outputs.size());
    slots = arenas_at + int(plan->arenas.size());

    std::vector<PlanLaunch> launches;
    for (LoweredGroup& l : s.launches) {
      PlanLaunch launch;
      plan->programs.push_back(program_for(device, l.kernel));
      launch.program = plan->programs.back().get();
      launch.first_param = int(plan->params.size());
      std::vector<int64_t> base(l.args.size(), 0);
      for (size_t i = 0; i < l.args.size(); ++i) {
        const Node* n = l.args[i].node;
        if (n->computed()) launch.slots.push_back(input_slot(n));
        else if (auto o = output.find(n); o != output.end()) launch.slots.push_back(outputs_at + o->second);
        else {
          Placement p = placed[temp_of.at(n)];
          launch.slots.push_back(arenas_at + p.block);
          base[i] = p.offset;
        }
      }
      for (const OffsetWord& w : l.offsets) {
        const Node* n = l.args[w.arg].node;
        int unit = is_complex(n->dtype) ? 2 : 1;
        l.params[w.word] += base[w.arg] / w.element_size;
        if (n->computed()) l.params[w.word] -= n->offset * unit;
        if (n->computed() || output.count(n)) plan->offsets.push_back({launch.first_param + w.word, launch.slots[w.arg], unit});
      }
      for (const ScalarWord& w : l.scalars) {
        auto at = node_at.find(w.node);
        if (at == node_at.end()) l.params[w.word] = int64_t(w.node->scalar.bits(w.type, w.imaginary));  // made by a rewrite: a constant
        else plan->scalars.push_back({launch.first_param + w.word, at->second, w.type, w.imaginary});
      }
      plan->params.insert(plan->params.end(), l.params.begin(), l.params.end());
      plan->checks |= l.checks;
      plan->launches.push_back({kernel_name(l), l.kernel.text, l.bytes, l.flops});
      launches.push_back(std::move(launch));
    }
    if (!launches.empty()) plan->executable = device->backend->load(device->index, slots, int(plan->params.size()), launches);
    return plan;
  }
};

}  // namespace

std::shared_ptr<Plan> build_plan(const GraphView& graph, Device* device, bool fuse) {
  Builder b(graph, device);
  return b.run(fuse);
}

}  // namespace weft
