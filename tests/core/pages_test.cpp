#include "foehn/core/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <new>
#include <numeric>
#include <utility>

namespace foehn::core::pages_test {
namespace {

using ::testing::Each;

std::size_t heap_bytes() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.arena + heap.hblkhd;
}

TEST(Pages, LargeVectorsTakeNothingOfTheHeap) {
  const std::size_t before = heap_bytes();
  const PagedVector<float> values(1 << 20, 2.5F);
  EXPECT_THAT(values, Each(2.5F));
  EXPECT_EQ(heap_bytes(), before);
}

TEST(Pages, SmallVectorsStayInTheHeap) {
  const PagedVector<char> values(100, 'a');
  EXPECT_NE(reinterpret_cast<std::uintptr_t>(values.data()) % 4096, 0U);
}

TEST(Pages, ValuesStayAsAVectorGrowsShrinksAndMoves) {
  PagedVector<std::int64_t> values;
  for (std::int64_t i = 0; i < 100'000; ++i) values.push_back(i);
  values.resize(50'000);
  values.shrink_to_fit();
  const PagedVector<std::int64_t> moved = std::move(values);
  EXPECT_EQ(moved.capacity(), 50'000U);
  EXPECT_EQ(std::accumulate(moved.begin(), moved.end(), std::int64_t{0}), 50'000LL * 49'999 / 2);
}

TEST(Pages, MoreThanThereIsIsRefused) {
  EXPECT_THROW(take_pages(std::size_t{1} << 60), std::bad_alloc);
}

}  // namespace
}  // namespace foehn::core::pages_test
