// Copies past the caches. An ordinary store first fetches the line it writes; for results that no cache will hold anyway, that is
// half of their memory traffic.
#include "isa_unit.h"

WEFT_ISA_BEGIN

namespace {

#ifdef __AVX512F__
constexpr int64_t line = 64;
#elif defined(__AVX__)
constexpr int64_t line = 32;
#else
constexpr int64_t line = 16;
#endif
typedef float Line __attribute__((vector_size(line)));

inline void put(Line* to, Line value) {
#ifdef __clang__
  __builtin_nontemporal_store(value, to);
#elif defined(__AVX512F__)
  __builtin_ia32_movntps512(reinterpret_cast<float*>(to), value);
#elif defined(__AVX__)
  __builtin_ia32_movntps256(reinterpret_cast<float*>(to), value);
#elif defined(__SSE__)
  __builtin_ia32_movntps(reinterpret_cast<float*>(to), value);
#else
  *to = value;
#endif
}

}  // namespace

void stream(void* dst, const void* src, int64_t bytes) {
  char* d = static_cast<char*>(dst);
  const char* s = static_cast<const char*>(src);
  int64_t head = int64_t(-reinterpret_cast<uintptr_t>(d) & (line - 1));
  if (head > bytes) head = bytes;
  __builtin_memcpy(d, s, uint64_t(head));
  int64_t i = head;
  for (; i + line <= bytes; i += line) {
    Line value;
    __builtin_memcpy(&value, s + i, line);
    put(reinterpret_cast<Line*>(d + i), value);
  }
  __builtin_memcpy(d + i, s + i, uint64_t(bytes - i));
}

WEFT_ISA_END
