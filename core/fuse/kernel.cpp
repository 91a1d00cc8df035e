#include "fuse/kernel.h"

#include <algorithm>
#include <sstream>

namespace weft {

std::string kernel_text(const Kernel& k) {
  std::ostringstream out;
  out << "kernel 1 " << k.kind << " args " << k.args << " outer " << k.outer_rank << " inner " << k.inner_rank << " index " << k.index_bits << " words "
      << k.param_words;
  for (auto& [name, value] : k.attrs) out << ' ' << name << '=' << value;
  out << '\n';
  for (size_t i = 0; i < k.accesses.size(); ++i) {
    const Access& a = k.accesses[i];
    out << "  access " << i << (a.store ? " store" : " load") << " arg " << a.arg << ' ' << name(a.dtype) << " at " << a.params << " strides ";
    for (uint8_t c : a.stride_classes) out << "01s"[c];
    if (a.bounds) out << " bounds " << a.bounds << (a.dilated ? " dilated" : "");
    for (int r : a.index_regs) out << " index %" << r;
    out << '\n';
  }
  for (const Stage& s : k.stages) {
    out << (s.inner ? "  inner\n" : "  outer\n");
    for (int i = s.first; i < s.first + s.count; ++i) {
      const Instr& in = k.instrs[i];
      out << "    %" << i << " = " << in.op << ' ' << name(in.type);
      for (int r : {in.a, in.b, in.c})
        if (r >= 0) out << " %" << r;
      if (in.imm) out << " #" << in.imm;
      if (in.bits) out << " 0x" << std::hex << in.bits << std::dec;
      out << '\n';
    }
  }
  return out.str();
}

int live_registers(const Kernel& k) {
  int n = int(k.instrs.size());
  std::vector<int> last(n, -1);
  auto use = [&](int reg, int at) {
    if (reg >= 0) last[reg] = std::max(last[reg], at);
  };
  for (int i = 0; i < n; ++i) {
    const Instr& in = k.instrs[i];
    use(in.a, i), use(in.b, i), use(in.c, i);
    bool memory = !std::string(in.op).compare("load") || !std::string(in.op).compare("store");
    if (memory)
      for (int r : k.accesses[in.imm].index_regs) use(r, i);
  }
  std::vector<int> ends(n + 1, 0);
  int live = 0, most = 0;
  for (int i = 0; i < n; ++i) {
    if (last[i] > i) {
      ++live;
      ++ends[last[i]];
    }
    most = std::max(most, live);
    live -= ends[i];
  }
  return most;
}

}  // namespace weft
