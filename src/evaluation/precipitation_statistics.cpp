#include "evaluation/precipitation_statistics.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace foehn::evaluation {
namespace {

constexpr double kWet = 0.1;  // mm h-1

}  // namespace

std::optional<core::UnitConversion> to_millimetres_per_hour(const io::Variable& variable) {
  // A kilogram of water on a square metre is a millimetre high.
  if (variable.standard_name == "precipitation_flux")
    return core::unit_conversion(variable.units, "kg m-2 h-1");
  if (variable.standard_name == "lwe_precipitation_rate")
    return core::unit_conversion(variable.units, "mm h-1");
  return std::nullopt;
}

PrecipitationStatistics::PrecipitationStatistics(std::string variable,
                                                 const core::UnitConversion& to_millimetres,
                                                 const TrajectoryShape& shape)
    : variable_(std::move(variable)),
      to_millimetres_(to_millimetres),
      step_hours_(shape.step_hours),
      wet_(static_cast<std::size_t>(shape.ny * shape.nx), 1),
      dry_(static_cast<std::size_t>(shape.ny * shape.nx), 1) {}

void PrecipitationStatistics::add(std::span<const double> field) {
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const double intensity = to_millimetres_.scale * field[cell] + to_millimetres_.offset;
    wet_.add(cell, intensity >= kWet);
    dry_.add(cell, intensity < kWet);
    if (std::isnan(intensity)) continue;
    ++hours_;
    if (intensity >= kWet) wet_hours_.add(intensity);
  }
}

void PrecipitationStatistics::finish(TrajectorySummary& summary) {
  wet_.finish();
  dry_.finish();
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  const auto add = [&](const char* name, const char* units, const std::string& meaning, double value) {
    summary.add(variable_, name, units, meaning, hours_ > 0 ? value : undefined);
  };
  add("dry_hour_fraction", "1", "part of the hours with less than 0.1 mm h-1",
      1 - static_cast<double>(wet_hours_.count) / static_cast<double>(hours_));
  add("wet_intensity", "mm h-1", "mean of the hours with 0.1 mm h-1 or more", wet_hours_.mean());
  add("wet_spell_mean", "h", "mean length of spells with 0.1 mm h-1 or more",
      wet_.count() == 0
          ? 0
          : step_hours_ * static_cast<double>(wet_.steps()) / static_cast<double>(wet_.count()));
  add("wet_spell_longest", "h", "longest spell of any cell with 0.1 mm h-1 or more",
      step_hours_ * static_cast<double>(wet_.longest()));
  add("dry_spell_longest", "h", "longest spell of any cell with less than 0.1 mm h-1",
      step_hours_ * static_cast<double>(dry_.longest()));
}

}  // namespace foehn::evaluation
