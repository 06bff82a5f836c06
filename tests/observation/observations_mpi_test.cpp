// The observation operators of a trajectory that ranks share, with observations on any of them.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "foehn/comm/communicator.hpp"
#include "foehn/observation/observations.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::observation {
namespace {

constexpr std::int64_t kHours = 31;

/// A set whose observations begin every `period` hours, as rows of a slab.
ObservationSet set_of(const std::vector<std::int64_t>& variables, const trajectory::Slab& mine,
                      std::int64_t period, std::int64_t hours) {
  ObservationSet set{variables, BlockMean(4), {}, {}, {}};
  for (std::int64_t hour = 0; hour + hours <= kHours; hour += period)
    if (mine.contains(hour)) set.intervals.push_back({hour - mine.first, hour + hours - mine.first});
  return set;
}

/// <A x, y> - <x, A^T y> over all ranks, relative to the former.
double adjoint_error(const comm::Communicator& world, const trajectory::Slab& mine,
                     const Observations& observations) {
  at::manual_seed(40 + static_cast<std::uint64_t>(world.rank()));
  const at::Tensor x = at::randn({mine.size(), 3, 8, 12}, at::kDouble);
  at::Tensor adjoint = at::zeros_like(x);
  std::vector<double> observed_side;
  for (const ObservationSet& set : observations) {
    const at::Tensor y =
        at::randn({set.size(), static_cast<std::int64_t>(set.variables.size()), 2, 3}, at::kDouble);
    for (std::int64_t i = 0; i < set.size(); ++i) {
      observed_side.push_back((set.apply(x, i) * y[i]).sum().item<double>());
      set.add_adjoint(y[i], i, adjoint);
    }
  }
  const double left = world.ordered_sum(observed_side);
  const double right = world.ordered_sum(std::vector<double>{(x * adjoint).sum().item<double>()});
  return (left - right) / std::max(1.0, std::abs(left));
}

TEST(Observations, OfSnapshotsHaveAnExactAdjointOverAllRanks) {
  const comm::Communicator world = comm::Communicator::world();
  for (const std::int64_t period : {1, 6, 30}) {
    const trajectory::Slab mine =
        trajectory::SlabPartition(kHours, world.size(), 0, period).slab(world.rank());
    EXPECT_NEAR(adjoint_error(world, mine, {set_of({0, 1, 2}, mine, period, 1)}), 0, 1e-12)
        << "period " << period;
  }
}

TEST(Observations, OfMeansBesideSnapshotsHaveAnExactAdjointOverAllRanks) {
  const comm::Communicator world = comm::Communicator::world();
  for (const std::int64_t hours : {2, 6}) {
    const trajectory::Slab mine = trajectory::SlabPartition(kHours, world.size(), 0, 6).slab(world.rank());
    const Observations observations{set_of({0, 2}, mine, 6, hours), set_of({1}, mine, 3, 1)};
    EXPECT_NEAR(adjoint_error(world, mine, observations), 0, 1e-12) << hours << " hours";
  }
}

TEST(Observations, OfWhichSomeAreMissingHaveAnExactAdjointOverAllRanks) {
  const comm::Communicator world = comm::Communicator::world();
  const trajectory::Slab mine = trajectory::SlabPartition(kHours, world.size(), 0, 6).slab(world.rank());
  ObservationSet set = set_of({0, 2}, mine, 6, 6);
  set.is_missing = at::rand({set.size(), 2, 2, 3}) < 0.5;
  EXPECT_NEAR(adjoint_error(world, mine, {set}), 0, 1e-12);
}

}  // namespace
}  // namespace foehn::observation
