// The linear system of mmps over composed windows, which is not symmetric, against dense linear algebra.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>

#include "closed_form/case_sizes.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
#include "observation/snapshots.hpp"

namespace foehn::solver_test {
namespace {

constexpr std::int64_t kHours = testing::kSmallCases ? 61 : 121;
constexpr double kTolerance = 1e-4;

const auto kDouble = at::TensorOptions(at::kDouble);

/// A Matern-3/2 process of unit variance, observed at every few hours.
struct Process {
  double length;
  std::int64_t markov_order, every;
  double std;

  std::string name() const {
    return "length " + std::to_string(length) + ", k " + std::to_string(markov_order) + ", every " +
           std::to_string(every) + ", std " + std::to_string(std);
  }
  /// Every mode, and so every cell, is a copy of it.
  at::Tensor lag_covariance(std::int64_t cells) const {
    at::Tensor lags = at::empty({2 * markov_order + 1, 1, 1, 1, cells}, kDouble);
    for (std::int64_t lag = 0; lag < lags.size(0); ++lag) {
      const double r = std::sqrt(3.0) * static_cast<double>(lag) / length;
      lags[lag] = (1 + r) * std::exp(-r);
    }
    return lags;
  }
};

struct Outcome {
  double difference = 0;   // from dense linear algebra, relative to the largest change that guidance makes
  std::int64_t steps = 0;  // that the solver took
};

Outcome solve(const Process& process, double t) {
  const comm::Communicator world = comm::Communicator::world(), alone = world.split(world.rank());
  const std::int64_t count = (kHours - 1) / process.every + 1;
  // Cell i is for the i-th unit vector of observation space, the last one for the data.
  const std::int64_t cells = count + 1;
  model::GaussianPrior prior(process.lag_covariance(cells), kDouble);
  const trajectory::WindowPlan plan(kHours, process.markov_order, 1);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(t);
  at::manual_seed(31);
  const at::Tensor noisy = at::randn({kHours, 1, 1, cells}, kDouble), y = at::randn({count}, kDouble);

  // By dense linear algebra, on every rank: the columns of J^T A^T in one product.
  const auto among_all = comm::make_transport(world), in_itself = comm::make_transport(alone);
  trajectory::ComposedDenoiser whole(prior, *in_itself, {kHours, 1}, plan, 8);
  at::Tensor units = at::zeros({kHours, 1, 1, cells}, kDouble);
  for (std::int64_t i = 0; i < count; ++i) units[i * process.every][0][0][i] = 1;
  const at::Tensor columns =
      ((units - level.sigma * whole.noise_vjp(noisy, level, units)) / level.mu).reshape({kHours, cells});
  const at::Tensor gain = columns.narrow(1, 0, count);
  const at::Tensor eps = whole.noise_estimate(noisy, level).reshape({kHours, cells}).select(1, count);
  const at::Tensor clean = (noisy.reshape({kHours, cells}).select(1, count) - level.sigma * eps) / level.mu;
  const at::Tensor observed = at::arange(count) * process.every;
  const at::Tensor matrix = process.std * process.std * at::eye(count, kDouble) +
                            level.sigma * level.sigma / level.mu * gain.index_select(0, observed);
  const at::Tensor change =
      level.sigma * at::matmul(gain, at::linalg_solve(matrix, y - clean.index_select(0, observed)));

  const trajectory::SlabPartition partition(kHours, world.size(), 0, process.every);
  const trajectory::Slab slab = partition.slab(world.rank());
  trajectory::ComposedDenoiser composed(prior, *among_all, partition, plan, 8);
  std::vector<std::int64_t> rows;
  std::vector<at::Tensor> values;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!slab.contains(i * process.every)) continue;
    rows.push_back(i * process.every - slab.first);
    values.push_back(at::full({1, 1, cells}, NAN, kDouble));  // of the other cells nothing is observed
    values.back()[0][0][count] = y[i];
  }
  observation::Observations observations =
      observation::snapshots(observation::BlockMean(1), rows,
                             values.empty() ? at::empty({0, 1, 1, cells}, kDouble) : at::stack(values),
                             at::full({1, 1, 1}, process.std * process.std, kDouble));
  Outcome outcome;
  diffusion::MmpsGuidance guided(
      composed, observations,
      {.solver = {.steps = 400, .tolerance = kTolerance},
       .ordered_sum = [&](std::span<const double> sums) { return world.ordered_sum(sums); },
       .report =
           [&](const diffusion::SolveReport& report) {
             EXPECT_FALSE(report.is_indefinite);
             outcome.steps = report.steps;
           }});
  const at::Tensor found =
      guided.noise_estimate(noisy.narrow(0, slab.first, slab.size()), level).select(3, count).flatten();
  const at::Tensor expected = (eps - change).narrow(0, slab.first, slab.size());
  if (slab.size() > 0)
    outcome.difference = ((found - expected).abs().max() / change.abs().max()).item<double>();
  return outcome;
}

/// The first of several values alone, where cases are small.
template <class Value>
std::vector<Value> some_of(std::vector<Value> values) {
  if (testing::kSmallCases) values.resize(1);
  return values;
}

TEST(Solver, ConvergesOnComposedWindows) {
  const bool is_root = comm::Communicator::world().is_root();
  Outcome worst;
  std::int64_t solves = 0;
  for (const double length : some_of<double>({14, 8, 20}))
    for (const std::int64_t markov_order : some_of<std::int64_t>({6, 2, 4}))
      for (const std::int64_t every : some_of<std::int64_t>({5, 3, 6}))
        for (const double std : {0.05, 0.3})
          for (const double t : {0.1, 0.4, 0.7, 0.95}) {
            const Process process{length, markov_order, every, std};
            const Outcome found = solve(process, t);
            EXPECT_LE(found.difference, 1e-3) << process.name() << ", t " << t;
            EXPECT_LE(found.steps, (kHours - 1) / every + 1) << process.name() << ", t " << t;
            worst = {std::max(worst.difference, found.difference), std::max(worst.steps, found.steps)};
            ++solves;
          }
  if (is_root)
    std::cout << solves << " systems solved to " << kTolerance << ": at most " << worst.steps
              << " steps, largest difference " << worst.difference << '\n';
}

}  // namespace
}  // namespace foehn::solver_test
