#include "fuse/lower.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include "fuse/emit.h"
#include "fuse/expand.h"
#include "fuse/stages.h"
#include "runtime/device.h"

namespace weft {

namespace {

// The loop of a kernel while dimensions are merged: what the accesses and bounds are over.
struct Loop {
  Dims sizes;
  int outer_rank;
  std::vector<int> classes;
  std::vector<TapeAccess> accesses;
  std::vector<bool> indexed;  // an "index" instruction names this dimension
  std::vector<int> renamed;   // old dimension -> new

  void drop(int d) {
    sizes.erase(d);
    if (d < outer_rank) --outer_rank;
    if (!classes.empty()) classes.erase(classes.begin() + d);
    for (TapeAccess& a : accesses) {
      a.strides.erase(d);
      for (Bound& b : a.bounds) b.coef.erase(d);
    }
    indexed.erase(indexed.begin() + d);
    for (int& r : renamed)
      if (r > d) --r;
  }

  bool mergeable(int d) const {  // d and d + 1 walk as one
    if ((d < outer_rank) != (d + 1 < outer_rank) || indexed[d] || indexed[d + 1]) return false;
    if (!classes.empty() && classes[d] != classes[d + 1]) return false;
    int64_t inner = sizes[d + 1];
    for (const TapeAccess& a : accesses) {
      if (a.strides[d] != a.strides[d + 1] * inner) return false;
      for (const Bound& b : a.bounds)
        if (b.coef[d] != b.coef[d + 1] * inner) return false;
    }
    return true;
  }

  bool last_of_its_class(int d) const {
    for (int e = 0; e < int(sizes.size()); ++e) {
      bool same = classes.empty() ? (e < outer_rank) == (d < outer_rank) : classes[e] == classes[d];
      if (e != d && same) return false;
    }
    return true;
  }

  // The outer space keeps a dimension, the inner one too where there was one, and so does each class of a contraction.
  void collapse() {
    for (int d = int(sizes.size()) - 1; d >= 0; --d)
      if (sizes[d] == 1 && !indexed[d] && !last_of_its_class(d)) drop(d);
    for (int d = int(sizes.size()) - 2; d >= 0; --d) {
      if (!mergeable(d)) continue;
      sizes[d + 1] *= sizes[d];
      for (int& r : renamed)
        if (r == d) r = d + 1;
      drop(d);
    }
  }
};

int64_t element_span(const TapeAccess& a, const Dims& sizes) {
  int64_t span = std::abs(a.offset);
  if (a.node->computed()) span = std::max(span, a.node->buffer->nbytes / size_of(a.dtype));  // the next call may begin anywhere in it
  for (size_t d = 0; d < sizes.size(); ++d) span += std::abs(a.strides[d]) * sizes[d];
  for (size_t b = 0; b < a.bounds.size(); ++b) {
    int64_t reach = std::abs(a.bounds[b].base) + a.bounds[b].limit * std::max<int64_t>(a.bounds[b].step, 1);
    for (size_t d = 0; d < sizes.size(); ++d) reach += std::abs(a.bounds[b].coef[d]) * sizes[d];
    span = std::max(span + std::abs(a.bound_strides[b]) * a.bounds[b].limit, reach);
  }
  for (auto& i : a.indices) span += std::abs(i.stride) * i.limit;
  return span;
}

// Bytes an access touches: each element once where a stride repeats it.
int64_t touched(const TapeAccess& a, const Dims& sizes) {
  int64_t n = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    bool moves = a.strides[d] != 0;
    for (size_t b = 0; b < a.bounds.size(); ++b) moves |= a.bounds[b].coef[d] && a.bound_strides[b];
    if (moves || !a.indices.empty()) n *= sizes[d];
  }
  return n * size_of(a.dtype);
}

struct Builder {
  Builder(Group& g, const Decisions& d) : group(g), decisions(d) {}
  Group& group;
  const Decisions& decisions;
  Emitter emitter{group, decisions};
  LoweredGroup out;
  Loop loop;

  int argument(const Node* n, bool store) {
    for (size_t i = 0; i < out.args.size(); ++i)
      if (out.args[i].node == n) {
        out.args[i].store |= store;
        return int(i);
      }
    out.args.push_back({n, store});
    return int(out.args.size()) - 1;
  }

  void emit(const std::vector<const Node*>& stores) {
    for (const Member& m : group.members) {
      emitter.member(m);
      if (std::find(stores.begin(), stores.end(), m.node) != stores.end()) emitter.store(m);
    }
  }

  void expand(const std::set<std::string>& extra) {
    std::vector<Reg> renamed;
    emitter.tape = expand_extra(emitter.tape, extra, renamed);
    for (TapeAccess& a : emitter.accesses)
      for (auto& i : a.indices) i.reg = renamed[i.reg];
  }

