#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "diffusion/sample_whole.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/trajectory/composed_by_noise.hpp"

namespace foehn::trajectory {
namespace {

constexpr std::int64_t kVariables = 2, kNy = 9, kNx = 6;  // odd, so that vectorised loops have tails

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

/// A denoiser whose derivative is neither constant nor symmetric: channels wave with their successors.
class Wavy : public diffusion::DifferentiableDenoiser {
 public:
  at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override {
    return at::sin(noisy) * at::roll(noisy, 1, 1) + level.sigma * noisy;
  }
  at::Tensor noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    return at::cos(noisy) * at::roll(noisy, 1, 1) * cotangent + at::roll(at::sin(noisy) * cotangent, -1, 1) +
           level.sigma * cotangent;
  }
};

at::Tensor noise_of(Slab hours) {
  at::Tensor slab = at::empty({hours.size(), kVariables, kNy, kNx}, at::kFloat);
  for (std::int64_t i = 0; i < hours.size(); ++i)
    core::fill_normal<float>({.seed = 31}, static_cast<std::uint32_t>(hours.first + i),
                             {slab[i].data_ptr<float>(), static_cast<std::size_t>(slab[i].numel())});
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

class OnAnyNumberOfRanks : public testing::TestWithParam<Case> {};

TEST_P(OnAnyNumberOfRanks, AnEstimateHasTheSameBits) {
  const auto [hours, markov_order, stride, period] = GetParam();
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  model::GaussianPrior prior = make_prior(markov_order);
  const WindowPlan plan(hours, markov_order, stride);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);

  const SlabPartition whole(hours, 1, 0, period), shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  ComposedDenoiser serial(prior, alone, whole, plan, 4), parallel(prior, world, shared, plan, 4);
  const at::Tensor expected = serial.noise_estimate(noise_of({0, hours}), level);
  const at::Tensor found = parallel.noise_estimate(noise_of(mine), level);
  EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size())));
}

TEST_P(OnAnyNumberOfRanks, ASampleHasTheSameBits) {
  const auto [hours, markov_order, stride, period] = GetParam();
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  model::GaussianPrior prior = make_prior(markov_order);
  const WindowPlan plan(hours, markov_order, stride);

  const auto draw = [&](const comm::Communicator& team, std::int64_t batch, bool is_moment_matched) {
    const SlabPartition partition(hours, team.size(), 0, period);
    const Slab mine = partition.slab(team.rank());
    ComposedDenoiser composed(prior, team, partition, plan, batch);
    const observation::Observations observations = observations_of(mine, hours, period);
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t number) {
      for (std::int64_t i = 0; i < mine.size(); ++i)
        core::fill_normal<float>({.seed = 32, .draw = number}, static_cast<std::uint32_t>(mine.first + i),
                                 {slab[i].data_ptr<float>(), static_cast<std::size_t>(slab[i].numel())});
    };
    surroundings.ordered_sum = [&](std::span<const double> sums) { return team.ordered_sum(sums); };
    surroundings.trajectory_values = hours * kVariables * kNy * kNx;
    surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
    at::Tensor slab = at::empty({mine.size(), kVariables, kNy, kNx}, at::kFloat);
    if (is_moment_matched) {
      diffusion::MmpsGuidance guided(
          composed, observations,
          {.solver = {.steps = 2, .tolerance = {}}, .gamma = 0.1, .ordered_sum = surroundings.ordered_sum});
      sample_whole(guided, {}, {.steps = 5}, surroundings, slab);
    } else {
      diffusion::SdaGuidance guided(composed, observations, 0.1);
      sample_whole(guided, {}, {.method = diffusion::Method::kDdim, .steps = 6, .corrections = 1},
                   surroundings, slab);
    }
    return std::pair{slab, mine};
  };
  for (const bool is_moment_matched : {false, true}) {
    const auto [expected, all] = draw(alone, 4, is_moment_matched);
    const auto [found, mine] = draw(world, 4, is_moment_matched);
    EXPECT_TRUE(at::isfinite(expected).all().item<bool>());
    EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size()))) << is_moment_matched;
    // Slots and neighbours do not matter, so neither does the batch.
    EXPECT_TRUE(at::equal(draw(alone, 3, is_moment_matched).first, expected)) << is_moment_matched;
  }
}

