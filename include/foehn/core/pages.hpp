#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace foehn::core {

/// Memory straight from the system, which has it back at once when it is returned.
/// @throws std::bad_alloc if there is none
void* take_pages(std::size_t bytes);
/// @param bytes  as taken
void return_pages(void* pages, std::size_t bytes) noexcept;

/// Allocates large blocks as pages of their own. Buffers of many megabytes that are kept for a while, of
/// sizes that differ, would leave holes in the heap: it grows with each, although few are alive at a time.
template <class T>
class PageAllocator {
 public:
  using value_type = T;

  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return static_cast<T*>(bytes < kLeast ? ::operator new(bytes) : take_pages(bytes));
  }
  void deallocate(T* values, std::size_t count) noexcept {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kLeast)
      ::operator delete(values);
    else
      return_pages(values, bytes);
  }
  template <class U>
  bool operator==(const PageAllocator<U>&) const noexcept {
    return true;
  }

 private:
  static constexpr std::size_t kLeast = 64 << 10;  // bytes; below, a system call costs more than it saves
};

/// For what is large and passes from thread to thread or waits for a file.
template <class T>
using PagedVector = std::vector<T, PageAllocator<T>>;

}  // namespace foehn::core
