#include "verify.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "test.h"

namespace weft::test {

namespace {

bool is(const char* op, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* n) { return !std::strcmp(op, n); });
}

struct Verifier {
  const Kernel& k;
  const Capabilities& caps;
  std::vector<int> stage_of;

  void no(const std::string& what) const { failed("verify_kernel", 0, what + "\n" + k.text); }
  void must(bool ok, const char* what) const {
    if (!ok) no(what);
  }
  bool reduces(int r) const { return !std::strncmp(k.instrs[r].op, "reduce.", 7); }

  // A register: made before, and visible in the stage of its reader.
  void operand(int reg, int at) const {
    if (reg < 0) return;
    if (reg >= at) return no("register %" + std::to_string(reg) + " is read before it is written, at %" + std::to_string(at));
    int made = stage_of[reg], read = stage_of[at];
    if (made == read) return must(!reduces(reg), "a reduction is read in its own stage");
    must(!k.stages[made].inner || reduces(reg), "a register of an inner stage is read outside it");
  }

  void type_is(int reg, DType type, const char* what) const {
    if (reg < 0 || k.instrs[reg].type != type) no(std::string("operand of the wrong type: ") + what);
  }

  void instruction(int at) const {
    const Instr& in = k.instrs[at];
    const bool inner = k.stages[stage_of[at]].inner;
    for (int r : {in.a, in.b, in.c}) operand(r, at);
    static const std::set<DType> registers{DType::b1, DType::i32, DType::i64, DType::u32, DType::u64, DType::f32, DType::f64};
    must(registers.count(in.type), "a register of a storage type");
    auto binary = [&] { type_is(in.a, in.type, in.op), type_is(in.b, in.type, in.op); };
    if (is(in.op, {"imm"})) {
    } else if (is(in.op, {"param"})) {
      must(in.imm >= k.rank() && in.imm < k.param_words, "a scalar outside the parameter words");
    } else if (is(in.op, {"index"})) {
      must(in.type == DType::i64 && in.imm >= 0 && in.imm < k.rank(), "index of a dimension there is not");
      must(inner || in.imm < k.outer_rank, "an inner coordinate in an outer stage");
    } else if (is(in.op, {"load", "store"})) {
      access(at, in, inner);
    } else if (is(in.op, {"check"})) {
      type_is(in.a, DType::b1, "check");
      must(in.imm > 0, "a check without a code");
    } else if (is(in.op, {"add", "sub", "mul", "div", "rem", "min", "max"})) {
      binary(), must(in.type != DType::b1, "arithmetic on bool");
    } else if (is(in.op, {"neg", "abs"})) {
      type_is(in.a, in.type, in.op), must(in.type != DType::b1, "arithmetic on bool");
    } else if (is(in.op, {"atan2", "pow"})) {
      binary(), must(is_float(in.type), "a function of integers");
    } else if (is(in.op, {"fma"})) {
      binary(), type_is(in.c, in.type, "fma"), must(is_float(in.type), "fma of integers");
    } else if (is(in.op,
                  {"floor", "ceil", "trunc", "rint", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "tanh", "erf"})) {
      type_is(in.a, in.type, in.op), must(is_float(in.type), "a function of integers");
    } else if (is(in.op, {"lt", "le", "eq", "ne"})) {
      must(in.type == DType::b1, "a comparison that is not BOOL");
      must(in.a >= 0 && in.b >= 0 && k.instrs[in.a].type == k.instrs[in.b].type, "a comparison of two types");
    } else if (is(in.op, {"and", "or", "xor"})) {
      binary(), must(!is_float(in.type), "bits of a float");
    } else if (is(in.op, {"not"})) {
      type_is(in.a, in.type, "not"), must(!is_float(in.type), "bits of a float");
    } else if (is(in.op, {"shl", "shr"})) {
      binary(), must(is_int(in.type), "a shift of no integer");
    } else if (is(in.op, {"select"})) {
      type_is(in.a, DType::b1, "select"), type_is(in.b, in.type, "select"), type_is(in.c, in.type, "select");
    } else if (is(in.op, {"cast"})) {
      must(in.a >= 0, "a cast of nothing");
    } else if (is(in.op, {"bits"})) {
      must(in.a >= 0 && size_of(k.instrs[in.a].type) == size_of(in.type), "bits of another width");
    } else if (is(in.op, {"narrow"})) {
      type_is(in.a, in.type, "narrow"), must(reg_type(DType(in.imm)) == in.type, "narrow to a type of another register");
    } else if (is(in.op, {"reduce.sum", "reduce.prod", "reduce.max", "reduce.min"})) {
      must(inner, "a reduction in an outer stage"), type_is(in.a, in.type, in.op);
    } else if (is(in.op, {"reduce.any", "reduce.all"})) {
      must(inner && in.type == DType::b1, "any or all of no BOOL"), type_is(in.a, DType::b1, in.op);
    } else if (is(in.op, {"reduce.argmax", "reduce.argmin"})) {
      must(inner && in.type == DType::i64 && in.a >= 0, "a reduction in an outer stage");
    } else {
      must(caps.extra.count(in.op), (std::string("an instruction the backend does not know: ") + in.op).c_str());
    }
  }

