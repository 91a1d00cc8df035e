// WEFT_DEBUG=trace: which line of the user's code made a node.
#include <cstring>

#include "bindings/bind.h"
#include "runtime/profile.h"
#include "runtime/trace.h"

namespace weft {

static std::string g_package;  // folder of weft's own Python files, whose lines say nothing to a user

static uint32_t user_line() {
  if (!PyGILState_GetThisThreadState()) return 0;
  nb::object frame = nb::borrow(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  while (frame.is_valid() && !frame.is_none()) {
    nb::object code = frame.attr("f_code");
    std::string file = nb::cast<std::string>(code.attr("co_filename"));
    if (file.rfind(g_package, 0) != 0) return intern_site(file + ":" + std::to_string(nb::cast<int>(frame.attr("f_lineno"))));
    frame = frame.attr("f_back");
  }
  return 0;
}

void bind_site(nb::module_& m) {
  m.def(
      "_trace_sites",
      [](const std::string& package) {
        if (!debug_wants("trace")) return;
        g_package = package;
        set_site_hook(user_line);
      },
      nb::arg("package"), "Called once at import with the folder of the package.");
}

}  // namespace weft
