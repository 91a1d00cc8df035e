#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "error.h"

namespace weft::cpu {

namespace {

constexpr int64_t huge_page = int64_t(2) << 20;

int64_t read_number(const char* path) {
  std::FILE* f = std::fopen(path, "r");
  if (!f) return 0;
  long long value = 0;
  const int got = std::fscanf(f, "%lld", &value);
  std::fclose(f);
  return got == 1 && value > 0 ? value : 0;  // "max" reads as no limit
}

}  // namespace

Buffer* alloc_buffer(int64_t bytes) {
  if (bytes < 0) throw Error("alloc: negative size");
  // Large buffers on huge pages: far fewer page faults and TLB misses.
  const bool large = bytes >= 2 * huge_page;
  void* data = nullptr;
  const size_t size = size_t(std::max<int64_t>((bytes + 63) / 64 * 64, 64));
  if (posix_memalign(&data, large ? size_t(huge_page) : 64, size) != 0) throw Error("alloc: no memory for " + std::to_string(bytes) + " bytes");
  if (large) madvise(data, size, MADV_HUGEPAGE);
  return new Buffer{data, bytes, true};
}

void free_buffer(Buffer* buffer) {
  if (!buffer) return;
  if (buffer->owned) std::free(buffer->data);
  delete buffer;
}

int64_t total_memory() {
  int64_t total = 0;
  if (std::FILE* f = std::fopen("/proc/meminfo", "r")) {
    long long kib = 0;
    if (std::fscanf(f, "MemTotal: %lld", &kib) == 1) total = kib * 1024;
    std::fclose(f);
  }
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const int64_t limit = read_number(path);
    if (limit > 0 && (total == 0 || limit < total)) total = limit;
  }
  return total;
}

Arena::~Arena() {
  for (int i = 0; i < blocks_; ++i) std::free(block_[i]);
}

void Arena::reset() {
  if (blocks_ > 1) {
    // Several blocks were needed: one of their total size serves next time.
    int64_t total = 0;
    for (int i = 0; i < blocks_; ++i) {
      total += size_[i];
      std::free(block_[i]);
    }
    blocks_ = 0;
    current_ = 0;
    used_ = 0;
    bytes(total);
  }
  current_ = 0;
  used_ = 0;
}

void* Arena::bytes(int64_t n) {
  n = (std::max<int64_t>(n, 1) + 63) / 64 * 64;
  while (current_ < blocks_ && used_ + n > size_[current_]) {
    ++current_;
    used_ = 0;
  }
  if (current_ >= blocks_) {
    if (blocks_ == max_blocks) throw std::bad_alloc();
    const int64_t previous = blocks_ ? size_[blocks_ - 1] : 0;
    const int64_t size = std::max({n, 2 * previous, int64_t(256) << 10});
    void* block = nullptr;
    if (posix_memalign(&block, size >= huge_page ? size_t(huge_page) : 64, size_t(size)) != 0) throw std::bad_alloc();
    if (size >= huge_page) madvise(block, size_t(size), MADV_HUGEPAGE);
    // Registers are computed a little beyond the elements that matter in places; give that garbage a value once.
    std::memset(block, 0, size_t(size));
    current_ = blocks_;
    used_ = 0;
    block_[blocks_] = static_cast<char*>(block);
    size_[blocks_++] = size;
  }
  void* p = block_[current_] + used_;
  used_ += n;
  return p;
}

}  // namespace weft::cpu
