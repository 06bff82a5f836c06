// What guidance relies on of any observation operator, on a trajectory that ranks share. A new operator joins
// by a line in kSubjects.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "foehn/comm/communicator.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/observation/slab_observations.hpp"
#include "foehn/observation/sparse_operator.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::observation::operator_mpi_test {
namespace {

using trajectory::Slab;

constexpr std::int64_t kHours = 31, kVariables = 3, kNy = 8, kNx = 12, kPeriod = 6;

/// An operator on fields of kVariables on kNy x kNx cells, whose observations each lie within a period.
struct Subject {
  std::string name;
  /// That of the observations which begin in a slab.
  std::function<std::shared_ptr<const Operator>(const Slab&)> make;
  bool is_cut = true;  ///< false: a single rank has all of the hours
};
std::ostream& operator<<(std::ostream& stream, const Subject& subject) {
  return stream << subject.name;
}

/// Means over blocks and `covered` hours that begin every `period` hours.
/// @param deviations  none, one, or one per hour
std::shared_ptr<const Operator> block_means(const Slab& slab, const std::vector<std::int64_t>& variables,
                                            std::int64_t period, std::int64_t covered,
                                            const std::string& deviations = "none") {
  BlockMeanOperator::Layout layout{variables, BlockMean(4), {}};
  std::vector<at::Tensor> rows;
  for (std::int64_t hour = 0; hour + covered <= kHours; hour += period) {
    if (!slab.contains(hour)) continue;
    layout.intervals.push_back({hour - slab.first, hour + covered - slab.first});
    for (std::int64_t h = hour; h < hour + covered; ++h) {
      at::manual_seed(static_cast<std::uint64_t>(deviations == "hourly" ? h : 0));
      rows.push_back(
          at::rand({static_cast<std::int64_t>(variables.size()), kNy, kNx}, at::kDouble).mul(3).add(0.3));
    }
  }
  if (deviations != "none" && !rows.empty())
    layout.deviation = deviations == "hourly" ? at::stack(rows) : rows.front().unsqueeze(0);
  return std::make_shared<BlockMeanOperator>(std::move(layout));
}

/// Sums over `covered` hours that begin every `period` hours, of up to three cells per target, some of which
/// targets share.
/// @param changes  whether targets move, and weights change from hour to hour
std::shared_ptr<const Operator> sparse_sums(const Slab& slab, const std::vector<std::int64_t>& variables,
                                            std::int64_t period, std::int64_t covered, bool changes) {
  constexpr std::int64_t kTargets = 7, kLinks = 3;
  SparseOperator::Layout layout{variables, {}, {}, {}};
  std::vector<at::Tensor> cells, weights;
  for (std::int64_t hour = 0; hour + covered <= kHours; hour += period) {
    if (!slab.contains(hour)) continue;
    layout.intervals.push_back({hour - slab.first, hour + covered - slab.first});
    at::manual_seed(static_cast<std::uint64_t>(changes ? hour : 0));
    cells.push_back(at::randint(kNy * kNx, {kLinks, kTargets}, at::kLong));
    at::Tensor of_one =
        at::rand({changes ? covered : 1, kLinks, changes ? kVariables : 1, kTargets}, at::kDouble);
    of_one = changes ? of_one.narrow(2, 0, static_cast<std::int64_t>(variables.size())) : of_one;
    weights.push_back(of_one.masked_fill(at::rand(of_one.sizes()) < 0.3, 0));
  }
  if (cells.empty()) {
    cells.push_back(at::zeros({kLinks, kTargets}, at::kLong));
    weights.push_back(at::zeros({1, kLinks, 1, kTargets}, at::kDouble));
  }
  layout.cells = changes ? at::stack(cells, 1) : cells.front().unsqueeze(1);
  layout.weights = changes ? at::stack(weights, 2) : weights.front().unsqueeze(2);
  return std::make_shared<SparseOperator>(std::move(layout));
}

/// Cells of 2.5 x 3.5 of the fields' cells, as area-weighted means: what a model's own grid looks like.
std::shared_ptr<const Operator> native_cells(const Slab& slab, std::int64_t covered) {
  const auto axis = [](const char* name, double first, double step, std::int64_t size) {
    grid::Axis made{name, name, "degrees", {}};
    for (std::int64_t i = 0; i < size; ++i) made.values.push_back(first + step * static_cast<double>(i));
    return made;
  };
  const grid::CellsWithin within =
      grid::cells_within({axis("lat", 50.5, 1, kNy), axis("lon", 0.5, 1, kNx), std::nullopt},
                         {axis("lat", 48.75, 2.5, 6), axis("lon", -1.75, 3.5, 6), std::nullopt});
  const grid::RegriddingWeights& means = within.means;
  const auto targets = static_cast<std::int64_t>(within.cells.size());
  constexpr std::int64_t kLinks = 12;
  SparseOperator::Layout layout{{0, 2},
                                {},
                                at::zeros({kLinks, 1, targets}, at::kLong),
                                at::zeros({1, kLinks, 1, 1, targets}, at::kDouble)};
  for (std::int64_t target = 0; target < targets; ++target) {
    const auto first = means.first_link[static_cast<std::size_t>(target)];
    for (auto link = first; link < means.first_link[static_cast<std::size_t>(target) + 1]; ++link) {
      layout.cells[link - first][0][target] = means.source_cell[static_cast<std::size_t>(link)];
      layout.weights[0][link - first][0][0][target] =
          means.weight[static_cast<std::size_t>(link)] / static_cast<double>(covered);
    }
  }
  for (std::int64_t hour = 0; hour + covered <= kHours; hour += kPeriod)
    if (slab.contains(hour)) layout.intervals.push_back({hour - slab.first, hour + covered - slab.first});
  return std::make_shared<SparseOperator>(std::move(layout));
}

const std::vector<Subject> kSubjects{
    {"Snapshots",
     [](const Slab& slab) {
       return block_means(slab, {0, 1, 2}, kPeriod, 1);
     }},
    {"SnapshotsOfEveryHour",
     [](const Slab& slab) {
       return block_means(slab, {0, 1, 2}, 1, 1);
     }},
    {"ShortMeans",
     [](const Slab& slab) {
       return block_means(slab, {0, 2}, kPeriod, 2);
     }},
    {"JoiningMeans",
     [](const Slab& slab) {
       return block_means(slab, {0, 2}, kPeriod, kPeriod);
     }},
    {"MeansTimesADeviation", [](const Slab& slab) { return block_means(slab, {1}, kPeriod, 4, "constant"); }},
    {"MeansTimesHourlyDeviations",
     [](const Slab& slab) { return block_means(slab, {1}, kPeriod, 4, "hourly"); }},
    {"SparseSnapshots",
     [](const Slab& slab) {
       return sparse_sums(slab, {0, 2}, kPeriod, 1, false);
     }},
    {"SparseSumsOfMovingTargets",
     [](const Slab& slab) {
       return sparse_sums(slab, {0, 2}, kPeriod, 4, true);
     }},
    {"NativeCells", [](const Slab& slab) { return native_cells(slab, 1); }},
    {"MeansOverTimeOfNativeCells", [](const Slab& slab) { return native_cells(slab, 4); }},
    {"SparseSumsThatOverlap", [](const Slab& slab) { return sparse_sums(slab, {1}, 2, 4, true); },
     /*is_cut=*/false},
};

class AnyOperator : public ::testing::TestWithParam<Subject> {
 protected:
  /// The same hours whatever the slab.
  static at::Tensor fields(const Slab& slab, std::uint64_t seed) {
    at::manual_seed(seed);
    return at::randn({kHours, kVariables, kNy, kNx}, at::kDouble).narrow(0, slab.first, slab.size());
  }

