#include "foehn/model/edm_denoiser.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace foehn::model {

EdmDenoiser::EdmDenoiser(std::unique_ptr<Network> network, double sigma_data)
    : network_(std::move(network)), sigma_data_(sigma_data) {}

at::Tensor EdmDenoiser::noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) {
  const double size = std::hypot(level.sigma, sigma_data_);
  at::Tensor answer = network_->noise_estimate({noisy.fields * (1 / size), noisy.first_hours}, level);
  return answer.mul_(-sigma_data_ / size).add_(noisy.fields * (level.sigma / (size * size)));
}

at::Tensor EdmDenoiser::noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                                  const at::Tensor& cotangent) {
  const double size = std::hypot(level.sigma, sigma_data_);
  at::Tensor product = network_->noise_vjp({noisy.fields * (1 / size), noisy.first_hours}, level, cotangent);
  return product.mul_(-sigma_data_ / (size * size)).add_(cotangent * (level.sigma / (size * size)));
}

}  // namespace foehn::model
