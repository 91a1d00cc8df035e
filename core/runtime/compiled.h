// A traced function: a plan kept by itself, replayed on new inputs with one call.
#pragma once

#include <memory>
#include <vector>

#include "runtime/execute.h"

namespace weft {

class Compiled {
 public:
  // roots: what the function returned, then the new values of the handles it rebound. args and captured: values it read.
  // counters: scalar nodes whose value is given anew at each call (random streams).
  Compiled(const std::vector<NodeRef>& roots, const std::vector<NodeRef>& args, const std::vector<NodeRef>& captured, const std::vector<NodeRef>& counters);
  ~Compiled();

  // False: a value has another layout than the plan was made for; trace again.
  bool accepts(const std::vector<NodeRef>& args, const std::vector<NodeRef>& captured) const;
  // disposable[i]: captured value i is replaced by this call, so its memory may be taken.
  // places: where roots are to be written, by position; empty: anywhere.
  std::vector<NodeRef> run(const std::vector<NodeRef>& args, const std::vector<NodeRef>& captured, const std::vector<bool>& disposable,
                           const std::vector<uint64_t>& counters, const std::vector<OutputPlace>& places = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft
