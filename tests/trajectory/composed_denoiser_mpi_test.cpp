#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "diffusion/sample_whole.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/trajectory/composed_by_noise.hpp"

namespace foehn::trajectory::composed_denoiser_mpi_test {
namespace {

constexpr std::int64_t kVariables = 2, kNy = 9, kNx = 6;  // odd, so that vectorised loops have tails

using HourShape = std::vector<std::int64_t>;
const HourShape kRows{kVariables, kNy, kNx}, kCells{kVariables, kNy*kNx};

/// A prior whose hours, variables and modes all differ.
model::GaussianPrior make_prior(std::int64_t markov_order) {
  const std::int64_t window = 2 * markov_order + 1;
  at::Tensor lags = at::zeros({window, kVariables, kVariables, kNy, kNx}, at::kDouble);
  for (std::int64_t lag = 0; lag < window; ++lag)
    for (std::int64_t y = 0; y < kNy; ++y)
      for (std::int64_t x = 0; x < kNx; ++x) {
        const double memory = std::pow(0.95 - 0.03 * static_cast<double>(x + y), lag),
                     variance = 1.0 / static_cast<double>(1 + x * x + y);
        lags[lag][0][0][y][x] = memory * variance;
        lags[lag][1][1][y][x] = memory * memory * variance;
      }
  return {lags, at::kFloat};
}

/// The Gaussian prior of windows whose cells lie in rows or in a list.
class PriorOfAnyShape : public diffusion::WindowDenoiser {
 public:
  explicit PriorOfAnyShape(std::int64_t markov_order) : prior_(make_prior(markov_order)) {}
  bool needs_full_batches() const override { return prior_.needs_full_batches(); }
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override {
    return prior_.noise_estimate({in_rows(noisy.fields), noisy.first_hours}, level)
        .reshape(noisy.fields.sizes());
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    return prior_.noise_vjp({in_rows(noisy.fields), noisy.first_hours}, level, in_rows(cotangent))
        .reshape(noisy.fields.sizes());
  }

 private:
  static at::Tensor in_rows(const at::Tensor& windows) {
    return windows.reshape({windows.size(0), windows.size(1), kNy, kNx});
  }
  model::GaussianPrior prior_;
};

/// A denoiser whose derivative is neither constant nor symmetric: channels wave with their successors.
class Wavy : public diffusion::WindowDenoiser {
 public:
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override {
    const at::Tensor& x = noisy.fields;
    return at::sin(x) * at::roll(x, 1, 1) + level.sigma * x;
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    const at::Tensor& x = noisy.fields;
    return at::cos(x) * at::roll(x, 1, 1) * cotangent + at::roll(at::sin(x) * cotangent, -1, 1) +
           level.sigma * cotangent;
  }
};

/// A denoiser that estimates (1 + hour) x at each hour of a window, and is given slabs whose values are their
/// hours: so it sees whether a window begins at the hour that it is said to.
class SeesHours : public diffusion::WindowDenoiser {
 public:
  explicit SeesHours(std::int64_t batch) : batch_(batch) {}
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel&) override {
    return noisy.fields * (1 + hours_of(noisy));
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel&,
                       const at::Tensor& cotangent) override {
    return cotangent * (1 + hours_of(noisy));
  }