TEST_P(OnAnyNumberOfRanks, AVectorJacobianProductHasTheSameBits) {
  const auto [hours, markov_order, stride, period] = GetParam();
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());
  Wavy prior;
  const WindowPlan plan(hours, markov_order, stride);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  const SlabPartition whole(hours, 1, 0, period), shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  // Cotangents at observed hours only, as guidance has them.
  const auto cotangent = [&, period = period](Slab slab) {
    at::Tensor rows = noise_of(slab) * 3;
    for (std::int64_t hour = slab.first; hour < slab.last; ++hour)
      if (hour % period != 0) rows[hour - slab.first].zero_();
    return rows;
  };
  ComposedDenoiser serial(prior, alone, whole, plan, 4), parallel(prior, world, shared, plan, 4);
  const at::Tensor expected = serial.noise_vjp(noise_of({0, hours}), level, cotangent({0, hours}));
  const at::Tensor found = parallel.noise_vjp(noise_of(mine), level, cotangent(mine));
  EXPECT_GT(expected.abs().max().item<double>(), 0);
  EXPECT_TRUE(at::equal(found, expected.narrow(0, mine.first, mine.size())));
}

TEST_P(OnAnyNumberOfRanks, AVectorJacobianProductIsTheAdjointOfTheDerivative) {
  const auto [hours, markov_order, stride, period] = GetParam();
  const comm::Communicator world = comm::Communicator::world();
  const SlabPartition shared(hours, world.size(), 0, period);
  const Slab mine = shared.slab(world.rank());
  Wavy prior;
  ComposedDenoiser composed(prior, world, shared, {hours, markov_order, stride}, 4);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  const at::Tensor x = noise_of(mine).to(at::kDouble);
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

TEST(ComposedByNoise, TakesOneStrideWhileNoiseOutweighsTheSignalByFarAndAnotherThen) {
  const comm::Communicator world = comm::Communicator::world();
  Wavy prior;
  const std::int64_t hours = 23;
  const SlabPartition shared(hours, world.size());
  const Slab mine = shared.slab(world.rank());
  const WindowPlan wide(hours, 3, 5), narrow(hours, 3, 1);
  ComposedDenoiser much(prior, world, shared, narrow, 4), little(prior, world, shared, wide, 4);
  ComposedByNoise both(prior, world, shared, narrow, wide, 4);
  const at::Tensor noisy = noise_of(mine), cotangent = noise_of(mine).mul_(0.3);
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

INSTANTIATE_TEST_SUITE_P(Cases, OnAnyNumberOfRanks,
                         testing::Values(Case{19, 2, 1, 3}, Case{19, 2, 3, 3}, Case{19, 2, 5, 3},
                                         Case{7, 3, 1, 1},     // one window; slabs shorter than k
                                         Case{11, 4, 9, 1},    // slabs shorter than k, the largest stride
                                         Case{13, 4, 1, 6},    // at most three slabs: a rank owns nothing
                                         Case{48, 1, 3, 24}),  // two slabs
                         [](const auto& tested) {
                           const Case& c = tested.param;
                           return fmt::format("L{}K{}S{}P{}", c.hours, c.markov_order, c.stride, c.period);
                         });

TEST(ComposedDenoiser, WithAWindowOverTheWholeTrajectoryIsThePrior) {
  const comm::Communicator world = comm::Communicator::world();
  model::GaussianPrior prior = make_prior(3);
  const SlabPartition partition(7, world.size());
  ComposedDenoiser composed(prior, world, partition, {7, 3, 1}, 2);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.7);
  const Slab mine = partition.slab(world.rank());
  const at::Tensor expected =
      prior.noise_estimate(noise_of({0, 7}).reshape({1, 7 * kVariables, kNy, kNx}), level);
  EXPECT_TRUE(at::equal(composed.noise_estimate(noise_of(mine), level),
                        expected.reshape({7, kVariables, kNy, kNx}).narrow(0, mine.first, mine.size())));
}

}  // namespace
}  // namespace foehn::trajectory
