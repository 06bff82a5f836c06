#include <algorithm>
#include <cmath>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/grid/regridding.hpp"
#include "rising_grid.hpp"
#include "triangles.hpp"
#include "weights_builder.hpp"

namespace foehn::grid {
namespace {

/// A target may lie this part of a step outside the outermost centres: half, and room for rounding.
constexpr double kHalfCell = 0.5 + 1e-6;

/// Two neighbours on an axis and how far the target lies from the first towards the second, 0 to 1.
struct Between {
  std::size_t first = 0;
  std::size_t second = 0;
  double fraction = 0;
};

/// The neighbours of a value that lies between the first and the last.
Between neighbours(const std::vector<double>& values, double value) {
  const auto above = std::upper_bound(values.begin() + 1, values.end() - 1, value);
  const auto second = static_cast<std::size_t>(above - values.begin());
  return {second - 1, second, (value - values[second - 1]) / (values[second] - values[second - 1])};
}

/// The border, where a value lies outside it by no more than half a cell.
std::optional<Between> at_border(const std::vector<double>& values, double below_first, double above_last) {
  const std::size_t last = values.size() - 1;
  if (below_first <= kHalfCell * (values[1] - values[0])) return Between{0, 0, 0};
  if (above_last <= kHalfCell * (values[last] - values[last - 1])) return Between{last, last, 0};
  return std::nullopt;
}

std::optional<Between> between_columns(const RisingGrid& source, double longitude) {
  if (!std::isfinite(longitude)) return std::nullopt;
  const double first = source.x.front();
  const double last = source.x.back();
  const double turned = std::fmod(longitude - first, 360.0);
  const double value = first + (turned < 0 ? turned + 360.0 : turned);
  if (value <= last) return neighbours(source.x, value);
  if (source.goes_round) return Between{source.x.size() - 1, 0, (value - last) / (first + 360.0 - last)};
  return at_border(source.x, first + 360.0 - value, value - last);
}

/// A row, or two, or a row and the pole beyond it.
struct Rows {
  Between rows;
  double pole_part = 0;  ///< how far the target lies from the row towards the pole, 0 to 1
};

std::optional<Rows> between_rows(const RisingGrid& source, double latitude) {
  const double first = source.y.front();
  const double last = source.y.back();
  const std::size_t top = source.y.size() - 1;
  if (latitude >= first && latitude <= last) return Rows{neighbours(source.y, latitude)};
  if (latitude < first && source.has_south_pole) {
    return Rows{{0, 0, 0}, (first - latitude) / (first + 90.0)};
  }
  if (latitude > last && source.has_north_pole) {
    return Rows{{top, top, 0}, (latitude - last) / (90.0 - last)};
  }
  const double below = latitude < first ? first - latitude : 180.0;
  const double above = latitude > last ? latitude - last : 180.0;
  if (const auto border = at_border(source.y, below, above)) return Rows{*border};
  return std::nullopt;
}

RegriddingWeights weights_between(const Grid& source, const Geographic& targets, Outside outside) {
  if (source.unstructured) return triangle_weights(*source.unstructured, targets, outside);
  const RisingGrid rising = make_rising_grid(source);
  WeightsBuilder builder(source.ny(), source.nx());
  for (std::size_t i = 0; i < targets.latitude.size(); ++i) {
    const Position geographic{targets.latitude[i], targets.longitude[i]};
    const Position own = source.rotated_pole ? to_rotated(*source.rotated_pole, geographic) : geographic;
    const auto y = between_rows(rising, own.latitude);
    const auto x = between_columns(rising, own.longitude);
    if (!y || !x) {
      if (outside == Outside::has_no_weights) {
        builder.finish_cell();
        continue;
      }
      throw core::Error("cell " + std::to_string(i) + " of the grid wanted, at " + position_text(geographic) +
                        (source.rotated_pole ? " (in the rotated grid " + position_text(own) + ")" : "") +
                        ", lies more than half a cell outside the source grid's centres, " + rising.extent());
    }
    const auto add_row = [&](std::size_t row, double part) {
      builder.add(rising.cell(row, x->first), part * (1 - x->fraction));
      builder.add(rising.cell(row, x->second), part * x->fraction);
    };
    const double row_part = 1 - y->pole_part;
    add_row(y->rows.first, row_part * (1 - y->rows.fraction));
    add_row(y->rows.second, row_part * y->rows.fraction);
    if (y->pole_part > 0) {
      const auto columns = static_cast<double>(rising.x.size());
      for (std::size_t column = 0; column < rising.x.size(); ++column) {
        builder.add(rising.cell(y->rows.first, column), y->pole_part / columns);
      }
    }
    builder.finish_cell();
  }
  return builder.take();
}

}  // namespace

RegriddingWeights bilinear_weights(const Grid& source, const Geographic& targets) {
  return weights_between(source, targets, Outside::is_refused);
}

RegriddingWeights bilinear_weights_inside(const Grid& source, const Geographic& targets) {
  return weights_between(source, targets, Outside::has_no_weights);
}

}  // namespace foehn::grid
