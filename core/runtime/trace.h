// What this thread is doing while nodes are made: tracing for compile(), and the source line, with WEFT_DEBUG=trace.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

// Inside compile() each trace has a number of its own and its nodes carry it; values must not be read. 0: not tracing.
uint32_t trace_id();
inline bool tracing() { return trace_id() != 0; }
uint32_t begin_trace();       // a new number, in force on this thread
void set_trace(uint32_t id);  // 0 ends or suspends it
bool evaluating();            // inside the scheduler, which makes nodes of its own
struct Evaluating {
  Evaluating();
  ~Evaluating();
};
uint32_t trace_site();  // 0: unknown
std::string site_text(uint32_t site);
uint32_t intern_site(const std::string& text);
using SiteHook = uint32_t (*)();
void set_site_hook(SiteHook hook);  // asks Python for the line; null: off

}  // namespace weft
