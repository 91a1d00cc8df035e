// Buffers and scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace weft::cpu {

struct Buffer {
  void* data = nullptr;
  int64_t bytes = 0;
  bool owned = true;  // false: the caller's memory, imported
};

Buffer* alloc_buffer(int64_t bytes);  // throws Error
void free_buffer(Buffer* buffer);

int64_t total_memory();  // of the machine or of this process's cgroup, whichever is less

// Scratch memory of one thread: handed out in order, taken back all at once. It only ever grows, so after the first
// plans no run allocates. Blocks are never moved while in use: one too small is followed by a second, and merged on reset.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  void reset();
  void* bytes(int64_t n);  // 64-byte aligned
  template <class T>
  T* array(int64_t n) {
    return static_cast<T*>(bytes(n * int64_t(sizeof(T))));
  }

  // What is handed out after mark() is taken back by release().
  struct Mark {
    int block;
    int64_t used;
  };
  Mark mark() const { return {current_, used_}; }
  void release(Mark m) {
    current_ = m.block;
    used_ = m.used;
  }

 private:
  static constexpr int max_blocks = 32;
  char* block_[max_blocks] = {};
  int64_t size_[max_blocks] = {};
  int blocks_ = 0, current_ = 0;
  int64_t used_ = 0;
};

}  // namespace weft::cpu