 private:
  at::Tensor hours_of(const diffusion::Windows& noisy) const {
    const auto windows = noisy.fields.size(0), channels = noisy.fields.size(1);
    EXPECT_EQ(windows, batch_);
    EXPECT_EQ(static_cast<std::int64_t>(noisy.first_hours.size()), windows);
    HourShape shape(static_cast<std::size_t>(noisy.fields.dim()), 1);
    shape[0] = windows;
    shape[1] = channels;
    const at::Tensor offsets = at::arange(channels / kVariables, at::kFloat).repeat_interleave(kVariables);
    const at::Tensor hours =
        (at::tensor(noisy.first_hours, at::kFloat).unsqueeze(1) + offsets).reshape(shape);
    EXPECT_TRUE(noisy.fields.eq(hours).all().item<bool>())
        << "first hours " << ::testing::PrintToString(noisy.first_hours);
    return hours;
  }
  std::int64_t batch_;
};

at::Tensor empty_slab(Slab hours, const HourShape& hour_shape) {
  HourShape shape = hour_shape;
  shape.insert(shape.begin(), hours.size());
  return at::empty(shape, at::kFloat);
}

at::Tensor noise_of(Slab hours, const HourShape& hour_shape, std::uint32_t draw = 0) {
  at::Tensor slab = empty_slab(hours, hour_shape);
  diffusion::fill_noise({.seed = 31, .draw = draw}, hours.first, slab);
  return slab;
}

/// A slab whose values are its hours.
at::Tensor hours_of(Slab hours, const HourShape& hour_shape) {
  at::Tensor slab = empty_slab(hours, hour_shape);
  for (std::int64_t i = 0; i < hours.size(); ++i) slab[i].fill_(hours.first + i);
  return slab;
}

struct Case {
  std::int64_t hours, markov_order, stride, period;
};

/// Snapshots of the first variable and means of the last over all of a period.
observation::Observations observations_of(const Slab& mine, std::int64_t hours, std::int64_t period) {
  observation::Observations sets;
  for (const std::int64_t covered : {std::int64_t{1}, period}) {
    std::vector<observation::Interval> intervals;
    std::vector<at::Tensor> values;
    for (std::int64_t hour = 0; hour < hours; hour += period) {
      if (!mine.contains(hour)) continue;
      intervals.push_back({hour - mine.first, std::min(hour + covered, hours) - mine.first});
      values.push_back(at::full({1, kNy / 3, kNx / 3}, 0.1 * static_cast<double>(hour), at::kFloat));
    }
    const std::int64_t variable = sets.empty() ? 0 : kVariables - 1;
    sets.emplace_back(std::make_shared<observation::BlockMeanOperator>(observation::BlockMeanOperator::Layout{
                          {variable}, observation::BlockMean(3), intervals}),
                      values.empty() ? at::empty({0, 1, kNy / 3, kNx / 3}, at::kFloat) : at::stack(values),
                      at::full({1, 1, 1}, 0.01, at::kFloat));
  }
  return sets;
}

/// Samples of trajectories in rows, which block means are of.
class OnAnyNumberOfRanks : public ::testing::TestWithParam<Case> {};

/// What needs no observations, of hours in rows and of hours that are lists of cells.
class OfAnyHourShape : public ::testing::TestWithParam<std::tuple<Case, HourShape>> {};

TEST_P(OfAnyHourShape, AnEstimateHasTheSameBitsOnAnyNumberOfRanks) {
  const auto& [shared_out, hour_shape] = GetParam();
  const auto [hours, markov_order, stride, period] = shared_out;
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  const auto among_all = comm::make_transport(world), in_itself = comm::make_transport(alone);
  PriorOfAnyShape prior(markov_order);
  const WindowPlan plan(hours, markov_order, stride);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);

  const SlabPartition whole(hours, 1, 0, period), shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  ComposedDenoiser serial(prior, *in_itself, whole, plan, 4), parallel(prior, *among_all, shared, plan, 4);
  const at::Tensor expected = serial.noise_estimate(noise_of({0, hours}, hour_shape), level);
  const at::Tensor found = parallel.noise_estimate(noise_of(mine, hour_shape), level);
  EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size())));
}

