#include "foehn/observation/block_mean_operator.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

namespace foehn::observation::block_mean_operator_test {
namespace {

TEST(BlockMeanOperator, IsTheMeanOverCellsAndHoursOfTheVariablesObserved) {
  at::manual_seed(3);
  const at::Tensor slab = at::randn({7, 3, 4, 6}, at::kDouble);
  const BlockMeanOperator means({{0, 2}, BlockMean(2), {{0, 1}, {2, 6}}});
  const at::Tensor seen = means.apply(slab), snapshot = seen[0], mean = seen[1];
  ASSERT_EQ(mean.sizes(), at::IntArrayRef({2, 2, 3}));
  const at::Tensor snapshot_by_hand = slab[0][2].narrow(0, 2, 2).narrow(1, 4, 2).mean();
  const at::Tensor mean_by_hand = slab.narrow(0, 2, 4).select(1, 2).narrow(1, 2, 2).narrow(2, 4, 2).mean();
  EXPECT_NEAR(snapshot[1][1][2].item<double>(), snapshot_by_hand.item<double>(), 1e-14);
  EXPECT_NEAR(mean[1][1][2].item<double>(), mean_by_hand.item<double>(), 1e-14);
}

/// s of three intervals of six hours in all, for one variable of two, on 4 x 6 cells.
at::Tensor varied_deviation(std::int64_t hours) {
  at::manual_seed(6);
  return at::rand({hours, 1, 4, 6}, at::kDouble) * 3 + 0.3;
}

TEST(BlockMeanOperator, IsTheMeanOfValuesTimesTheirDeviation) {
  at::manual_seed(7);
  const at::Tensor slab = at::randn({8, 2, 4, 6}, at::kDouble);
  const std::vector<Interval> intervals{{0, 1}, {1, 4}, {6, 8}};
  const at::Tensor by_hour = varied_deviation(6), constant = varied_deviation(1);
  const BlockMeanOperator plain({{1}, BlockMean(2), intervals});
  const auto seen = [&](const std::vector<at::Tensor>& factors) {  // of the slab's hours
    at::Tensor scaled = slab.clone();
    for (std::int64_t hour = 0; hour < 8; ++hour)
      if (factors[static_cast<std::size_t>(hour)].defined())
        scaled[hour][1] *= factors[static_cast<std::size_t>(hour)];
    return scaled;
  };
  const std::vector<at::Tensor> always(8, constant[0][0]);
  const std::vector<at::Tensor> varying{by_hour[0][0], by_hour[1][0], by_hour[2][0], by_hour[3][0], {}, {},
                                        by_hour[4][0], by_hour[5][0]};
  const BlockMeanOperator with_constant({{1}, BlockMean(2), intervals, constant});
  EXPECT_TRUE(at::allclose(with_constant.apply(slab), plain.apply(seen(always)), 1e-14, 1e-14));
  const BlockMeanOperator with_hours({{1}, BlockMean(2), intervals, by_hour});
  EXPECT_TRUE(at::allclose(with_hours.apply(slab), plain.apply(seen(varying)), 1e-14, 1e-14));
}

TEST(BlockMeanOperator, GivesManyObservationsTheBitsOfEachAlone) {
  at::manual_seed(8);
  const std::int64_t hours = 50;
  const at::Tensor slab = at::randn({hours, 3, 6, 10});
  std::vector<Interval> intervals;
  for (std::int64_t first = 0, length = 1; first + length <= hours; first += length, length = 1 + first % 3)
    intervals.push_back({first, first + length});
  ASSERT_GT(intervals.size(), 16U);
  std::int64_t averaged = 0;
  for (const Interval& interval : intervals) averaged += interval.hours();
  const at::Tensor deviation = at::rand({averaged, 2, 6, 10}) + 0.5;
  const BlockMeanOperator together({{0, 2}, BlockMean(2), intervals, deviation});
  const at::Tensor seen = together.apply(slab);
  const at::Tensor cotangents = at::randn_like(seen);
  at::Tensor adjoint = at::zeros_like(slab), expected = at::zeros_like(slab);
  together.add_adjoint(cotangents, adjoint);
  std::int64_t row = 0;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i);
    const BlockMeanOperator alone(
        {{0, 2}, BlockMean(2), {intervals[i]}, deviation.narrow(0, row, intervals[i].hours())});
    row += intervals[i].hours();
    EXPECT_TRUE(at::equal(alone.apply(slab)[0], seen[n])) << i;
    alone.add_adjoint(cotangents.narrow(0, n, 1), expected);
  }
  EXPECT_TRUE(at::equal(adjoint, expected));
}

}  // namespace
}  // namespace foehn::observation::block_mean_operator_test
