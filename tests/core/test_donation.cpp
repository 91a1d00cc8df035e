// Writing a result into a dying input: only where nobody can tell.
#include "runtime/state.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

void* memory_of(const NodeRef& n) { return n->buffer->handle; }

std::vector<float> scaled(std::vector<float> v, float s) {
  for (float& x : v) x *= s;
  return v;
}

}  // namespace

TEST(donation_of_a_dying_parameter) {
  std::vector<float> host = Dice(1).many(4096);
  NodeRef p = tensor(host, {4096});
  void* before = memory_of(p);
  NodeRef next = ops::mul(p, number(0.5));
  remember_update(p, next);
  p = nullptr;
  evaluate({next});
  CHECK(memory_of(next) == before);
  CHECK_EQ(read<float>(next), scaled(host, 0.5f));
}

TEST(donation_not_while_a_handle_lives) {
  std::vector<float> host = Dice(2).many(4096);
  NodeRef p = tensor(host, {4096}), next = ops::mul(p, number(0.5));
  evaluate({next});
  CHECK(memory_of(next) != memory_of(p));
  CHECK_EQ(read<float>(p), host);
}

TEST(donation_not_while_a_view_lives) {
  std::vector<float> host = Dice(3).many(4096);
  NodeRef p = tensor(host, {4096}), view = ops::reshape(p, {64, 64});
  evaluate({view});
  CHECK(memory_of(view) == memory_of(p));
  NodeRef next = ops::mul(p, number(0.5));
  p = nullptr;
  evaluate({next});
  CHECK(memory_of(next) != memory_of(view));
  CHECK_EQ(read<float>(view), host);
}

TEST(donation_not_while_memory_is_exported) {
  std::vector<float> host = Dice(4).many(4096);
  NodeRef p = tensor(host, {4096});
  BufferRef held = p->buffer;
  NodeRef next = ops::mul(p, number(0.5));
  p = nullptr;
  evaluate({next});
  CHECK(memory_of(next) != held->handle);
  std::vector<float> kept(4096);
  device()->backend->copy_out(0, kept.data(), held->handle, 0, 4096 * 4);
  CHECK_EQ(kept, host);
}

TEST(donation_not_while_a_pending_node_reads) {
  std::vector<float> host = Dice(5).many(4096);
  NodeRef p = tensor(host, {4096}), later = ops::add(p, number(1)), next = ops::mul(p, number(0.5));
  p = nullptr;
  evaluate({next});
  std::vector<float> want = host;
  for (float& v : want) v += 1;
  CHECK_EQ(read<float>(later), want);
}

// The kernel that writes p's place also reads p elsewhere: transposed, reversed, shifted, or gathered.
TEST(donation_not_where_other_elements_are_read) {
  std::vector<float> host = Dice(6).many(64 * 64);
  auto check = [&](auto other, auto place) {
    NodeRef p = tensor(host, {64, 64}), next = ops::add(p, other(p));
    remember_update(p, next);
    p = nullptr;
    std::vector<float> want = host;
    for (int i = 0; i < 64; ++i)
      for (int j = 0; j < 64; ++j) want[size_t(i * 64 + j)] = host[size_t(i * 64 + j)] + host[size_t(place(i, j))];
    CHECK_EQ(read<float>(next), want);
  };
  check([](const NodeRef& p) { return ops::permute(p, {1, 0}); }, [](int i, int j) { return j * 64 + i; });
  check([](const NodeRef& p) { return ops::flip(p, {0, 1}); }, [](int i, int j) { return (63 - i) * 64 + 63 - j; });
  check([](const NodeRef& p) { return ops::broadcast_to(ops::slice(p, {5, 0}, {1, 64}, {1, 1}), {64, 64}); }, [](int, int j) { return 5 * 64 + j; });
  check(
      [](const NodeRef& p) {
        std::vector<int64_t> index(64);
        for (int i = 0; i < 64; ++i) index[size_t(i)] = (i * 7 + 3) % 64;
        return ops::gather(p, {tensor(index, {64})}, 0);
      },
      [](int i, int j) { return (i * 7 + 3) % 64 * 64 + j; });
  check([](const NodeRef& p) { return ops::broadcast_to(ops::slice(p, {0, 0}, {64, 1}, {1, 1}), {64, 64}); }, [](int i, int) { return i * 64; });
}

// Parameters with momentum, swapped and read in odd ways, for many steps: always as if nothing were donated.
TEST(donation_in_random_updates) {
  Dice dice(7);
  const int n = 512, count = 4;
  std::vector<std::vector<float>> want;
  std::vector<NodeRef> have;
  for (int i = 0; i < count; ++i) {
    want.push_back(dice.many(n));
    have.push_back(tensor(want.back(), {n}));
  }
  std::vector<std::pair<NodeRef, std::vector<float>>> kept;
  for (int round = 0; round < 400; ++round) {
    int a = dice.below(count), b = dice.below(count);
    auto& wa = want[size_t(a)];
    auto& wb = want[size_t(b)];
    NodeRef next;
    switch (dice.below(7)) {
      case 0: {
        next = ops::add(ops::mul(have[size_t(a)], number(0.75)), have[size_t(b)]);
        std::vector<float> r(n);
        for (int i = 0; i < n; ++i) r[size_t(i)] = float(wa[size_t(i)] * 0.75f) + wb[size_t(i)];
        wa = r;
        break;
      }
      case 1: {
        next = ops::sub(have[size_t(a)], ops::flip(have[size_t(b)], {0}));
        std::vector<float> r(n);
        for (int i = 0; i < n; ++i) r[size_t(i)] = wa[size_t(i)] - wb[size_t(n - 1 - i)];
        wa = r;
        break;
      }
      case 2:
        if (kept.size() < 6) kept.emplace_back(have[size_t(a)], wa);
        break;
      case 3:
        if (!kept.empty()) kept.pop_back();
        break;
      case 4: std::swap(have[size_t(a)], have[size_t(b)]), std::swap(wa, wb); break;
      case 5: have[size_t(a)] = have[size_t(b)], wa = want[size_t(b)]; break;
      default: evaluate({have[size_t(a)], have[size_t(b)]});
    }
    if (next) {
      for (float& v : wa) v = std::min(std::max(v, -8.0f), 8.0f);
      next = ops::minimum(ops::maximum(next, number(-8)), number(8));
      remember_update(have[size_t(a)], next);
      have[size_t(a)] = next;
    }
    if (dice.below(5) == 0) {
      int c = dice.below(count);
      if (read<float>(have[size_t(c)]) != want[size_t(c)]) failed("donation", round, "round: another value");
    }
    for (auto& [node, value] : kept)
      if (dice.below(4) == 0) CHECK_EQ(read<float>(node), value);
  }
  for (int c = 0; c < count; ++c) CHECK_EQ(read<float>(have[size_t(c)]), want[size_t(c)]);
}
