#include "foehn/observation/observations.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

namespace foehn::observation {
namespace {

TEST(ObservationSet, IsTheMeanOverCellsAndHoursOfTheVariablesObserved) {
  at::manual_seed(3);
  const at::Tensor slab = at::randn({7, 3, 4, 6}, at::kDouble);
  const ObservationSet set{{0, 2}, BlockMean(2), {{0, 1}, {2, 6}}, {}, {}};
  const at::Tensor snapshot = set.apply(slab, 0), mean = set.apply(slab, 1);
  ASSERT_EQ(mean.sizes(), at::IntArrayRef({2, 2, 3}));
  const at::Tensor snapshot_by_hand = slab[0][2].narrow(0, 2, 2).narrow(1, 4, 2).mean();
  const at::Tensor mean_by_hand = slab.narrow(0, 2, 4).select(1, 2).narrow(1, 2, 2).narrow(2, 4, 2).mean();
  EXPECT_NEAR(snapshot[1][1][2].item<double>(), snapshot_by_hand.item<double>(), 1e-14);
  EXPECT_NEAR(mean[1][1][2].item<double>(), mean_by_hand.item<double>(), 1e-14);
}

TEST(ObservationSet, GivesAnObservationTheSameBitsInAnySlab) {
  at::manual_seed(3);
  const at::Tensor hours = at::randn({9, 2, 9, 15}, at::kFloat);
  const ObservationSet whole{{0, 1}, BlockMean(3), {{1, 2}, {4, 7}, {7, 9}}, {}, {}};
  const ObservationSet part{{0, 1}, BlockMean(3), {{1, 4}}, {}, {}};
  EXPECT_TRUE(at::equal(whole.apply(hours, 1), part.apply(hours.narrow(0, 3, 5), 0)));
}

TEST(ObservationSet, TimesItsAdjointIsDiagonal) {
  // What the default of observation.gamma rests on.
  at::manual_seed(4);
  const ObservationSet set{{1}, BlockMean(2), {{0, 1}, {1, 4}, {6, 8}}, {}, {}};
  const at::Tensor y = at::randn({3, 1, 2, 3}, at::kDouble);
  at::Tensor slab = at::zeros({8, 2, 4, 6}, at::kDouble);
  for (std::int64_t i = 0; i < set.size(); ++i) set.add_adjoint(y[i], i, slab);
  for (std::int64_t i = 0; i < set.size(); ++i)
    EXPECT_TRUE(at::allclose(set.apply(slab, i), y[i] * set.self_product(i), 1e-14, 1e-14)) << i;
  EXPECT_DOUBLE_EQ(set.self_product(1).item<double>(), 1.0 / (4 * 3));
}

/// s of three intervals of six hours in all, for one variable of two, on 4 x 6 cells.
at::Tensor varied_deviation(std::int64_t hours) {
  at::manual_seed(6);
  return at::rand({hours, 1, 4, 6}, at::kDouble) * 3 + 0.3;
}

TEST(ObservationSet, IsTheMeanOfValuesTimesTheirDeviation) {
  at::manual_seed(7);
  const at::Tensor slab = at::randn({8, 2, 4, 6}, at::kDouble);
  const std::vector<Interval> intervals{{0, 1}, {1, 4}, {6, 8}};
  const at::Tensor by_hour = varied_deviation(6), constant = varied_deviation(1);
  const ObservationSet plain{{1}, BlockMean(2), intervals, {}, {}};
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
  for (std::int64_t i = 0; i < 3; ++i) {
    const ObservationSet with_constant{{1}, BlockMean(2), intervals, {}, {}, {}, constant};
    EXPECT_TRUE(at::allclose(with_constant.apply(slab, i), plain.apply(seen(always), i), 1e-14, 1e-14)) << i;
    const ObservationSet with_hours{{1}, BlockMean(2), intervals, {}, {}, {}, by_hour};
    EXPECT_TRUE(at::allclose(with_hours.apply(slab, i), plain.apply(seen(varying), i), 1e-14, 1e-14)) << i;
  }
}

TEST(ObservationSet, HasAnAdjointAndADiagonalSelfProductWithADeviation) {
  at::manual_seed(8);
  for (const std::int64_t hours : {1, 6}) {
    ObservationSet set{{1}, BlockMean(2), {{0, 1}, {1, 4}, {6, 8}}, {}, {}, {}, varied_deviation(hours)};
    const at::Tensor x = at::randn({8, 2, 4, 6}, at::kDouble), y = at::randn({3, 1, 2, 3}, at::kDouble);
    at::Tensor adjoint = at::zeros_like(x);
    double in_observations = 0;
    for (std::int64_t i = 0; i < set.size(); ++i) {
      set.add_adjoint(y[i], i, adjoint);
      in_observations += (set.apply(x, i) * y[i]).sum().item<double>();
    }
    EXPECT_NEAR(in_observations, (x * adjoint).sum().item<double>(), 1e-13);  // <H x, y> = <x, H' y>
    for (std::int64_t i = 0; i < set.size(); ++i)
      EXPECT_TRUE(at::allclose(set.apply(adjoint, i), y[i] * set.self_product(i), 1e-14, 1e-14)) << i;
  }
}

TEST(ObservationSet, HasRowsOfZeroForMissingValues) {
  at::manual_seed(5);
  ObservationSet set{{0, 2}, BlockMean(2), {{0, 1}, {2, 6}}, {}, {}};
  const at::Tensor slab = at::randn({7, 3, 4, 6}, at::kDouble);
  const at::Tensor whole = set.apply(slab, 1);
  set.is_missing = at::zeros({2, 2, 2, 3}, at::kBool);
  EXPECT_TRUE(at::equal(set.apply(slab, 1), whole)) << "nothing is missing";
  set.is_missing[1][0][1].fill_(true);
  at::Tensor expected = whole.clone();
  expected[0][1].zero_();
  EXPECT_TRUE(at::equal(set.apply(slab, 1), expected));
  at::Tensor adjoint = at::zeros_like(slab);
  set.add_adjoint(at::ones({2, 2, 3}, at::kDouble), 1, adjoint);
  EXPECT_EQ(adjoint.narrow(0, 2, 4).select(1, 0).narrow(1, 2, 2).abs().max().item<double>(), 0);
  EXPECT_DOUBLE_EQ(adjoint[2][0][1][0].item<double>(), 1.0 / 16);
}

}  // namespace
}  // namespace foehn::observation
