// The pool: its limit, its table, and that nothing is lost after an error.
#include "runtime/state.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

struct Limited {
  explicit Limited(int64_t more) {
    device()->pool.empty_cache();
    device()->pool.set_limit(device()->pool.stats().in_use + more);
  }
  ~Limited() { device()->pool.set_limit(0); }
};

}  // namespace

TEST(memory_limit_raises_with_a_table) {
  Limited limit(100000);
  int64_t before = device()->pool.stats().in_use;
  BufferRef held = device()->pool.alloc(50000);
  CHECK_RAISES(device()->pool.alloc(60000), memory, "cannot allocate 60000 bytes");
  CHECK_RAISES(device()->pool.alloc(60000), memory, "Largest held");
  CHECK_RAISES(device()->pool.alloc(60000), memory, std::to_string(held->nbytes) + " bytes");
  held = nullptr;
  CHECK_EQ(device()->pool.stats().in_use, before);
  CHECK(bool(device()->pool.alloc(60000)));
}

TEST(memory_cache_is_dropped_before_giving_up) {
  Limited limit(200000);
  device()->pool.alloc(150000);  // now cached
  BufferRef a = device()->pool.alloc(100000);
  CHECK(bool(a));
  CHECK(device()->pool.stats().in_use + device()->pool.stats().cached <= device()->pool.stats().limit);
}

TEST(memory_accounts_add_up) {
  MemoryStats before = device()->pool.stats();
  {
    std::vector<BufferRef> all;
    Dice dice(1);
    for (int i = 0; i < 200; ++i) {
      if (dice.below(3) == 0 && !all.empty()) all.erase(all.begin() + dice.below(int(all.size())));
      else all.push_back(device()->pool.alloc(dice.below(5000)));
    }
    int64_t sum = 0;
    for (auto& b : all) sum += b->nbytes;
    CHECK_EQ(device()->pool.stats().in_use - before.in_use, sum);
    CHECK_EQ(device()->pool.stats().buffers - before.buffers, int64_t(all.size()));
    CHECK(device()->pool.stats().peak >= device()->pool.stats().in_use);
  }
  CHECK_EQ(device()->pool.stats().in_use, before.in_use);
  device()->pool.empty_cache();
  CHECK_EQ(device()->pool.stats().cached, 0);
}

TEST(memory_error_while_binding_loses_nothing) {
  std::vector<float> host = Dice(2).many(8192);
  NodeRef x = tensor(host, {8192});
  evaluate({x});
  NodeRef y = ops::add(x, number(1));
  {
    Limited limit(1000);
    CHECK_RAISES(evaluate({y}), memory, "limit");
    CHECK(!y->computed());
  }
  std::vector<float> want = host;
  for (float& v : want) v += 1;
  CHECK_EQ(read<float>(y), want);  // and the same graph runs once there is room
}

// An update that found no room is still an update: it is done at the next try.
TEST(memory_error_keeps_pending_updates) {
  std::vector<float> host = Dice(3).many(8192);
  NodeRef p = tensor(host, {8192}), kept = p, next = ops::add(p, number(1));
  remember_update(p, next);
  p = nullptr;
  {
    Limited limit(1000);
    CHECK_RAISES(evaluate({next}), memory, "limit");
  }
  std::vector<float> want = host;
  for (float& v : want) v += 1;
  CHECK_EQ(read<float>(next), want);
  CHECK_EQ(read<float>(kept), host);
}

TEST(memory_largest_buffer_is_an_error_that_says_so) {
  int64_t largest = device()->backend->capabilities.max_alloc;
  if (!largest) return;
  CHECK_RAISES(device()->pool.alloc(largest + 1), memory, std::to_string(largest));
  CHECK(bool(device()->pool.alloc(largest)));
  NodeRef big = ops::full({largest}, Scalar::of(1.0), DType::f32, default_device());
  CHECK_RAISES(evaluate({big}), memory, "at most");
  CHECK_EQ(read<float>(ops::sum(big, {0}))[0], float(largest));  // never in memory as a whole
}

// What a sum over a product of expansions needs is made in pieces or not at all.
TEST(memory_temporaries_fit_the_largest_buffer) {
  int64_t largest = device()->backend->capabilities.max_alloc;
  if (!largest || largest > 1 << 22) return;
  int64_t n = largest / 4 / 4;
  std::vector<float> host(size_t(n), 0.5f);
  NodeRef x = tensor(host, {n});
  set_fuse(false);
  std::vector<NodeRef> all;
  for (int i = 0; i < 8; ++i) all.push_back(ops::exp(ops::mul(x, number(i))));
  NodeRef y = all[0];
  for (int i = 1; i < 8; ++i) y = ops::add(y, all[size_t(i)]);
  CHECK_EQ(read<float>(y).size(), size_t(n));
  set_fuse(true);
}