  comm::Communicator world_ = comm::Communicator::world();
  trajectory::SlabPartition partition_{kHours, world_.size(), 0, GetParam().is_cut ? kPeriod : kHours};
  Slab mine_ = partition_.slab(world_.rank());
  std::shared_ptr<const Operator> operator_ = GetParam().make(mine_);
};

TEST_P(AnyOperator, HasAnExactAdjointOverAllRanks) {
  const at::Tensor x = fields(mine_, 41);
  at::Tensor adjoint = at::zeros_like(x);
  const at::Tensor seen = operator_->apply(x), y = at::randn_like(seen);
  ASSERT_EQ(seen.size(0), operator_->size());
  operator_->add_adjoint(y, adjoint);
  const double left =  // <A x, y>
      world_.ordered_sum(std::vector<double>{(seen * y).sum().item<double>()});
  const double right =  // <x, A^T y>
      world_.ordered_sum(std::vector<double>{(x * adjoint).sum().item<double>()});
  EXPECT_NE(left, 0);
  EXPECT_NEAR(left, right, 1e-12 * std::max(1.0, std::abs(left)));
}

TEST_P(AnyOperator, IsLinear) {
  const at::Tensor x = fields(mine_, 42), y = fields(mine_, 43);
  const at::Tensor of_sum = operator_->apply(3 * x - 0.25 * y);
  EXPECT_TRUE(at::allclose(of_sum, 3 * operator_->apply(x) - 0.25 * operator_->apply(y), 1e-12, 1e-12));
  const at::Tensor u = at::randn_like(of_sum), v = at::randn_like(of_sum);
  at::Tensor together = at::zeros_like(x), one_by_one = at::zeros_like(x);
  operator_->add_adjoint(3 * u - 0.25 * v, together);
  operator_->add_adjoint(3 * u, one_by_one);
  operator_->add_adjoint(-0.25 * v, one_by_one);
  EXPECT_TRUE(at::allclose(together, one_by_one, 1e-12, 1e-12));
}

TEST_P(AnyOperator, HasNoNegativeEntries) {
  // What the default of observation.gamma rests on.
  const at::Tensor x = fields(mine_, 44).abs();
  const at::Tensor seen = operator_->apply(x), y = at::rand_like(seen);
  at::Tensor adjoint = at::zeros_like(x);
  operator_->add_adjoint(y, adjoint);
  EXPECT_FALSE(at::any(seen < 0).item<bool>());
  EXPECT_FALSE(at::any(adjoint < 0).item<bool>());
}

TEST_P(AnyOperator, GivesAnObservationTheSameBitsInAnySlab) {
  const Slab all{0, kHours};
  const std::shared_ptr<const Operator> whole = GetParam().make(all);
  const at::Tensor hours = fields(all, 45).to(at::kFloat), here = fields(mine_, 45).to(at::kFloat);
  std::int64_t before = 0;
  for (int rank = 0; rank < world_.rank(); ++rank) before += GetParam().make(partition_.slab(rank))->size();
  EXPECT_TRUE(at::equal(operator_->apply(here), whole->apply(hours).narrow(0, before, operator_->size())));
  if (operator_->size() == 0) return;
  const at::Tensor cotangents = at::randn_like(whole->apply(hours));
  at::Tensor all_at_once = at::zeros_like(hours), some = at::zeros_like(here);
  whole->add_adjoint(cotangents, all_at_once);
  operator_->add_adjoint(cotangents.narrow(0, before, operator_->size()), some);
  EXPECT_TRUE(at::equal(some, all_at_once.narrow(0, mine_.first, mine_.size())));
}

TEST_P(AnyOperator, HasAnExactAdjointWhereValuesAreMissing) {
  if (operator_->size() == 0) return;
  const at::Tensor x = fields(mine_, 46);
  at::Tensor values = operator_->apply(x);
  values.masked_fill_(at::rand(values.sizes()) < 0.5, NAN);
  const SlabObservations observations(operator_, values, {});
  at::Tensor adjoint = at::zeros_like(x);
  const at::Tensor seen = observations.apply(x), y = at::randn_like(seen);
  const double left = (seen * y).sum().item<double>();
  observations.add_adjoint(y, adjoint);
  EXPECT_FALSE(at::any(seen.masked_select(values.isnan()) != 0).item<bool>());
  EXPECT_NEAR(left, (x * adjoint).sum().item<double>(), 1e-12 * std::max(1.0, std::abs(left)));
}

INSTANTIATE_TEST_SUITE_P(Operators, AnyOperator, ::testing::ValuesIn(kSubjects),
                         [](const auto& subject) { return subject.param.name; });

}  // namespace
}  // namespace foehn::observation::operator_mpi_test