  // sort, scan and scatter have accesses and no tape.
  void native_accesses() {
    const Member& m = group.members[0];
    NativeLowering& n = *group.native;
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      const Node* source = decisions.resolve(m.node->inputs[i].get());
      TapeAccess a;
      a.node = source;
      a.dtype = source->dtype;
      a.strides = Dims(group.rank(), 0);
      Dims strides = source->computed() ? source->strides : contiguous_strides(source->shape);
      a.offset = source->computed() ? source->offset : 0;
      for (size_t j = 0; j < n.inputs[i].rows.size(); ++j) {
        a.offset += n.inputs[i].rows[j].base * strides[j];
        for (int d = 0; d < group.rank(); ++d) a.strides[d] += n.inputs[i].rows[j].coef[d] * strides[j];
      }
      emitter.accesses.push_back(a);
    }
    TapeAccess a;
    a.node = m.node;
    a.dtype = m.node->dtype;
    a.store = true;
    a.strides = Dims(group.rank(), 0);
    Dims strides = contiguous_strides(m.node->shape);
    for (size_t j = 0; j < m.out.size(); ++j)
      for (int d = 0; d < group.rank(); ++d) a.strides[d] += m.out[j].coef[d] * strides[j];
    emitter.accesses.push_back(a);
  }

  void make_loop() {
    loop.sizes = group.sizes;
    loop.outer_rank = group.outer_rank;
    loop.classes = group.classes;
    loop.accesses = emitter.accesses;
    loop.indexed.assign(group.rank(), false);
    for (int d = 0; d < group.rank(); ++d) loop.renamed.push_back(d);
    for (const TapeInstr& in : emitter.tape.instrs)
      if (!std::strcmp(in.op, "index")) loop.indexed[in.imm] = true;
    bool contraction = !group.classes.empty();
    if (!group.native || contraction) loop.collapse();
    if (loop.outer_rank == 0) {  // a single point
      loop.sizes.insert(0, 1);
      loop.outer_rank = 1;
      if (contraction) loop.classes.insert(loop.classes.begin(), 0);
      loop.indexed.insert(loop.indexed.begin(), false);
      for (TapeAccess& a : loop.accesses) {
        a.strides.insert(0, 0);
        for (Bound& b : a.bounds) b.coef.insert(0, 0);
      }
      for (int& r : loop.renamed) ++r;
    }
  }

  void parameters(const Staged& staged) {
    Kernel& k = out.kernel;
    int rank = int(loop.sizes.size());
    k.outer_rank = loop.outer_rank;
    k.inner_rank = rank - loop.outer_rank;
    for (int64_t s : loop.sizes) out.params.push_back(s);
    int64_t widest = product(loop.sizes);
    for (size_t i = 0; i < staged.access_of.size(); ++i) {
      const TapeAccess& a = loop.accesses[staged.access_of[i]];
      Access made;
      made.arg = argument(a.node, a.store);
      made.dtype = a.dtype;
      made.store = a.store;
      made.params = int(out.params.size());
      made.bounds = int(a.bounds.size());
      made.index_regs = staged.index_regs[i];
      out.offsets.push_back({int(out.params.size()), made.arg, size_of(a.dtype)});
      out.params.push_back(a.offset);
      for (int64_t s : a.strides) {
        out.params.push_back(s);
        made.stride_classes.push_back(s == 0 ? 0 : s == 1 ? 1 : 2);
      }
      for (size_t b = 0; b < a.bounds.size(); ++b) {
        made.dilated |= a.bounds[b].step != 1;
        for (int64_t w : {a.bounds[b].base, a.bounds[b].limit, a.bounds[b].step, a.bound_strides[b]}) out.params.push_back(w);
        for (int64_t c : a.bounds[b].coef) out.params.push_back(c);
      }
      if (!a.bounds.empty()) {
        if (a.fill_node) out.scalars.push_back({int(out.params.size()), a.fill_node, reg_type(a.dtype), a.fill_imaginary});
        out.params.push_back(0);
      }
      for (auto& index : a.indices) out.params.push_back(index.stride), out.params.push_back(index.limit);
      k.accesses.push_back(std::move(made));
      widest = std::max(widest, element_span(a, loop.sizes));
    }
    k.index_bits = widest < (int64_t(1) << 31) ? 32 : 64;
    // Scalars: each "param" instruction gets a word.
    std::unordered_map<int64_t, int> words;
    for (Instr& in : k.instrs) {
      if (!std::strcmp(in.op, "index")) in.imm = loop.renamed[in.imm];
      if (std::strcmp(in.op, "param")) continue;
      auto [it, fresh] = words.try_emplace(int64_t(in.imm) * 64 + int(in.type), int(out.params.size()));
      if (fresh) {
        const auto& slot = emitter.slots[in.imm / 2];
        if (slot.node) out.scalars.push_back({it->second, slot.node, in.type, in.imm % 2 == 1});
        out.params.push_back(slot.value);
      }
      in.imm = it->second;
    }
    k.param_words = int(out.params.size());
    k.args = int(out.args.size());
  }