TEST_P(OnAnyNumberOfRanks, ASampleHasTheSameBits) {
  const auto [hours, markov_order, stride, period] = GetParam();
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  const auto among_all = comm::make_transport(world), in_itself = comm::make_transport(alone);
  model::GaussianPrior prior = make_prior(markov_order);
  const WindowPlan plan(hours, markov_order, stride);

  const auto draw = [&](comm::Transport& transport, std::int64_t batch, bool is_moment_matched) {
    const comm::Communicator& team = transport.ranks();
    const SlabPartition partition(hours, team.size(), 0, period);
    const Slab mine = partition.slab(team.rank());
    ComposedDenoiser composed(prior, transport, partition, plan, batch);
    const observation::Observations observations = observations_of(mine, hours, period);
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t number) {
      diffusion::fill_noise({.seed = 32, .draw = number}, mine.first, slab);
    };
    surroundings.ordered_sum = [&](std::span<const double> sums) { return team.ordered_sum(sums); };
    surroundings.trajectory_values = hours * kVariables * kNy * kNx;
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    const at::Tensor slab = empty_slab(mine, kRows);
    if (is_moment_matched) {
      diffusion::MmpsGuidance guided(
          composed, observations,
          {.solver = {.steps = 2, .tolerance = {}}, .gamma = 0.1, .ordered_sum = surroundings.ordered_sum});
      sample_whole(guided, {}, {.steps = 5}, surroundings, slab);
    } else {
      diffusion::SdaGuidance guided(composed, observations, 0.1);
      sample_whole(guided, {}, {.method = diffusion::Method::ddim, .steps = 6, .corrections = 1},
                   surroundings, slab);
    }
    return std::pair{slab, mine};
  };
  for (const bool is_moment_matched : {false, true}) {
    const auto [expected, all] = draw(*in_itself, 4, is_moment_matched);
    const auto [found, mine] = draw(*among_all, 4, is_moment_matched);
    EXPECT_TRUE(at::isfinite(expected).all().item<bool>());
    EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size()))) << is_moment_matched;
    // Slots and neighbours do not matter, so neither does the batch.
    EXPECT_TRUE(at::equal(draw(*in_itself, 3, is_moment_matched).first, expected)) << is_moment_matched;
  }
}

TEST_P(OfAnyHourShape, AVectorJacobianProductHasTheSameBitsOnAnyNumberOfRanks) {
  const auto& [shared_out, hour_shape] = GetParam();
  const auto [hours, markov_order, stride, period] = shared_out;
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  const auto among_all = comm::make_transport(world), in_itself = comm::make_transport(alone);
  Wavy prior;
  const WindowPlan plan(hours, markov_order, stride);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  const SlabPartition whole(hours, 1, 0, period), shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  // Cotangents at observed hours only, as guidance has them.
  const auto cotangent = [&, period = period, &hour_shape = hour_shape](Slab slab) {
    at::Tensor rows = noise_of(slab, hour_shape) * 3;
    for (std::int64_t hour = slab.first; hour < slab.last; ++hour)
      if (hour % period != 0) rows[hour - slab.first].zero_();
    return rows;
  };
  ComposedDenoiser serial(prior, *in_itself, whole, plan, 4), parallel(prior, *among_all, shared, plan, 4);
  const at::Tensor expected =
      serial.noise_vjp(noise_of({0, hours}, hour_shape), level, cotangent({0, hours}));
  const at::Tensor found = parallel.noise_vjp(noise_of(mine, hour_shape), level, cotangent(mine));
  EXPECT_GT(expected.abs().max().item<double>(), 0);
  EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size())));
}

TEST_P(OfAnyHourShape, AVectorJacobianProductKnowsTheHaloOfItsOwnFieldsAlone) {
  const auto& [shared_out, hour_shape] = GetParam();
  const auto [hours, markov_order, stride, period] = shared_out;
  const comm::Communicator world = comm::Communicator::world();
  const auto among_all = comm::make_transport(world);
  const SlabPartition shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  Wavy prior;
  const WindowPlan plan(hours, markov_order, stride);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  const at::Tensor cotangent = noise_of(mine, hour_shape, 2);
  const auto afresh = [&](const at::Tensor& noisy) {
    return ComposedDenoiser(prior, *among_all, shared, plan, 4).noise_vjp(noisy, level, cotangent);
  };
  at::Tensor noisy = noise_of(mine, hour_shape), other = noise_of(mine, hour_shape, 1);
  ComposedDenoiser composed(prior, *among_all, shared, plan, 4);
  composed.noise_estimate(noisy, level);
  EXPECT_TRUE(at::equal(composed.noise_vjp(noisy, level, cotangent), afresh(noisy)));
  EXPECT_TRUE(at::equal(composed.noise_vjp(other, level, cotangent), afresh(other)));
  noisy.mul_(0.5).add_(0.1);  // as a sampler does from step to step
  EXPECT_TRUE(at::equal(composed.noise_vjp(noisy, level, cotangent), afresh(noisy)));
}

