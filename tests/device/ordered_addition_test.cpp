#include "foehn/device/ordered_addition.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace foehn::device::ordered_addition_test {
namespace {

TEST(OrderedAddition, HasTheBitsOfOneAdditionAfterAnother) {
  at::manual_seed(1);
  const at::Tensor source = at::randn({40, 3, 7});
  std::vector<OrderedAddition::Item> items;
  for (std::int64_t i = 0; i < 40; ++i)
    if (i % 7 != 3) items.push_back({(i * 17) % 40, (i * i) % 6});
  at::Tensor expected = at::randn({6, 3, 7}), found = expected.clone(), reversed = expected.clone();
  for (const auto& [from, to] : items) expected[to].add_(source[from]);
  const OrderedAddition in_order(items), the_other_way({items.rbegin(), items.rend()});
  in_order(source, found);
  EXPECT_TRUE(at::equal(found, expected));
  // The order shows in the bits.
  the_other_way(source, reversed);
  EXPECT_FALSE(at::equal(reversed, expected));
}

TEST(OrderedAddition, OfNothingChangesNothing) {
  at::Tensor sum = at::ones({2, 3});
  const OrderedAddition nothing;
  nothing(at::empty({0, 3}), sum);
  EXPECT_TRUE(at::equal(sum, at::ones({2, 3})));
}

}  // namespace
}  // namespace foehn::device::ordered_addition_test
