// A traced function: its plans kept by itself, replayed on new inputs with one call.
#pragma once

#include <vector>

#include "runtime/execute.h"
#include "runtime/phases.h"

namespace weft {

class Compiled {
 public:
  // roots: what the function returned, then the new values of the handles it rebound. inputs: the values it read.
  Compiled(const std::vector<NodeRef>& roots, const std::vector<NodeRef>& inputs);

  // False: a value has another layout than the plans were made for; trace again.
  bool accepts(const std::vector<NodeRef>& inputs) const;
  // disposable(i): input i is replaced after this call, so its memory may be taken where nobody but its handle and `inputs` holds it.
  // places: where roots are to be written, by position; empty: anywhere.
  std::vector<NodeRef> run(const std::vector<NodeRef>& inputs, const std::vector<bool>& disposable, const std::vector<OutputPlace>& places = {});

 private:
  void run_plan(Phase& phase, const std::vector<NodeRef>& inputs, const std::vector<bool>& disposable, const std::vector<OutputPlace>& places,
                std::vector<NodeRef>& made);

  Device* device_ = nullptr;
  std::vector<NodeRef> inputs_;  // as they were when traced
  Phases all_;
};

}  // namespace weft
