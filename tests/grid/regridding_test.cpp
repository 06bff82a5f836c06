#include "foehn/grid/regridding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "grid/grids.hpp"

namespace foehn::grid::regridding_test {
namespace {

using ::testing::ElementsAre;
using ::testing::ThrowsMessage;

TEST(RegriddingWeights, LeaveOutMissingValuesUnlessTooManyAreMissing) {
  const Grid source{make_axis("lat", 0, 1, 2), make_axis("lon", 0, 1, 2), std::nullopt};
  const auto weights = bilinear_weights(source, {{0.5, 0, 0.25}, {0.5, 0, 0}});
  const std::vector<float> field{1, 2, 3, 1e20F};
  std::vector<float> target(3);
  weights.apply(field, std::vector<std::uint8_t>{0, 0, 0, 1}, target);
  EXPECT_THAT(target, ElementsAre(2.0F, 1.0F, 1.5F));
  // Half of the weight is enough, a quarter is not; a cell without weight there does not care.
  weights.apply(field, std::vector<std::uint8_t>{0, 0, 1, 1}, target);
  EXPECT_THAT(target, ElementsAre(1.5F, 1.0F, 1.0F));
  weights.apply(field, std::vector<std::uint8_t>{0, 1, 1, 1}, target);
  EXPECT_TRUE(std::isnan(target[0]));
  EXPECT_EQ(target[1], 1.0F);
  weights.apply(field, std::vector<std::uint8_t>{0, 1, 1, 1}, target, 0.25);
  EXPECT_EQ(target[0], 1.0F);
  weights.apply(field, std::vector<std::uint8_t>{1, 1, 1, 1}, target, 0.0);
  EXPECT_TRUE(std::isnan(target[0]));
}

TEST(RegriddingWeights, NeedFieldsOfTheirSizes) {
  const auto weights = bilinear_weights(make_british_grid(), {{55}, {-5}});
  std::vector<float> target(1);
  EXPECT_THAT([&] { weights.apply(std::vector<float>(4), target); },
              ThrowsMessage<core::Error>("regridding: a source field of 4 values, expected 1617"));
  const std::vector<float> source(33 * 49);
  EXPECT_THROW(weights.apply(source, std::vector<std::uint8_t>(1), target), core::Error);
  target.resize(2);
  EXPECT_THROW(weights.apply(source, target), core::Error);
}

TEST(RegriddingWeights, ReadOnlyTheRegionTheyUse) {
  const Grid source = make_global_grid(18, 36);
  const Geographic points = random_points(50, 46, 54, 3, 27);
  const auto weights = bilinear_weights(source, points);
  const Crop used = weights.used_source();
  EXPECT_THAT((std::vector{used.y0, used.y1, used.x0, used.x1}), ElementsAre(13, 15, 0, 4));
  // Nothing outside it is looked at.
  std::vector<float> field = make_field(source, smooth);
  const auto expected = regrid(weights, field);
  for (std::int64_t cell = 0; cell < source.cells(); ++cell) {
    const std::int64_t y = cell / source.nx(), x = cell % source.nx();
    if (y < used.y0 || y >= used.y1 || x < used.x0 || x >= used.x1)
      field[static_cast<std::size_t>(cell)] = 1e9F;
  }
  EXPECT_EQ(regrid(weights, field), expected);
}

}  // namespace
}  // namespace foehn::grid::regridding_test
