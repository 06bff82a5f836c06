#include "conditioning/station_heights.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "foehn/core/text.hpp"
#include "foehn/core/units.hpp"

namespace foehn::conditioning {

bool falls_with_height(const io::Variable& variable) {
  return variable.standard_name == "air_temperature";
}

HeightCorrection::HeightCorrection(const io::PointData& data, const io::Variable& variable,
                                   const std::vector<double>& heights, double lapse_rate)
    : data_(data), variable_(variable), heights_(heights), lapse_rate_(0) {
  if (falls_with_height(variable))
    lapse_rate_ = lapse_rate / 1000 / core::unit_conversion(variable.units, "K").scale;
}

double HeightCorrection::of(const io::Place& place, const Footprint& footprint) const {
  if (lapse_rate_ == 0 || heights_.empty() || std::isnan(place.height)) return 0;
  double cells = 0;
  for (std::size_t i = 0; i < footprint.cells.size(); ++i)
    cells += footprint.weights[i] * heights_[static_cast<std::size_t>(footprint.cells[i])];
  return lapse_rate_ * (place.height - cells);
}

void HeightCorrection::log(const std::vector<Footprint>& footprints) const {
  if (lapse_rate_ == 0) return;
  std::int64_t known = 0, unknown = 0;
  double least = std::numeric_limits<double>::infinity(), most = -least;
  std::string first_unknown;
  for (std::size_t i = 0; i < footprints.size(); ++i) {
    if (footprints[i].cells.empty()) continue;
    if (std::isnan(data_.places[i].height)) {
      if (unknown++ == 0) first_unknown = io::describe(data_.places[i]);
      continue;
    }
    ++known;
    const double added = of(data_.places[i], footprints[i]);
    least = std::min(least, added);
    most = std::max(most, added);
  }
  if (heights_.empty()) {
    if (known > 0)
      spdlog::warn(
          "stations {}: {} is not corrected for the stations' heights: stations.orography, which gives those "
          "of the prior's cells, is missing",
          data_.file, variable_.name);
    return;
  }
  if (unknown > 0)
    spdlog::warn("stations {}: {} of {} without a height, such as {}: not corrected to the prior's cells",
                 data_.file, variable_.name, core::counted(unknown, "place"), first_unknown);
  if (known > 0)
    spdlog::info(
        "stations {}: {} of {} corrected to the heights of the prior's cells, by {:.3g} to {:.3g} {}",
        data_.file, variable_.name, core::counted(known, "place"), least, most, variable_.units);
}

}  // namespace foehn::conditioning
