// Samples of a Gaussian prior on a grid, given coarse observations, against the posterior that dense linear
// algebra gives.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include <cmath>
#include <iostream>

#include "diffusion/sample_whole.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"

namespace foehn {
namespace {

constexpr std::int64_t kHours = 49, kVariables = 2, kSide = 16, kBlock = 4, kEvery = 6;
constexpr std::int64_t kCells = kSide * kSide, kCoarse = kSide / kBlock, kBlocks = kCoarse * kCoarse;
constexpr std::int64_t kObserved = (kHours - 1) / kEvery + 1;
constexpr double kStd = 0.1;

/// Variance of the spatial modes [y, x], large scales having most of it, and their time scales in hours.
at::Tensor wavenumber_square() {
  const at::Tensor k = at::arange(kSide, at::kDouble);
  return k.square().unsqueeze(1) + k.square();
}
at::Tensor mode_variance() {
  const at::Tensor spectrum = (1 + wavenumber_square() / 4).pow(-1.5);
  return spectrum * (static_cast<double>(kCells) / spectrum.sum());
}
at::Tensor mode_hours() {
  return 4 + 20 / (1 + wavenumber_square().sqrt());
}

/// Correlation of the two variables.
at::Tensor between_variables() {
  return at::tensor({1.0, 0.5, 0.5, 1.0}, at::kDouble).reshape({2, 2});
}

/// Covariance of a mode's variance 1 and time scale at a distance in hours (Matern 3/2), [y, x].
at::Tensor time_covariance(std::int64_t lag) {
  const at::Tensor r = std::sqrt(3.0) * static_cast<double>(lag) / mode_hours();
  return (1 + r) * (-r).exp();
}

/// [lag, variable, variable, y, x]
at::Tensor lag_covariance() {
  std::vector<at::Tensor> lags;
  for (std::int64_t lag = 0; lag < kHours; ++lag)
    lags.push_back(between_variables().reshape({2, 2, 1, 1}) * (mode_variance() * time_covariance(lag)));
  return at::stack(lags);
}

struct Posterior {
  at::Tensor values;    // y, [observation, variable, Y, X]
  at::Tensor mean, sd;  // [hour, variable, y, x]
};

/// Observations of a field drawn from the prior, and the posterior given them.
Posterior exact_posterior() {
  const at::Tensor y_modes = model::cosine_transform(kSide);
  // A mode's field, [mode, cell], and its block means, [mode, block].
  const at::Tensor fields = at::einsum("ay,bx->abyx", {y_modes, y_modes}).reshape({kCells, kCells});
  const at::Tensor means = fields.reshape({kCells, kCoarse, kBlock, kCoarse, kBlock})
                               .mean(at::IntArrayRef{2, 4})
                               .reshape({kCells, kBlocks});
  // Covariance of fields and observations without the variables' part, [hour, cell, observation, block]; that
  // part is a factor.
  at::Tensor cross = at::empty({kHours, kCells, kObserved, kBlocks}, at::kDouble);
  for (std::int64_t hour = 0; hour < kHours; ++hour) {
    for (std::int64_t o = 0; o < kObserved; ++o) {
      const at::Tensor scale =
          (mode_variance() * time_covariance(std::abs(hour - o * kEvery))).reshape({kCells, 1});
      cross.select(2, o).select(0, hour).copy_(at::matmul(fields.t(), scale * means));
    }
  }
  const at::Tensor observed = cross.reshape({kHours, kCoarse, kBlock, kCoarse, kBlock, kObserved, kBlocks})
                                  .mean(at::IntArrayRef{2, 4})
                                  .index_select(0, at::arange(0, kHours, kEvery))
                                  .reshape({kObserved * kBlocks, kObserved * kBlocks});
  const at::Tensor b = between_variables();
  const std::int64_t size = kVariables * kObserved * kBlocks;
  const auto with_variables = [&](const at::Tensor& matrix) {  // variables slowest
    return at::einsum("ab,ij->aibj", {b, matrix}).reshape({kVariables * matrix.size(0), -1});
  };
  const at::Tensor signal = with_variables(observed);
  const at::Tensor total = signal + kStd * kStd * at::eye(size, at::kDouble);
  at::manual_seed(11);
  const at::Tensor y = at::matmul(at::linalg_cholesky(total), at::randn({size}, at::kDouble));
  const at::Tensor gain_input = with_variables(cross.reshape({kHours * kCells, kObserved * kBlocks}));
  const at::Tensor solved = at::linalg_solve(total, gain_input.t());
  const at::Tensor cell_variance = (fields.square() * mode_variance().reshape({kCells, 1})).sum(0);  // [cell]
  const at::Tensor reduction = (gain_input * solved.t()).sum(1);
  const auto shape = [](const at::Tensor& values) {  // [variable, hour, cell] -> [hour, variable, y, x]
    return values.reshape({kVariables, kHours, kSide, kSide}).transpose(0, 1).contiguous();
  };
  Posterior posterior;
  posterior.values =
      y.reshape({kVariables, kObserved, kCoarse, kCoarse}).transpose(0, 1).contiguous().to(at::kFloat);
  posterior.mean = shape(at::matmul(gain_input, at::linalg_solve(total, y)));
  posterior.sd = shape(cell_variance.repeat({kVariables * kHours}) - reduction).sqrt();
  return posterior;
}

/// How far samples are from the posterior.
struct Distance {
  double mean_in_sd;  // root-mean-square of the mean's error, in posterior standard deviations
  double sd_ratio;    // root-mean-square deviation of the samples over the posterior's
};

Distance distance_of_samples(const Posterior& posterior, const diffusion::SamplerOptions& sampler,
                             const diffusion::SolverOptions& solver, std::int64_t members, bool is_affine) {
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());  // ranks share out members
  model::GaussianPrior prior(lag_covariance(), at::kFloat);
  trajectory::ComposedDenoiser composed(prior, alone, {kHours, 1}, {kHours, (kHours - 1) / 2, 1}, 1);
  std::vector<std::int64_t> rows;
  for (std::int64_t o = 0; o < kObserved; ++o) rows.push_back(o * kEvery);
  diffusion::Surroundings surroundings;
  surroundings.ordered_sum = [&](std::span<const double> values) { return alone.ordered_sum(values); };
  surroundings.step_done = [](const diffusion::SamplerState&) { return true; };
  diffusion::MmpsGuidance guided(
      composed,
      {{observation::BlockMean(kBlock), rows}, posterior.values, at::full({kVariables, 1, 1}, kStd * kStd)},
      {.solver = solver, .gamma = 1.0 / (kBlock * kBlock), .ordered_sum = surroundings.ordered_sum});

