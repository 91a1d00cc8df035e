// What this thread is doing while nodes are made: tracing for compile(), and the source line, with WEFT_DEBUG=trace.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

bool tracing();            // inside compile(): values must not be read
void set_tracing(bool on);
bool evaluating();         // inside the scheduler, which makes nodes of its own
struct Evaluating {
  Evaluating();
  ~Evaluating();
};
uint32_t trace_site();     // 0: unknown
std::string site_text(uint32_t site);
uint32_t intern_site(const std::string& text);
using SiteHook = uint32_t (*)();
void set_site_hook(SiteHook hook);  // asks Python for the line; null: off

}  // namespace weft
