#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
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

/// What linear algebra says of a trajectory, given observations.
struct Posterior {
  observation::Observations observations;
  at::Tensor mean, sd;  // [hour, variable, y, x]
};

/// How far samples are from the posterior.
struct Distance {
  double mean_in_sd;  // root-mean-square of the mean's error, in posterior standard deviations
  double sd_ratio;    // root-mean-square deviation of the samples over the posterior's
};

inline Distance distance_of_samples(const Posterior& posterior, const at::Tensor& lag_covariance,
                                    const diffusion::SamplerOptions& sampler,
                                    const diffusion::SolverOptions& solver, std::int64_t members,
                                    bool is_affine) {
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator alone = world.split(world.rank());  // ranks share out members
  const std::int64_t hours = posterior.mean.size(0);
  model::GaussianPrior prior(lag_covariance, at::kFloat);
  const auto transport = comm::make_transport(alone);
  trajectory::ComposedDenoiser composed(prior, *transport, {hours, 1}, {hours, (hours - 1) / 2, 1}, 1);
  diffusion::Surroundings surroundings;
  surroundings.ordered_sum = [&](std::span<const double> values) { return alone.ordered_sum(values); };
  surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
  diffusion::MmpsGuidance guided(composed, posterior.observations,
                                 {.solver = solver, .ordered_sum = surroundings.ordered_sum});

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

struct Case {
  const char* name;
  diffusion::SamplerOptions sampler;
  diffusion::SolverOptions solver;
  std::int64_t members;
};

/// @param lag_covariance  of the prior, for windows of all of the posterior's hours
inline void expect_posterior(const Posterior& posterior, const at::Tensor& lag_covariance, const Case& c) {
  const Distance found = distance_of_samples(posterior, lag_covariance, c.sampler, c.solver, c.members,
                                             c.solver.tolerance.has_value());
  if (comm::Communicator::world().is_root())
    std::cout << c.name << ": mean off by " << found.mean_in_sd << " sd, sd " << found.sd_ratio
              << " of the posterior's\n";
  EXPECT_LE(found.mean_in_sd, 0.05) << c.name;
  EXPECT_NEAR(found.sd_ratio, 1, 0.05) << c.name;
}

inline const Case kSolved{"solved to 1e-3, 32 steps", {.steps = 32}, {.steps = 300, .tolerance = 1e-3}, 8};

}  // namespace foehn
