#include "values.h"

#include <mutex>
#include <unordered_map>

#include "fuse/kernel.h"
#include "plan/plan.h"
#include "test.h"
#include "verify.h"

namespace weft::test {

namespace {

// Hands everything on, and looks at it: kernels keep to the rules and limits, launches stay inside their buffers. Fresh memory is full
// of NaN bits, so that what nobody wrote shows.
class Verified : public Backend {
 public:
  Verified(std::shared_ptr<Backend> inner, const Limits& l) : inner_(std::move(inner)) {
    static int made = 0;
    name = made++ ? inner_->name + "_limited" + std::to_string(made) : inner_->name;
    Capabilities& c = capabilities = inner_->capabilities;
    if (l.max_args) c.max_args = l.max_args;
    if (l.max_param_words) c.max_param_words = l.max_param_words;
    if (l.max_registers) c.max_registers = l.max_registers;
    if (l.max_instrs) c.max_instrs = l.max_instrs;
    if (l.local_memory) c.local_memory = l.local_memory;
    if (l.max_alloc) c.max_alloc = l.max_alloc;
    if (l.only_loops) c.kinds = {"loop"}, c.extra.clear();
  }

  std::vector<DeviceInfo> devices() override { return {inner_->devices().at(0)}; }
  void* alloc(int device, int64_t nbytes) override {
    if (capabilities.max_alloc && nbytes > capabilities.max_alloc) raise(Error::memory, "too large");
    void* p = inner_->alloc(device, nbytes);
    std::vector<unsigned char> junk(size_t(nbytes), 0xff);
    if (nbytes) inner_->copy_in(device, p, 0, junk.data(), nbytes);
    std::lock_guard lock(mutex_);
    sizes_[p] = nbytes;
    return p;
  }
  void free(int device, void* buffer) override {
    {
      std::lock_guard lock(mutex_);
      if (!sizes_.erase(buffer)) failed("free", 0, "a buffer that is not held is freed");
    }
    inner_->free(device, buffer);
  }
  void copy_in(int device, void* dst, int64_t offset, const void* src, int64_t n) override {
    inside(dst, offset, n);
    inner_->copy_in(device, dst, offset, src, n);
  }
  void copy_out(int device, void* dst, void* src, int64_t offset, int64_t n) override {
    inside(src, offset, n);
    inner_->copy_out(device, dst, src, offset, n);
  }
  void* compile(int device, const Kernel& kernel) override {
    verify_kernel(kernel, capabilities);
    void* p = inner_->compile(device, kernel);
    if (p) return new Program{p, kernel};
    return nullptr;
  }
  void free_program(void* program) override {
    auto* p = static_cast<Program*>(program);
    inner_->free_program(p->inner);
    delete p;
  }
  void* load(int device, int slots, int param_words, const std::vector<PlanLaunch>& launches) override {
    auto* e = new Loaded{nullptr, launches, {}};
    std::vector<PlanLaunch> own = launches;
    for (PlanLaunch& l : own) {
      auto* p = static_cast<Program*>(l.program);
      if (int(l.slots.size()) != p->kernel.args) failed("load", 0, "a launch with another number of arguments than its kernel");
      for (int s : l.slots)
        if (s < 0 || s >= slots) failed("load", 0, "a slot there is not");
      if (l.first_param < 0 || l.first_param + p->kernel.param_words > param_words) failed("load", 0, "parameter words outside the plan's");
      e->kernels.push_back(p->kernel);
      l.program = p->inner;
    }
    e->inner = inner_->load(device, slots, param_words, own);
    return e;
  }
  void unload(void* executable) override {
    auto* e = static_cast<Loaded*>(executable);
    inner_->unload(e->inner);
    delete e;
  }
  void run(void* executable, void* const* buffers, int slots, const int64_t* params, int param_words, std::vector<double>* seconds) override {
    auto* e = static_cast<Loaded*>(executable);
    for (size_t l = 0; l < e->launches.size(); ++l) {
      std::vector<int64_t> sizes;
      for (int s : e->launches[l].slots) sizes.push_back(size(buffers[s]));
      verify_launch(e->kernels[l], params + e->launches[l].first_param, sizes);
      for (size_t i = 0; i < e->kernels[l].accesses.size(); ++i)
        for (size_t j = 0; j < e->kernels[l].accesses.size(); ++j) separate(*e, l, e->kernels[l].accesses[i], e->kernels[l].accesses[j], buffers);
    }
    inner_->run(e->inner, buffers, slots, params, param_words, seconds);
  }
  void wait(int device) override { inner_->wait(device); }
  int status(int device) override { return inner_->status(device); }
  void* export_host(int device, void* buffer) override { return inner_->export_host(device, buffer); }
  int threads(int count) override { return inner_->threads(count); }

