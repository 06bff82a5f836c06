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
                                     std::optional<Deviation> deviation, observation::Transforms transforms) {
  Normalisation normalisation("anomaly", std::move(climatology), scale);
  normalisation.deviation_ = std::move(deviation);
  normalisation.transforms_ = std::move(transforms);
  return normalisation;
}

Normalisation Normalisation::of_quantiles(const std::string& mode, const at::Tensor& physical_quantiles,
                                          observation::Transforms transforms) {
  const at::Tensor quantiles = observation::apply(transforms, physical_quantiles);
  std::string known;
  for (const QuantileMode& candidate : kQuantileModes) {
    if (mode == candidate.name) {
      Normalisation normalisation(mode, at_level(quantiles, candidate.offset).reshape({-1, 1, 1}),
                                  at_level(quantiles, candidate.high) - at_level(quantiles, candidate.low));
      normalisation.transforms_ = std::move(transforms);
      return normalisation;
    }
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
  return normalise_transformed(observation::apply(transforms_, physical), seconds, calendar);
}

at::Tensor Normalisation::normalise_transformed(const at::Tensor& transformed, std::int64_t seconds,
                                                calendar::Calendar calendar) const {
  return (transformed.to(at::kDouble) - offset(seconds, calendar)) / unit(seconds, calendar);
}

at::Tensor Normalisation::physical(const at::Tensor& normalised, std::int64_t seconds,
                                   calendar::Calendar calendar) const {
  const at::Tensor fields = normalised.to(at::kDouble) * unit(seconds, calendar) + offset(seconds, calendar);
  return transforms_.empty() ? fields : observation::invert(transforms_, fields);
}

bool Normalisation::is_constant() const {
  return (climatology() == nullptr || climatology()->harmonics().size() == 1) &&
         (!deviation_ || deviation_->is_constant());
}

at::Tensor Normalisation::daily_cycle(std::int64_t seconds, calendar::Calendar calendar) const {
  return climatology()->daily_cycle(seconds, calendar) / unit(seconds, calendar);
}

Normalisation Normalisation::block_mean(std::int64_t block) const {
  if (const Climatology* changing = climatology()) return {mode_, changing->block_mean(block), scale_};
  return *this;
}

Normalisation Normalisation::of_variable(std::int64_t variable) const {
  Normalisation one(mode_, std::get<at::Tensor>(offset_).narrow(0, variable, 1),
                    scale_.narrow(0, variable, 1));
  if (!transforms_.empty()) one.transforms_ = {transforms_[static_cast<std::size_t>(variable)]};
  return one;
}

Normalisation Normalisation::of_observations(const at::Tensor& scale) const {
  if (!observation::any(transforms_)) return *this;
  Normalisation observed = *this;
  observed.transforms_.clear();
  observed.scale_ = scale_.clone();
  at::Tensor offset = climatology() != nullptr ? climatology()->coefficients().clone()
                                               : std::get<at::Tensor>(offset_).clone().unsqueeze(0);
  at::Tensor variance = deviation_ ? deviation_->variance().coefficients().clone() : at::Tensor();
  for (std::size_t i = 0; i < transforms_.size(); ++i) {
    if (transforms_[i].is_none()) continue;
    const auto variable = static_cast<std::int64_t>(i);
    observed.scale_[variable] = scale[variable];
    offset.select(1, variable).zero_();
    if (!deviation_) continue;
    variance.select(1, variable).zero_();
    variance[0][variable].fill_(1);  // of the first harmonic, which is the mean
  }
  if (climatology() != nullptr)
    observed.offset_ = Climatology(climatology()->harmonics(), offset);
  else
    observed.offset_ = offset[0];
  if (deviation_)
    observed.deviation_.emplace(Climatology(deviation_->variance().harmonics(), variance),
                                deviation_->least_part());
  return observed;
}

}  // namespace foehn::model
