#include "foehn/diffusion/noise.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "foehn/core/error.hpp"

namespace foehn::diffusion::noise_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const core::NoiseKey kKey{.seed = 0x123456789abcdef0, .member = 3, .draw = 5};

at::Tensor noise(std::int64_t first_hour, std::int64_t hours) {
  at::Tensor slab = at::full({hours, 2, 3, 5}, -99, at::kFloat);
  fill_noise(kKey, first_hour, slab);
  return slab;
}

TEST(FillNoise, GivesEachHourItsOwnNumbers) {
  const at::Tensor slab = noise(70, 3);
  for (std::int64_t i = 0; i < 3; ++i) {
    at::Tensor expected = at::empty({2, 3, 5}, at::kFloat);
    core::fill_normal<float>(kKey, static_cast<std::uint32_t>(70 + i), {expected.data_ptr<float>(), 30});
    EXPECT_TRUE(at::equal(slab[i], expected)) << "hour " << i;
  }
}

TEST(FillNoise, DoesNotDependOnWhereSlabsAreCut) {
  const at::Tensor whole = noise(0, 7);
  EXPECT_TRUE(at::equal(at::cat({noise(0, 2), noise(2, 0), noise(2, 5)}), whole));
}

TEST(FillNoise, DoesNotDependOnTheShapeOfAnHour) {
  at::Tensor lists_of_cells = at::empty({3, 2, 15}, at::kFloat);
  fill_noise(kKey, 70, lists_of_cells);
  EXPECT_TRUE(at::equal(lists_of_cells, noise(70, 3).flatten(2)));
}

TEST(FillNoise, RefusesASlabItCannotFill) {
  at::Tensor doubles = at::empty({2, 3}, at::kDouble), transposed = at::empty({2, 3}, at::kFloat).t();
  EXPECT_THAT([&] { fill_noise(kKey, 0, doubles); },
              ThrowsMessage<core::Error>(HasSubstr("expected a contiguous float32 slab, found Double")));
  EXPECT_THAT([&] { fill_noise(kKey, 0, transposed); },
              ThrowsMessage<core::Error>(HasSubstr("found not contiguous Float")));
}

}  // namespace
}  // namespace foehn::diffusion::noise_test