 private:
  struct Program {
    void* inner;
    Kernel kernel;
  };
  struct Loaded {
    void* inner;
    std::vector<PlanLaunch> launches;
    std::vector<Kernel> kernels;
  };

  int64_t size(void* buffer) {
    std::lock_guard lock(mutex_);
    auto it = sizes_.find(buffer);
    if (it == sizes_.end()) return failed("run", 0, "a buffer that is not held is used"), 0;
    return it->second;
  }
  void inside(void* buffer, int64_t offset, int64_t n) {
    if (offset < 0 || offset + n > size(buffer)) failed("copy", 0, "a copy leaves its buffer");
  }
  static int last_load(const Kernel& k, int arg) {
    int last = -1;
    for (int i = 0; i < int(k.instrs.size()); ++i)
      if (!std::strcmp(k.instrs[size_t(i)].op, "load") && k.accesses[size_t(k.instrs[size_t(i)].imm)].arg == arg) last = i;
    return last;
  }
  static int first_store(const Kernel& k, int arg) {
    int i = 0;
    while (std::strcmp(k.instrs[size_t(i)].op, "store") || k.accesses[size_t(k.instrs[size_t(i)].imm)].arg != arg) ++i;
    return i;
  }
  // Two arguments of one kernel with one buffer: only a store that takes the place of a load of the same elements may do that.
  void separate(const Loaded& e, size_t l, const Access& a, const Access& b, void* const* buffers) {
    if (!a.store || a.arg == b.arg || b.store) return;
    int sa = e.launches[l].slots[size_t(a.arg)], sb = e.launches[l].slots[size_t(b.arg)];
    if (sa == sb || buffers[sa] != buffers[sb]) return;  // one slot: parts of an arena, placed apart
    if (a.bounds || b.bounds || !b.index_regs.empty() || a.stride_classes != b.stride_classes ||
        last_load(e.kernels[l], b.arg) > first_store(e.kernels[l], a.arg))
      failed("run", 0, "a store overwrites what is still read\n" + e.kernels[l].text);
  }

  std::shared_ptr<Backend> inner_;
  std::mutex mutex_;
  std::unordered_map<void*, int64_t> sizes_;
};

std::shared_ptr<Backend> g_backend;
Device* g_device = nullptr;

}  // namespace

void open_backend(const std::string& library) {
  g_backend = load_native_backend(library);
  g_device = register_backend(std::make_shared<Verified>(g_backend, Limits{}))[0];
  set_default_device(g_device);
}

Device* device() { return g_device; }
Device* limited_device(const Limits& limits) { return register_backend(std::make_shared<Verified>(g_backend, limits))[0]; }

std::vector<char> bytes_of(const NodeRef& node) {
  std::vector<char> out(size_t(node->numel() * size_of(node->dtype)));
  to_host(node, out.data());
  return out;
}

std::vector<KernelRecord> kernels_of(const std::function<void()>& work) {
  profile_start();
  work();
  return profile_stop().kernels;
}

}  // namespace weft::test
