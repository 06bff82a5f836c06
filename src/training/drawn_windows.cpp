#include "foehn/training/drawn_windows.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foehn::training {

namespace {

at::Tensor unit_at(const model::Normalisation& normalisation, std::int64_t seconds,
                   calendar::Calendar calendar) {
  const at::Tensor scale = normalisation.scale().reshape({-1, 1, 1});
  const model::Deviation* deviation = normalisation.deviation();
  return deviation == nullptr ? scale : scale * deviation->at(seconds, calendar);
}

}  // namespace

DrawnWindows::DrawnWindows(const at::Tensor& lag_covariance, model::Normalisation gaussian,
                           model::Normalisation normalisation, const model::Clock& clock, std::int64_t hours)
    : prior_(lag_covariance.narrow(0, 0, hours), at::TensorOptions(at::kFloat)),
      gaussian_(std::move(gaussian)),
      normalisation_(std::move(normalisation)),
      clock_(clock) {}

at::Tensor DrawnWindows::unit(std::int64_t hour) const {
  const std::int64_t seconds = clock_.first_seconds + hour * clock_.step_seconds;
  return (unit_at(gaussian_, seconds, clock_.calendar) / unit_at(normalisation_, seconds, clock_.calendar))
      .to(at::kFloat);
}

at::Tensor DrawnWindows::draw(std::int64_t first_hour, const core::NoiseKey& key,
                              std::uint32_t number) const {
  at::Tensor white = at::empty(prior_.window_shape(), at::kFloat);
  core::fill_normal<float>(key, number, {white.data_ptr<float>(), static_cast<std::size_t>(white.numel())});
  const at::Tensor fields = prior_.draw(white).unflatten(0, at::IntArrayRef{prior_.window_hours(), -1});
  for (std::int64_t hour = 0; hour < fields.size(0); ++hour)
    fields.select(0, hour).mul_(unit(first_hour + hour));
  return fields;
}

}  // namespace foehn::training
