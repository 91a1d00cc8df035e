// Builds kernels through the C structures and runs them as plans of one launch.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "weft/backend.h"

inline const weft_backend* backend() {
  static const weft_backend* table = [] {
    const char* path = std::getenv("WEFT_CPU_LIBRARY");
    void* library = dlopen(path ? path : WEFT_CPU_LIBRARY, RTLD_NOW);
    if (!library) {
      std::fprintf(stderr, "%s\n", dlerror());
      std::exit(2);
    }
    return reinterpret_cast<const weft_backend* (*)()>(dlsym(library, "weft_backend_v1"))();
  }();
  return table;
}

inline int failures = 0;

inline void expect(bool ok, const std::string& what) {
  if (ok) return;
  if (++failures <= 40) std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

// A device buffer of n elements of T, seen from the host.
template <class T>
struct Buf {
  weft_buffer handle;
  int64_t n;
  T* data;
  explicit Buf(int64_t count) : handle(backend()->alloc(0, count * int64_t(sizeof(T)))), n(count) {
    data = static_cast<T*>(backend()->export_host(0, handle));
    if (count) std::memset(data, 0, size_t(count) * sizeof(T));
  }
  Buf(const Buf&) = delete;
  ~Buf() { backend()->free(0, handle); }
  T& operator[](int64_t i) { return data[i]; }
};

struct Bound {
  int64_t base, limit, step, stride;
  std::vector<int64_t> coefficients;
};

struct Where {
  std::vector<int64_t> strides;
  int64_t offset = 0;
  std::vector<Bound> bounds = {};
  uint64_t fill = 0;
  std::vector<std::pair<int, std::pair<int64_t, int64_t>>> indices = {};  // register, (stride, limit)
};

class Kernel {
 public:
  Kernel(const char* kind, std::vector<int64_t> outer, std::vector<int64_t> inner = {}) : kind_(kind), outer_(int(outer.size())), inner_(int(inner.size())) {
    words_ = outer;
    words_.insert(words_.end(), inner.begin(), inner.end());
  }
  ~Kernel() {
    if (executable_) backend()->unload(executable_);
    if (program_) backend()->free_program(program_);
  }

  void stage(bool inner) { stages_.push_back({int32_t(instrs_.size()), 0, inner}); }
  int op(const char* name, int type, int a = -1, int b = -1, int c = -1, int imm = 0, uint64_t bits = 0) {
    if (stages_.empty()) stage(false);
    instrs_.push_back({name, type, a, b, c, imm, bits});
    ++stages_.back().count;
    return int(instrs_.size()) - 1;
  }
  int access(weft_buffer buffer, int dtype, bool store, const Where& w) {
    weft_access a = {};
    a.arg = int(buffers_.size());
    buffers_.push_back(buffer);
    a.dtype = dtype;
    a.store = store;
    a.params = int(words_.size());
    a.bounds = int(w.bounds.size());
    a.indices = int(w.indices.size());
    words_.push_back(w.offset);
    std::vector<int64_t> strides = w.strides;
    strides.resize(size_t(outer_ + inner_));  // what is not given is 0
    words_.insert(words_.end(), strides.begin(), strides.end());
    for (const Bound& b : w.bounds) {
      if (b.step != 1) a.flags |= WEFT_DILATED;
      words_.insert(words_.end(), {b.base, b.limit, b.step, b.stride});
      words_.insert(words_.end(), b.coefficients.begin(), b.coefficients.end());
    }
    if (!w.bounds.empty()) words_.push_back(int64_t(w.fill));
    index_regs_.emplace_back();
    for (const auto& [reg, pair] : w.indices) {
      index_regs_.back().push_back(reg);
      words_.insert(words_.end(), {pair.first, pair.second});
    }
    classes_.emplace_back();
    for (int64_t s : strides) classes_.back().push_back(uint8_t(s == 0 ? 0 : s == 1 ? 1 : 2));
    a.index_regs = index_regs_.back().data();
    a.stride_classes = classes_.back().data();
    accesses_.push_back(a);
    return int(accesses_.size()) - 1;
  }
  int load(weft_buffer buffer, int dtype, int type, const Where& w) { return op("load", type, -1, -1, -1, access(buffer, dtype, false, w)); }
  void store(int reg, weft_buffer buffer, int dtype, const Where& w) { op("store", instrs_[size_t(reg)].type, reg, -1, -1, access(buffer, dtype, true, w)); }
  int imm(int type, uint64_t bits) { return op("imm", type, -1, -1, -1, 0, bits); }
  int immf(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return imm(WEFT_F32, bits);
  }
  int param(int type, uint64_t bits) {
    words_.push_back(int64_t(bits));
    return op("param", type, -1, -1, -1, int(words_.size()) - 1);
  }
  void attr(const char* name, int64_t value) { attrs_.push_back({name, value}); }

  bool compile() {
    weft_kernel k = {};
    k.header = {WEFT_ABI_MAJOR, sizeof k};
    k.kind = kind_;
    k.text = "";
    k.args = int(buffers_.size());
    k.outer_rank = outer_;
    k.inner_rank = inner_;
    k.index_bits = 64;
    k.param_words = int(words_.size());
    k.accesses = {accesses_.data(), uint32_t(accesses_.size()), sizeof(weft_access)};
    k.instrs = {instrs_.data(), uint32_t(instrs_.size()), sizeof(weft_instr)};
    k.stages = {stages_.data(), uint32_t(stages_.size()), sizeof(weft_stage)};
    k.attrs = {attrs_.data(), uint32_t(attrs_.size()), sizeof(weft_attr)};
    program_ = backend()->compile(0, &k);
    if (!program_) return false;
    std::vector<int32_t> slots;
    for (size_t i = 0; i < buffers_.size(); ++i) slots.push_back(int(i));
    weft_launch launch = {program_, slots.data(), 0};
    weft_plan plan = {{WEFT_ABI_MAJOR, sizeof plan}, int(buffers_.size()), int(words_.size()), {&launch, 1, sizeof launch}};
    executable_ = backend()->load(0, &plan);
    return executable_ != nullptr;
  }
  weft_program program() const { return program_; }
  const std::vector<int64_t>& words() const { return words_; }
  void run() {
    if (!executable_ && !compile()) {
      expect(false, std::string("compile: ") + backend()->last_error());
      return;
    }
    if (backend()->run(executable_, buffers_.data(), words_.data(), nullptr) != 0) expect(false, std::string("run: ") + backend()->last_error());
  }

 private:
  const char* kind_;
  int outer_, inner_;
  std::vector<int64_t> words_;
  std::vector<weft_access> accesses_;
  std::vector<weft_instr> instrs_;
  std::vector<weft_stage> stages_;
  std::vector<weft_attr> attrs_;
  std::vector<weft_buffer> buffers_;
  std::deque<std::vector<int32_t>> index_regs_;
  std::deque<std::vector<uint8_t>> classes_;
  weft_program program_ = nullptr;
  weft_executable executable_ = nullptr;
};

inline uint64_t random_state = 88172645463325252u;
inline uint64_t random_bits() {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}
inline double uniform(double low, double high) { return low + (high - low) * double(random_bits() >> 11) * 0x1p-53; }