  void name_kind(const Capabilities& capabilities) {
    Kernel& k = out.kernel;
    if (!group.native) return;
    for (auto& [name, value] : group.native->attrs) k.attrs.emplace_back(name, value);
    if (group.classes.empty()) {
      k.kind = group.native->kind;
      return;
    }
    int count[4] = {};
    for (int c : loop.classes) ++count[c];
    for (int c = 0; c < 3; ++c) k.attrs[c].second = count[c];
    bool plain = count[1] <= 1 && count[2] <= 1 && count[3] <= 1;
    for (const Access& a : k.accesses) plain &= a.store || (!a.bounds && a.index_regs.empty());
    const char* kind = plain && capabilities.has_kind("gemm") ? "gemm" : "conv";
    k.kind = capabilities.has_kind(kind) ? kind : "loop";
    if (k.kind == "loop") k.attrs.clear();
  }

  // A store may take the place of a load of the same elements once, at each point, everything was read.
  void find_in_place() {
    if (group.native) return;
    std::vector<int> last_load(out.args.size(), -1), first_store(out.args.size(), INT_MAX);
    for (int i = 0; i < int(out.kernel.instrs.size()); ++i) {
      const Instr& in = out.kernel.instrs[i];
      if (!std::strcmp(in.op, "load")) last_load[out.kernel.accesses[in.imm].arg] = i;
      if (!std::strcmp(in.op, "store")) first_store[out.kernel.accesses[in.imm].arg] = std::min(first_store[out.kernel.accesses[in.imm].arg], i);
    }
    for (const TapeAccess& s : loop.accesses) {
      if (!s.store) continue;
      for (size_t at = 0; at < out.args.size(); ++at) {
        const LoweredArg& arg = out.args[at];
        if (arg.store || !arg.node->computed() || size_of(arg.node->dtype) != size_of(s.node->dtype)) continue;
        bool same = last_load[at] < first_store[argument(s.node, true)];
        for (const TapeAccess& l : loop.accesses)
          if (l.node == arg.node) same &= l.strides == s.strides && l.offset == s.offset && l.bounds.empty() && l.indices.empty() && l.dtype == s.dtype;
        if (same) out.in_place.emplace_back(s.node, arg.node);
      }
    }
  }

  void count() {
    int64_t outer = 1, points = product(loop.sizes);
    for (int d = 0; d < loop.outer_rank; ++d) outer *= loop.sizes[d];
    out.empty = outer == 0;
    std::vector<const TapeAccess*> seen;
    for (const TapeAccess& a : loop.accesses) {
      bool again = std::any_of(seen.begin(), seen.end(),
                               [&](auto* s) { return s->node == a.node && s->store == a.store && s->dtype == a.dtype && s->offset == a.offset; });
      if (!again) out.bytes += touched(a, loop.sizes);
      seen.push_back(&a);
    }
    for (const Stage& s : out.kernel.stages)
      for (int i = s.first; i < s.first + s.count; ++i) {
        const char* op = out.kernel.instrs[i].op;
        bool free = !std::strcmp(op, "load") || !std::strcmp(op, "store") || !std::strcmp(op, "imm") || !std::strcmp(op, "param") || !std::strcmp(op, "index");
        if (!free) out.flops += s.inner ? points : outer;
      }
  }
};

}  // namespace

LoweredGroup lower_group(Group& group, const Decisions& decisions, const std::vector<const Node*>& stores, const Capabilities& capabilities) {
  for (;;) {
    try {
      Builder b(group, decisions);
      bool tapeless = group.native && group.classes.empty();
      if (tapeless) b.native_accesses();
      else b.emit(stores), b.expand(capabilities.extra);
      b.make_loop();
      std::vector<std::vector<Reg>> index_regs;
      for (const TapeAccess& a : b.emitter.accesses) {
        index_regs.emplace_back();
        for (auto& i : a.indices) index_regs.back().push_back(i.reg);
      }
      Staged staged;
      if (tapeless) {
        for (size_t a = 0; a < b.emitter.accesses.size(); ++a) staged.access_of.push_back(int(a)), staged.index_regs.emplace_back();
      } else {
        staged = cut_stages(b.emitter.tape, index_regs, bool(group.native));
      }
      Kernel& k = b.out.kernel;
      k.instrs = staged.instrs;
      k.stages = staged.stages;
      b.parameters(staged);
      b.name_kind(capabilities);
      b.find_in_place();
      b.count();
      for (const Instr& in : k.instrs) b.out.checks |= !std::strcmp(in.op, "check");
      k.text = kernel_text(k);
      return std::move(b.out);
    } catch (const SplitLoop& s) {
      group.split(s.dimension, s.q);
    }
  }
}

}  // namespace weft
