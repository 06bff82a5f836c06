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

void PrecipitationStatistics::end() {
  wet_.finish();
  dry_.finish();
}

void PrecipitationStatistics::append_sums(std::vector<double>& sums) const {
  sums.push_back(static_cast<double>(hours_));
  append_packed(sums, wet_hours_);
  for (const std::int64_t count : {wet_.count(), wet_.steps()}) sums.push_back(static_cast<double>(count));
}

void PrecipitationStatistics::add_to(TrajectorySummary& summary, bool has_hours, const char* name,
                                     const char* units, const std::string& meaning, double value) const {
  summary.add(variable_, name, units, meaning, has_hours ? value : std::numeric_limits<double>::quiet_NaN());
}

void PrecipitationStatistics::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const double hours = sums.next();
  const auto wet_hours = sums.next<Moments>();
  const double spells = sums.next(), steps = sums.next();
  add_to(summary, hours > 0, "dry_hour_fraction", "1", "part of the hours with less than 0.1 mm h-1",
         1 - wet_hours.count / hours);
  add_to(summary, hours > 0, "wet_intensity", "mm h-1", "mean of the hours with 0.1 mm h-1 or more",
         wet_hours.mean());
  add_to(summary, hours > 0, "wet_spell_mean", "h", "mean length of spells with 0.1 mm h-1 or more",
         spells == 0 ? 0 : step_hours_ * steps / spells);
}

void PrecipitationStatistics::finish(TrajectorySummary& summary) {
  end();
  finish_own_sums(*this, summary);
  add_to(summary, hours_ > 0, "wet_spell_longest", "h", "longest spell of any cell with 0.1 mm h-1 or more",
         step_hours_ * static_cast<double>(wet_.longest()));
  summary.explain_missing_interval(kNoLongerSpell);
  add_to(summary, hours_ > 0, "dry_spell_longest", "h", "longest spell of any cell with less than 0.1 mm h-1",
         step_hours_ * static_cast<double>(dry_.longest()));
  summary.explain_missing_interval(kNoLongerSpell);
}

}  // namespace foehn::evaluation
