#include "foehn/bias/correction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bias/checks.hpp"
#include "foehn/core/error.hpp"

namespace foehn::bias {

namespace {

const Calibration& checked(const Calibration& calibration) {
  check_calibration(calibration);
  return calibration;
}

void check_scenario(const Calibration& calibration, const Summary& scenario) {
  if (scenario.layout != calibration.simulated.summary.layout)
    throw core::Error("the statistics of scenario and calibration are laid out differently");
  require_usable(scenario, {"scenario", {}}, MayLack::any);
  if (calibration.kind == Kind::multiplicative) require_not_negative(scenario, "scenario");
}

}  // namespace

Correction::Correction(const Calibration& calibration, Extrapolation extrapolation)
    : layout_(checked(calibration).simulated.summary.layout),
      kind_(calibration.kind),
      extrapolation_(extrapolation),
      observed_(calibration.observed),
      simulated_(calibration.simulated),
      simulated_count_(calibration.simulated.summary.count),
      least_(calibration.simulated.summary.least),
      greatest_(calibration.simulated.summary.greatest) {}

Correction Correction::quantile_mapping(const Calibration& calibration, Extrapolation extrapolation) {
  return {calibration, extrapolation};
}

Correction Correction::detrended_quantile_mapping(const Calibration& calibration, const Summary& scenario,
                                                  Extrapolation extrapolation) {
  Correction correction(calibration, extrapolation);
  core::with_context(fmt::format("correcting '{}'", calibration.variable), [&] {
    check_scenario(calibration, scenario);
    correction.scenario_count_ = scenario.count;
    // No mean is zero: what is never negative and not constant has a positive one. Where the simulation has
    // no values, and nothing is corrected, it is NaN.
    const std::vector<double>& past = calibration.simulated.summary.mean;
    for (std::size_t slot = 0; slot < past.size(); ++slot)
      correction.change_.push_back(calibration.kind == Kind::additive ? scenario.mean[slot] - past[slot]
                                                                      : scenario.mean[slot] / past[slot]);
  });
  return correction;
}

Correction Correction::quantile_delta_mapping(const Calibration& calibration, const Distribution& scenario) {
  Correction correction(calibration, Extrapolation::constant_correction);
  core::with_context(fmt::format("correcting '{}'", calibration.variable), [&] {
    check_scenario(calibration, scenario.summary);
    require_sound(scenario, "scenario", MayLack::any);
    correction.scenario_count_ = scenario.summary.count;
    correction.scenario_.emplace(scenario);
    correction.least_ = scenario.summary.least;
    correction.greatest_ = scenario.summary.greatest;
  });
  return correction;
}

/// F_o^-1(F_h(x)).
double Correction::map_within(std::int64_t slot, double value) const {
  const double probability = simulated_.probability(slot, value);
  // np.interp takes the last of several edges with one probability at the very top, too.
  if (extrapolation_ == Extrapolation::clamp && probability >= 1)
    return observed_.bins().upper[static_cast<std::size_t>(slot)];
  return observed_.quantile(slot, probability);
}

double Correction::map(std::int64_t slot, double value) {
  const auto at = static_cast<std::size_t>(slot);
  const double end = std::clamp(value, least_[at], greatest_[at]);
  if (value == end) return map_within(slot, value);
  ++extrapolated_;
  if (extrapolation_ == Extrapolation::clamp) return map_within(slot, value);
  // A factor never divides by 0: no value lies below a lower end of 0, and the upper end is above the lower.
  return kind_ == Kind::additive ? value + (map_within(slot, end) - end)
                                 : value * (map_within(slot, end) / end);
}

double Correction::map_change(std::int64_t slot, double value) {
  const auto at = static_cast<std::size_t>(slot);
  const double end = std::clamp(value, least_[at], greatest_[at]);
  if (value != end) ++extrapolated_;
  const double probability = scenario_->probability(slot, end);
  const double observed = observed_.quantile(slot, probability);
  const double simulated = simulated_.quantile(slot, probability);
  if (kind_ == Kind::additive) return value + (observed - simulated);
  // No ratio to a quantile of zero: the scenario's own lowest value becomes the observed one.
  return simulated == 0 ? observed : value * (observed / simulated);
}

double Correction::corrected(std::int64_t slot, double value) {
  if (scenario_) return map_change(slot, value);
  if (change_.empty()) return map(slot, value);
  const double change = change_[static_cast<std::size_t>(slot)];
  return kind_ == Kind::additive ? map(slot, value - change) + change : map(slot, value / change) * change;
}

template <class Value>
void Correction::apply_field(std::span<Value> field, std::int64_t seconds, calendar::Calendar calendar) {
  const std::int64_t first = first_slot(layout_, field.size(), seconds, calendar);
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const auto value = static_cast<double>(field[cell]);
    if (std::isnan(value)) continue;
    require_finite(value, cell, seconds, calendar);
    if (kind_ == Kind::multiplicative && value < 0)
      throw core::Error(fmt::format("{}: a multiplicative correction of a negative value ({})",
                                    value_place(cell, seconds, calendar), value));
    const std::int64_t slot = layout_.cells > 0 ? first + static_cast<std::int64_t>(cell) : first;
    if (simulated_count_[static_cast<std::size_t>(slot)] == 0)
      throw core::Error(fmt::format("{}: the simulation's statistics have no values of {}",
                                    value_place(cell, seconds, calendar), slot_name(layout_, slot)));
    if (!scenario_count_.empty() && scenario_count_[static_cast<std::size_t>(slot)] == 0)
      throw core::Error(fmt::format("{}: the scenario's statistics have no values of {}",
                                    value_place(cell, seconds, calendar), slot_name(layout_, slot)));
    field[cell] = static_cast<Value>(corrected(slot, value));
  }
}

void Correction::apply(std::span<float> field, std::int64_t seconds, calendar::Calendar calendar) {
  apply_field(field, seconds, calendar);
}

void Correction::apply(std::span<double> field, std::int64_t seconds, calendar::Calendar calendar) {
  apply_field(field, seconds, calendar);
}

}  // namespace foehn::bias
