#include "foehn/model/normalisation.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::model {

namespace {

/// normalised = (physical - q(offset)) / (q(high) - q(low)).
struct QuantileMode {
  const char* name;
  double offset, low, high;
};

constexpr std::array<QuantileMode, 5> kQuantileModes{{{"minmax", 0, 0, 1},
                                                      {"robust", .5, .25, .75},
                                                      {"robust95", .5, .05, .95},
                                                      {"quant95", .05, .05, .95},
                                                      {"quant99", .01, .01, .99}}};

/// [variable]
at::Tensor at_level(const at::Tensor& quantiles, double level) {
  constexpr auto& kLevels = Domain::kQuantileLevels;
  return quantiles.select(1, std::find(kLevels.begin(), kLevels.end(), level) - kLevels.begin());
}

}  // namespace

Normalisation::Normalisation(std::string mode, std::variant<Climatology, at::Tensor> offset,
                             const at::Tensor& scale)
    : mode_(std::move(mode)), offset_(std::move(offset)), scale_(scale.contiguous()) {}

Normalisation Normalisation::anomaly(Climatology climatology, const at::Tensor& scale,
                                     std::optional<Deviation> deviation) {
  Normalisation normalisation("anomaly", std::move(climatology), scale);
  normalisation.deviation_ = std::move(deviation);
  return normalisation;
}

Normalisation Normalisation::of_quantiles(const std::string& mode, const at::Tensor& quantiles) {
  std::string known;
  for (const QuantileMode& candidate : kQuantileModes) {
    if (mode == candidate.name)
      return {mode, at_level(quantiles, candidate.offset).reshape({-1, 1, 1}),
              at_level(quantiles, candidate.high) - at_level(quantiles, candidate.low)};
    known += fmt::format(", {}", candidate.name);
  }
  throw core::Error(fmt::format("normalisation: expected one of anomaly{}, found '{}'", known, mode));
}

at::Tensor Normalisation::offset(std::int64_t seconds, calendar::Calendar calendar) const {
  if (const Climatology* changing = climatology()) return changing->at(seconds, calendar);
  return std::get<at::Tensor>(offset_);
}

at::Tensor Normalisation::unit(std::int64_t seconds, calendar::Calendar calendar) const {
  const at::Tensor scale = scale_.reshape({-1, 1, 1});
  return deviation_ ? scale * deviation_->at(seconds, calendar) : scale;
}

at::Tensor Normalisation::normalise(const at::Tensor& physical, std::int64_t seconds,
                                    calendar::Calendar calendar) const {
  return (physical.to(at::kDouble) - offset(seconds, calendar)) / unit(seconds, calendar);
}

at::Tensor Normalisation::physical(const at::Tensor& normalised, std::int64_t seconds,
                                   calendar::Calendar calendar) const {
  return normalised.to(at::kDouble) * unit(seconds, calendar) + offset(seconds, calendar);
}

at::Tensor Normalisation::daily_cycle(std::int64_t seconds, calendar::Calendar calendar) const {
  return climatology()->daily_cycle(seconds, calendar) / unit(seconds, calendar);
}

Normalisation Normalisation::block_mean(std::int64_t block) const {
  if (const Climatology* changing = climatology()) return {mode_, changing->block_mean(block), scale_};
  return *this;
}

}  // namespace foehn::model
