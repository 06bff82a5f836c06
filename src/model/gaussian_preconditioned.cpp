#include "foehn/model/gaussian_preconditioned.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

double input_scale(const diffusion::NoiseLevel& level) {
  return 1 / std::sqrt(level.mu * level.mu + level.sigma * level.sigma);
}

}  // namespace

GaussianPreconditioned::GaussianPreconditioned(GaussianPrior prior, std::unique_ptr<Network> network)
    : prior_(std::move(prior)), network_(std::move(network)) {
  const WindowChannels& network_channels = network_->channels();
  if (network_channels.inputs != 2 || network_channels.window != prior_.window_hours())
    throw core::Error(
        fmt::format("a network that corrects a Gaussian prior of {} hours: expected a window of as many and "
                    "2 inputs, found {} and {}",
                    prior_.window_hours(), network_channels.window, network_channels.inputs));
}

GaussianPreconditioned::Terms GaussianPreconditioned::terms(const diffusion::Windows& noisy,
                                                            const diffusion::NoiseLevel& level) {
  Terms terms{prior_.noise_estimate(noisy, level), {}, prior_.posterior_deviation(level)};
  const at::Tensor clean = (noisy.fields - terms.eps * level.sigma).mul_(1 / level.mu);
  terms.inputs = at::cat({noisy.fields * input_scale(level), clean}, 1);
  return terms;
}

at::Tensor GaussianPreconditioned::noise_estimate(const diffusion::Windows& noisy,
                                                  const diffusion::NoiseLevel& level) {
  Terms found = terms(noisy, level);
  // eps = (x - mu x_hat)/sigma
  at::Tensor correction = network_->noise_estimate({found.inputs, noisy.first_hours}, level);
  return found.eps.sub_(correction.mul_(level.mu * found.scale / level.sigma));
}

at::Tensor GaussianPreconditioned::noise_vjp(const diffusion::Windows& noisy,
                                             const diffusion::NoiseLevel& level,
                                             const at::Tensor& cotangent) {
  // With E = d eps_G/dx, symmetric, d x_hat_G/dx = (1 - sigma E)/mu, and h = c (d net/d inputs)^T u in two
  // halves:
  //   J^T u = E u - (mu/sigma) (s h_1 + (h_2 - sigma E h_2)/mu) = E (u + h_2) - (mu s h_1 + h_2)/sigma.
  const Terms found = terms(noisy, level);
  const auto channels = noisy.fields.size(1);
  at::Tensor halves =
      network_->noise_vjp({found.inputs, noisy.first_hours}, level, cotangent).mul_(found.scale);
  const at::Tensor first = halves.narrow(1, 0, channels), second = halves.narrow(1, channels, channels);
  at::Tensor product = prior_.noise_vjp(noisy, level, cotangent + second);
  return product.sub_((first * (level.mu * input_scale(level)) + second).mul_(1 / level.sigma));
}

}  // namespace foehn::model
