#include "runtime/gil.h"

namespace weft {

static GilHooks g_hooks;
static thread_local int t_depth = 0;

void set_gil_hooks(GilHooks hooks) { g_hooks = hooks; }

WithoutGil::WithoutGil() {
  if (t_depth++ == 0 && g_hooks.release) state_ = g_hooks.release();
}

WithoutGil::~WithoutGil() {
  if (--t_depth == 0 && g_hooks.restore && state_) g_hooks.restore(state_);
}

}  // namespace weft