  void access(int at, const Instr& in, bool inner) const {
    if (in.imm < 0 || in.imm >= int(k.accesses.size())) return no("an access there is not");
    const Access& a = k.accesses[in.imm];
    must(a.store == is(in.op, {"store"}), "a load through a store's access, or the reverse");
    must(caps.has(a.dtype) && !is_complex(a.dtype), "an element type the backend has not");
    if (a.store) type_is(in.a, reg_type(a.dtype), "store");
    else must(in.type == reg_type(a.dtype), "a load into another register");
    for (int r : a.index_regs) operand(r, at), type_is(r, DType::i64, "index register");
    if (!inner)
      for (int d = k.outer_rank; d < k.rank(); ++d) must(a.stride_classes[d] == 0, "an outer stage's access moves with the inner space");
  }

  // Each access owns its words; scalars come after or between.
  void words() const {
    std::vector<int> owner(size_t(std::max(k.param_words, 0)), -1);
    auto claim = [&](int from, int count, int who) {
      for (int w = from; w < from + count; ++w) {
        if (w < 0 || w >= k.param_words) return no("a parameter word out of range");
        if (owner[size_t(w)] >= 0) return no("a parameter word of two owners");
        owner[size_t(w)] = who;
      }
    };
    claim(0, k.rank(), 0);
    for (const Access& a : k.accesses) claim(a.params, 1 + k.rank() + a.bounds * (4 + k.rank()) + (a.bounds ? 1 : 0) + 2 * int(a.index_regs.size()), 1);
    std::set<int> scalars;
    for (const Instr& in : k.instrs)
      if (is(in.op, {"param"}) && scalars.insert(in.imm).second) claim(in.imm, 1, 2);
    must(std::count(owner.begin(), owner.end(), -1) == 0, "a parameter word nobody reads");
  }

  void run() {
    must(k.outer_rank >= 1, "no outer dimension");
    must(k.args <= caps.max_args, "too many arguments");
    must(k.param_words <= caps.max_param_words, "too many parameter words");
    must(int(k.instrs.size()) <= caps.max_instrs, "too many instructions");
    int live = live_registers(k);
    must(live <= caps.max_registers, "too many registers");
    must(!caps.local_memory || int64_t(live) * 8 <= caps.local_memory, "too much local memory");
    must(caps.has_kind(k.kind.c_str()), "a kind the backend has not");
    must(kernel_text(k) == k.text, "the text is not the kernel's");
    std::set<int> used;
    for (const Access& a : k.accesses) {
      must(a.arg >= 0 && a.arg < k.args, "an argument there is not");
      must(int(a.stride_classes.size()) == k.rank(), "stride classes of another rank");
      used.insert(a.arg);
    }
    must(int(used.size()) == k.args, "an argument nobody reads");
    words();
    stage_of.assign(k.instrs.size(), -1);
    int next = 0;
    for (size_t s = 0; s < k.stages.size(); ++s) {
      must(k.stages[s].first == next && k.stages[s].count > 0, "stages do not follow each other");
      for (int i = k.stages[s].first; i < k.stages[s].first + k.stages[s].count; ++i) stage_of[size_t(i)] = int(s);
      next = k.stages[s].first + k.stages[s].count;
      must(!k.stages[s].inner || k.rank() > k.outer_rank, "an inner stage without an inner space");
    }
    if (next != int(k.instrs.size())) return no("instructions outside any stage");
    bool tapeless = k.kind == "sort" || k.kind == "scan" || k.kind == "scatter";
    must(tapeless == k.instrs.empty(), "a tape where there must be none, or none where there must be one");
    for (size_t i = 0; i < k.instrs.size(); ++i) instruction(int(i));
  }
};

}  // namespace