TEST_P(OfAnyHourShape, AVectorJacobianProductIsTheAdjointOfTheDerivative) {
  const auto& [shared_out, hour_shape] = GetParam();
  const auto [hours, markov_order, stride, period] = shared_out;
  const comm::Communicator world = comm::Communicator::world();
  const auto among_all = comm::make_transport(world);
  const SlabPartition shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  Wavy prior;
  ComposedDenoiser composed(prior, *among_all, shared, {hours, markov_order, stride}, 4);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  const at::Tensor x = noise_of(mine, hour_shape).to(at::kDouble);
  const at::Tensor direction = at::cos(x * 7), cotangent = at::sin(x * 5);  // the same on any number of ranks
  const auto dot = [&](const at::Tensor& a, const at::Tensor& b) {
    return world.ordered_sum(std::vector<double>{(a * b).sum().item<double>()});
  };
  const double step = 1e-5;
  const at::Tensor derivative = (composed.noise_estimate(x + step * direction, level) -
                                 composed.noise_estimate(x - step * direction, level)) /
                                (2 * step);
  const double left = dot(derivative, cotangent);
  const double right = dot(direction, composed.noise_vjp(x, level, cotangent));
  EXPECT_NEAR(left, right, 1e-7 * std::max(1.0, std::abs(left)));
}

TEST_P(OfAnyHourShape, EveryWindowComesWithItsFirstHour) {
  const auto& [shared_out, hour_shape] = GetParam();
  const auto [hours, markov_order, stride, period] = shared_out;
  const comm::Communicator world = comm::Communicator::world();
  const auto among_all = comm::make_transport(world);
  const SlabPartition shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  constexpr std::int64_t kBatch = 4;  // of which the last is padded, but for a few cases
  SeesHours prior(kBatch);
  ComposedDenoiser composed(prior, *among_all, shared, {hours, markov_order, stride}, kBatch);
  const at::Tensor slab = hours_of(mine, hour_shape);
  EXPECT_TRUE(at::equal(composed.noise_estimate(slab, {}), slab * (1 + slab)));
  EXPECT_TRUE(at::equal(composed.noise_vjp(slab, {}, at::ones_like(slab)), 1 + slab));
}

TEST(ComposedByNoise, TakesOneStrideWhileNoiseOutweighsTheSignalByFarAndAnotherThen) {
  const comm::Communicator world = comm::Communicator::world();
  const auto among_all = comm::make_transport(world);
  Wavy prior;
  const std::int64_t hours = 23;
  const SlabPartition shared(hours, world.size());
  const Slab mine = shared.slab(world.rank());
  const WindowPlan wide(hours, 3, 5), narrow(hours, 3, 1);
  ComposedDenoiser much(prior, *among_all, shared, narrow, 4), little(prior, *among_all, shared, wide, 4);
  ComposedByNoise both(prior, *among_all, shared, narrow, wide, 4);
  const at::Tensor noisy = noise_of(mine, kRows), cotangent = noise_of(mine, kRows).mul_(0.3);
  const diffusion::VpCosine schedule;
  for (const double lambda : {-1.1, -0.9}) {
    const diffusion::NoiseLevel level = schedule.at_log_ratio(lambda);
    ComposedDenoiser& expected = lambda < -1 ? much : little;
    EXPECT_TRUE(at::equal(both.noise_estimate(noisy, level), expected.noise_estimate(noisy, level)))
        << lambda;
    EXPECT_TRUE(
        at::equal(both.noise_vjp(noisy, level, cotangent), expected.noise_vjp(noisy, level, cotangent)))
        << lambda;
  }
  EXPECT_EQ(both.work().evaluated, much.work().evaluated + little.work().evaluated);
  EXPECT_EQ(both.work().differentiated, much.work().differentiated + little.work().differentiated);
}