  // Where the equation is solved, a sample is an affine function of its noise, and its mean that of no noise.
  at::Tensor slab = at::empty(posterior.mean.sizes(), at::kFloat);
  const auto mean_of_affine_samples = [&] {
    surroundings.fill_noise = [](at::Tensor& noise, std::uint32_t) { noise.zero_(); };
    diffusion::sample_whole(guided, {}, sampler, surroundings, slab);
    return slab.to(at::kDouble) - posterior.mean;
  };
  at::Tensor sum = at::zeros_like(posterior.mean), squares = at::zeros_like(posterior.mean);
  for (std::int64_t member = world.rank(); member < members; member += world.size()) {
    surroundings.fill_noise = [&](at::Tensor& noise, std::uint32_t draw) {
      diffusion::fill_noise({7, static_cast<std::uint32_t>(member), draw}, 0, noise);
    };
    diffusion::sample_whole(guided, {}, sampler, surroundings, slab);
    const at::Tensor deviation = slab.to(at::kDouble) - posterior.mean;
    sum += deviation;
    squares += deviation.square();
  }
  for (at::Tensor* tensor : {&sum, &squares})
    MPI_Allreduce(MPI_IN_PLACE, tensor->data_ptr(), static_cast<int>(tensor->numel()), MPI_DOUBLE, MPI_SUM,
                  world.handle());
  const auto n = static_cast<double>(members);
  const at::Tensor mean = sum / n;
  const at::Tensor variance = (squares - n * mean.square()) / (n - 1);
  const at::Tensor truth = posterior.sd.square();
  // The mean over n members has an error of its own, 1/n of their variance.
  const double error = is_affine ? mean_of_affine_samples().square().div(truth).mean().item<double>()
                                 : (mean.square() / truth - variance / n / truth).mean().item<double>();
  return {std::sqrt(std::max(error, 0.0)), (variance / truth).mean().sqrt().item<double>()};
}

TEST(GridPosterior, SamplesHaveItsMeanAndStandardDeviation) {
  const Posterior posterior = exact_posterior();
  const bool is_root = comm::Communicator::world().is_root();
  struct Case {
    const char* name;
    diffusion::SamplerOptions sampler;
    diffusion::SolverOptions solver;
    std::int64_t members;
  };
  for (const Case& c : {Case{"solved to 1e-3, 32 steps", {.steps = 32}, {.steps = 300, .tolerance = 1e-3}, 8},
                        Case{"the defaults", {}, {}, 48}}) {
    const Distance found =
        distance_of_samples(posterior, c.sampler, c.solver, c.members, c.solver.tolerance.has_value());
    if (is_root)
      std::cout << c.name << ": mean off by " << found.mean_in_sd << " sd, sd " << found.sd_ratio
                << " of the posterior's\n";
    EXPECT_LE(found.mean_in_sd, 0.05) << c.name;
    EXPECT_NEAR(found.sd_ratio, 1, 0.05) << c.name;
  }
}

}  // namespace
}  // namespace foehn