void verify_kernel(const Kernel& kernel, const Capabilities& capabilities) { Verifier{kernel, capabilities, {}}.run(); }

void verify_launch(const Kernel& k, const int64_t* words, const std::vector<int64_t>& sizes) {
  for (int d = 0; d < k.rank(); ++d)
    if (words[d] == 0) return;  // no point, or no inner point
  for (const Access& a : k.accesses) {
    const int64_t* w = words + a.params;
    int64_t low = *w, high = *w;
    ++w;
    auto reach = [&](int64_t least, int64_t most) { low += std::min(least, most), high += std::max(least, most); };
    for (int d = 0; d < k.rank(); ++d) {
      int cls = w[d] == 0 ? 0 : w[d] == 1 ? 1 : 2;
      if (a.stride_classes[size_t(d)] != 2 && cls != a.stride_classes[size_t(d)]) failed("verify_launch", 0, "a stride breaks its class\n" + k.text);
      reach(0, w[d] * (words[d] - 1));
    }
    w += k.rank();
    bool never = false;  // a bound nothing is inside of
    for (int b = 0; b < a.bounds; ++b, w += 4 + k.rank()) {
      int64_t t_low = w[0], t_high = w[0];
      for (int d = 0; d < k.rank(); ++d) {
        int64_t far = w[4 + d] * (words[d] - 1);
        t_low += std::min<int64_t>(far, 0), t_high += std::max<int64_t>(far, 0);
      }
      if (w[2] < 1 || (!a.dilated && w[2] != 1)) failed("verify_launch", 0, "a step of a bound that is not dilated\n" + k.text);
      int64_t q_low = std::max<int64_t>(t_low, 0) / w[2], q_high = std::min(t_high / w[2], w[1] - 1);
      never |= t_high < 0 || q_low > q_high;
      if (!never) reach(0, 0), low += std::min(q_low * w[3], q_high * w[3]), high += std::max(q_low * w[3], q_high * w[3]);
    }
    // Affine parts that leave the buffer are guarded by bounds: then the element itself must be looked at, point by point.
    if (a.bounds) {
      int64_t points = 1;
      for (int d = 0; d < k.rank(); ++d) points *= words[d];
      if (never || points > 20000) continue;
      std::vector<int64_t> at(size_t(k.rank()), 0);
      low = high = 0;
      bool any = false;
      for (int64_t p = 0; p < points; ++p) {
        const int64_t* q = words + a.params;
        int64_t e = *q++;
        for (int d = 0; d < k.rank(); ++d) e += q[d] * at[size_t(d)];
        q += k.rank();
        bool inside = true;
        for (int b = 0; b < a.bounds; ++b, q += 4 + k.rank()) {
          int64_t t = q[0];
          for (int d = 0; d < k.rank(); ++d) t += q[4 + d] * at[size_t(d)];
          if (t < 0 || t % q[2] || t / q[2] >= q[1]) inside = false;
          else e += t / q[2] * q[3];
        }
        if (inside) low = any ? std::min(low, e) : e, high = any ? std::max(high, e) : e, any = true;
        for (int d = k.rank() - 1; d >= 0; --d) {
          if (++at[size_t(d)] < words[d]) break;
          at[size_t(d)] = 0;
        }
      }
      if (!any) continue;
      ++w;
    }
    for (size_t i = 0; i < a.index_regs.size(); ++i, w += 2) reach(0, w[0] * std::max<int64_t>(w[1] - 1, 0));
    int64_t elements = sizes[size_t(a.arg)] / size_of(a.dtype);
    if (low < 0 || high >= elements) {
      std::ostringstream out;
      out << "access to elements " << low << ".." << high << " of a buffer of " << elements << '\n' << k.text;
      failed("verify_launch", 0, out.str());
    }
  }
}

}  // namespace weft::test
