#include "foehn/training/objective.hpp"

#include <ATen/ATen.h>

#include <algorithm>
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
                              const std::vector<diffusion::NoiseLevel>& levels,
                              const std::vector<CoarseChoice>&) {
  Lesson lesson{at::empty_like(clean.fields), noise, times_of(levels), network_->labels(clean.first_hours)};
  for (std::int64_t i = 0; i < clean.fields.size(0); ++i) {
    const auto& level = levels[static_cast<std::size_t>(i)];
    lesson.inputs.select(0, i).copy_(clean.fields[i] * level.mu + noise[i] * level.sigma);
  }
  return lesson;
}

Lesson EdmObjective::lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                            const std::vector<diffusion::NoiseLevel>& levels,
                            const std::vector<CoarseChoice>&) {
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
                                   const std::vector<diffusion::NoiseLevel>& levels,
                                   const std::vector<CoarseChoice>&) {
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

model::CoarseFields ResidualObjective::coarse_fields(const at::Tensor& hours, std::int64_t first_hour,
                                                     const CoarseChoice& choice) const {
  const model::CoarseForm& form = denoiser_->form();
  const auto chosen = [](double part, std::size_t count) {
    return std::min(static_cast<std::size_t>(part * static_cast<double>(count)), count - 1);
  };
  const std::size_t blocks = form.blocks.size(), kind = chosen(choice.kind, blocks * form.every.size());
  const std::int64_t every = form.every[kind / blocks], window = hours.size(0) - 2 * reach();
  model::CoarseSnapshots snapshots{form.blocks[kind % blocks], {}, {}, cells_};
  const auto since = static_cast<std::int64_t>(chosen(choice.phase, static_cast<std::size_t>(every)));
  std::vector<at::Tensor> means;
  for (std::int64_t hour = first_hour - since; hour < first_hour + window - 1 + every; hour += every) {
    const at::Tensor fields = hours[hour - first_hour + reach()];
    const at::Tensor in_units =
        deviation_ ? fields * deviation_(hour).to(fields.device(), fields.scalar_type()) : fields;
    means.push_back(model::coarse_means(in_units, snapshots.block, cells_.get()));
    if (transformed_) transformed_->replace_means(fields, hour, snapshots.block, means.back());
    snapshots.hours.push_back(hour);
  }
  snapshots.values = at::stack(means);
  return model::interpolate(snapshots, first_hour, window, deviation_);
}

Lesson ResidualObjective::lesson(const diffusion::Windows& clean, const at::Tensor& noise,
                                 const std::vector<diffusion::NoiseLevel>& levels,
                                 const std::vector<CoarseChoice>& coarse) {
  const std::int64_t variables = network().channels().variables;
  const double s = denoiser_->sigma_data();
  std::vector<at::Tensor> inputs;
  Lesson lesson{{}, at::empty_like(noise), times_of(levels), network().labels(clean.first_hours)};
  for (std::int64_t i = 0; i < noise.size(0); ++i) {
    const auto place = static_cast<std::size_t>(i);
    const at::Tensor hours = clean.fields[i].unflatten(0, at::IntArrayRef{-1, variables});
    const model::CoarseFields given = coarse_fields(hours, clean.first_hours[place], coarse[place]);
    const at::Tensor residual = (hours.narrow(0, reach(), given.hours()) - given.fields).flatten(0, 1);
    const double sigma = levels[place].sigma, size = std::hypot(sigma, s);
    const at::Tensor noisy = residual * (1 / size) + noise[i] * (sigma / size);
    inputs.push_back(at::cat({noisy, denoiser_->guide(given).to(noisy.scalar_type())}));
    lesson.targets.select(0, i).copy_(residual * (sigma / (s * size)) - noise[i] * (s / size));
  }
  lesson.inputs = at::stack(inputs);
  return lesson;
}

}  // namespace foehn::training
