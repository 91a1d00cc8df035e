// A vector with room for N elements inside: shapes and input lists are short, and made for every node.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>

namespace weft {

template <class T, size_t N>
class SmallVector {
 public:
  SmallVector() = default;
  explicit SmallVector(size_t n, const T& value = T()) { resize(n, value); }
  SmallVector(std::initializer_list<T> values) : SmallVector(values.begin(), values.end()) {}
  template <class It>
    requires(!std::is_arithmetic_v<It>)
  SmallVector(It first, It last) {
    for (; first != last; ++first) push_back(*first);
  }
  SmallVector(const SmallVector& other) : SmallVector(other.begin(), other.end()) {}
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(SmallVector other) noexcept {
    clear();
    take(other);
    return *this;
  }
  ~SmallVector() { clear(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T* data() { return heap_ ? heap_.get() : inline_; }
  const T* data() const { return heap_ ? heap_.get() : inline_; }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) grow(capacity_ * 2);
    data()[size_++] = std::move(value);
  }
  void pop_back() { data()[--size_] = T(); }
  void resize(size_t n, const T& value = T()) {
    if (n > capacity_) grow(n);
    for (size_t i = n; i < size_; ++i) data()[i] = T();
    for (size_t i = size_; i < n; ++i) data()[i] = value;
    size_ = n;
  }
  void insert(size_t at, T value) {
    push_back(std::move(value));
    std::rotate(begin() + at, end() - 1, end());
  }
  void erase(size_t at) {
    std::rotate(begin() + at, begin() + at + 1, end());
    pop_back();
  }
  void clear() {
    for (size_t i = 0; i < size_; ++i) data()[i] = T();
    size_ = 0;
  }
  friend bool operator==(const SmallVector& a, const SmallVector& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

 private:
  void grow(size_t n) {
    auto bigger = std::make_unique<T[]>(n);
    std::move(begin(), end(), bigger.get());
    heap_ = std::move(bigger);
    capacity_ = n;
  }
  void take(SmallVector& other) {
    heap_ = std::move(other.heap_);
    capacity_ = std::exchange(other.capacity_, N);
    size_ = std::exchange(other.size_, 0);
    if (!heap_) std::move(other.inline_, other.inline_ + size_, inline_);
  }

  T inline_[N] = {};
  std::unique_ptr<T[]> heap_;
  size_t size_ = 0, capacity_ = N;
};

}  // namespace weft
