#include "foehn/training/objective.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace foehn::training {

namespace {

at::Tensor times_of(const std::vector<diffusion::NoiseLevel>& levels) {
  std::vector<double> t;
  for (const auto& level : levels) t.push_back(level.t);
  return at::tensor(t, at::kDouble);
}

}  // namespace

Lesson NoiseObjective::lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                              const std::vector<diffusion::NoiseLevel>& levels) {
  Lesson lesson{at::empty_like(clean.fields), noise, times_of(levels), network_->labels(clean.first_hours)};
  for (std::int64_t i = 0; i < clean.fields.size(0); ++i) {
    const auto& level = levels[static_cast<std::size_t>(i)];
    lesson.inputs.select(0, i).copy_(clean.fields[i] * level.mu + noise[i] * level.sigma);
  }
  return lesson;
}

Lesson EdmObjective::lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                            const std::vector<diffusion::NoiseLevel>& levels) {
  Lesson lesson{at::empty_like(clean.fields), at::empty_like(noise), times_of(levels),
                network_->labels(clean.first_hours)};
  for (std::int64_t i = 0; i < clean.fields.size(0); ++i) {
    const double sigma = levels[static_cast<std::size_t>(i)].sigma, size = std::hypot(sigma, sigma_data_);
    lesson.inputs.select(0, i).copy_(clean.fields[i] * (1 / size) + noise[i] * (sigma / size));
    lesson.targets.select(0, i).copy_(clean.fields[i] * (sigma / (sigma_data_ * size)) -
                                      noise[i] * (sigma_data_ / size));
  }
  return lesson;
}

Lesson CorrectionObjective::lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                                   const std::vector<diffusion::NoiseLevel>& levels) {
  std::vector<at::Tensor> inputs, targets;
  for (std::int64_t i = 0; i < clean.fields.size(0); ++i) {
    const auto& level = levels[static_cast<std::size_t>(i)];
    const at::Tensor window = clean.fields.narrow(0, i, 1);
    const at::ScalarType type = window.scalar_type();
    const auto exact = [&](const at::Tensor& fields) {
      return diffusion::needs_float64(level) ? fields.to(at::kDouble) : fields;
    };
    const auto terms =
        denoiser_->terms({exact(window) * level.mu + exact(noise.narrow(0, i, 1)) * level.sigma,
                          {clean.first_hours[static_cast<std::size_t>(i)]}},
                         level);
    const at::Tensor estimate = terms.inputs.narrow(1, window.size(1), window.size(1));
    inputs.push_back(terms.inputs.to(type));
    targets.push_back(((window - estimate) / terms.scale).to(type));
  }
  return {at::cat(inputs), at::cat(targets), times_of(levels),
          denoiser_->network().labels(clean.first_hours)};
}

}  // namespace foehn::training