const auto kCases = ::testing::Values(Case{19, 2, 1, 3}, Case{19, 2, 3, 3}, Case{19, 2, 5, 3},
                                      Case{7, 3, 1, 1},     // one window; slabs shorter than k
                                      Case{11, 4, 9, 1},    // slabs shorter than k, the largest stride
                                      Case{13, 4, 1, 6},    // at most three slabs: a rank owns nothing
                                      Case{48, 1, 3, 24});  // two slabs

std::string name_of(const Case& c) {
  return fmt::format("L{}K{}S{}P{}", c.hours, c.markov_order, c.stride, c.period);
}

INSTANTIATE_TEST_SUITE_P(Cases, OnAnyNumberOfRanks, kCases,
                         [](const auto& tested) { return name_of(tested.param); });

INSTANTIATE_TEST_SUITE_P(Cases, OfAnyHourShape, ::testing::Combine(kCases, ::testing::Values(kRows, kCells)),
                         [](const auto& tested) {
                           return name_of(std::get<0>(tested.param)) +
                                  (std::get<1>(tested.param) == kRows ? "Rows" : "Cells");
                         });

TEST(ComposedDenoiser, WithAWindowOverTheWholeTrajectoryIsThePrior) {
  const comm::Communicator world = comm::Communicator::world();
  const auto among_all = comm::make_transport(world);
  model::GaussianPrior prior = make_prior(3);
  const SlabPartition partition(7, world.size());
  ComposedDenoiser composed(prior, *among_all, partition, {7, 3, 1}, 2);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.7);
  const Slab mine = partition.slab(world.rank());
  const at::Tensor expected =
      prior.noise_estimate({noise_of({0, 7}, kRows).reshape({1, 7 * kVariables, kNy, kNx}), {0}}, level);
  EXPECT_TRUE(at::equal(composed.noise_estimate(noise_of(mine, kRows), level),
                        expected.reshape({7, kVariables, kNy, kNx}).narrow(0, mine.first, mine.size())));
}

TEST(ComposedDenoiser, SamplesHoursThatAreListsOfCellsAsItDoesHoursInRows) {
  const comm::Communicator world = comm::Communicator::world();
  const auto among_all = comm::make_transport(world);
  constexpr std::int64_t kHours = 13;
  const SlabPartition partition(kHours, world.size(), 0, 6);
  const Slab mine = partition.slab(world.rank());
  PriorOfAnyShape prior(2);
  const auto draw = [&](const HourShape& hour_shape) {
    ComposedDenoiser composed(prior, *among_all, partition, {kHours, 2, 3}, 4);
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t number) {
      diffusion::fill_noise({.seed = 33, .draw = number}, mine.first, slab);
    };
    surroundings.ordered_sum = [&](std::span<const double> sums) { return world.ordered_sum(sums); };
    surroundings.trajectory_values = kHours * kVariables * kNy * kNx;
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    at::Tensor slab = empty_slab(mine, hour_shape);
    sample_whole(composed, {}, {.steps = 3, .corrections = 1}, surroundings, slab);
    return slab;
  };
  const at::Tensor in_rows = draw(kRows);
  EXPECT_TRUE(at::isfinite(in_rows).all().item<bool>());
  EXPECT_TRUE(at::equal(draw(kCells), in_rows.flatten(2)));
}

}  // namespace
}  // namespace foehn::trajectory::composed_denoiser_mpi_test
