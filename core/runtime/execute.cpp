#include "runtime/execute.h"

#include <algorithm>

#include "runtime/check.h"
#include "runtime/profile.h"

namespace weft {

void raise_late(Device* device) {
  device->unread = false;
  if (int code = device->backend->status(device->index)) raise(Error::index, check_message(code), " (device ", device->name, ")");
}

void raise_earlier(Device* device) {
  if (device->unread) raise_late(device);
}

Binding bind_plan(const Plan& plan, const Graph& g, const std::vector<OutputPlace>& places) {
  Binding b;
  for (int leaf : plan.input_slots) b.buffers.push_back(g.leaves[leaf]->buffer);
  std::vector<int64_t> begins;
  for (int leaf : plan.input_slots) begins.push_back(g.leaves[leaf]->offset);
  for (size_t o = 0; o < plan.outputs.size(); ++o) {
    const PlanOutput& out = plan.outputs[o];
    BufferRef buffer = o < places.size() ? places[o].buffer : nullptr;
    begins.push_back(buffer ? places[o].offset : 0);
    if (!buffer && out.donor >= 0 && g.dying[out.donor]) {
      const BufferRef& mine = g.leaves[out.donor]->buffer;
      int64_t ours = std::count(b.buffers.begin(), b.buffers.end(), mine) + 1;  // the leaf's own, and the slots just filled
      if (mine->use_count() == ours && !mine->imported && mine->nbytes >= out.nbytes && !g.leaves[out.donor]->offset) buffer = mine;
    }
    if (!buffer) buffer = plan.device->pool.alloc(out.nbytes);
    b.outputs.push_back(buffer);
    b.buffers.push_back(std::move(buffer));
  }
  for (int64_t bytes : plan.arenas) b.buffers.push_back(plan.device->pool.alloc(bytes));
  b.params = plan.params;
  for (const PlanScalar& s : plan.scalars) b.params[s.word] = int64_t(g.order[s.node]->scalar.bits(s.type, s.imaginary));
  for (const PlanOffset& w : plan.offsets) b.params[w.word] += begins[w.slot] * w.unit;
  return b;
}

void launch(const Plan& plan, const Binding& b) {
  if (!plan.executable) return;
  std::vector<void*> handles;
  for (const BufferRef& buffer : b.buffers) handles.push_back(buffer->handle);
  std::vector<double> seconds;
  plan.device->unread |= plan.checks;
  bool measure = profiling();
  if (measure) seconds.resize(plan.launches.size(), -1);
  plan.device->backend->run(plan.executable, handles.data(), int(handles.size()), b.params.data(), int(b.params.size()), measure ? &seconds : nullptr);
  if (measure)
    for (size_t l = 0; l < plan.launches.size(); ++l)
      record_kernel({plan.launches[l].name, plan.device->name, plan.launches[l].bytes, plan.launches[l].flops, seconds[l]});
}

}  // namespace weft
