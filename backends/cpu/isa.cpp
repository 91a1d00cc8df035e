// Which build of the kernels to use.
#include "isa.h"

#include <cstdlib>
#include <cstring>

namespace weft::cpu {

#ifdef WEFT_ISA_X86
namespace v2 {
extern const IsaTable table;
}
namespace v3 {
extern const IsaTable table;
}
namespace v4 {
extern const IsaTable table;
}
#ifdef WEFT_ISA_V4BF16
namespace v4bf16 {
extern const IsaTable table;
}
#endif
#else
namespace generic {
extern const IsaTable table;
}
#endif

namespace {

struct Choice {
  const IsaTable* table;
  bool supported;
};

struct Selected {
  const IsaTable* table = nullptr;
  const char* why = "";
};

Selected select() {
#ifdef WEFT_ISA_X86
  __builtin_cpu_init();
  // Not by the names of the levels, which compilers learned late: by features that no CPU has without the rest of its level.
  const bool has_v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool has_v3 = has_v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool has_v4 = has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const Choice choices[] = {
#ifdef WEFT_ISA_V4BF16
      {&v4bf16::table, has_v4 && __builtin_cpu_supports("avx512bf16")},
#endif
      {&v4::table, has_v4},
      {&v3::table, has_v3},
      {&v2::table, has_v2},
  };
#else
  const Choice choices[] = {{&generic::table, true}};
#endif
  const char* wanted = std::getenv("WEFT_CPU_ISA");
  if (wanted && !*wanted) wanted = nullptr;
  for (const Choice& c : choices) {
    if (wanted && std::strcmp(wanted, c.table->name) != 0) continue;
    if (c.supported) return {c.table, ""};
    if (wanted) return {nullptr, "WEFT_CPU_ISA names an instruction set that this CPU lacks"};
  }
  if (wanted) return {nullptr, "WEFT_CPU_ISA must be one of v2, v3, v4, v4bf16"};
  return {nullptr, "this CPU lacks x86-64-v2 (SSE4.2), the least weft needs"};
}

}  // namespace

const IsaTable* isa_table(const char** why) {
  static const Selected selected = select();
  if (why) *why = selected.why;
  return selected.table;
}

}  // namespace weft::cpu
