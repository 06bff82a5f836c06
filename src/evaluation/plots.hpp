#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// One curve of a line chart.
struct Curve {
  std::string name;
  std::vector<double> values;  ///< one per abscissa; NaN is skipped
};

/// What a chart's axes say; units included.
struct ChartText {
  std::string title;
  std::string x_label;
  std::string y_label;
};

/// A line chart as SVG with a legend; the ordinate starts at 0.
/// @param logarithmic_x  abscissae are positive and shown on a logarithmic axis
std::string line_chart(const ChartText& text, std::span<const double> x, const std::vector<Curve>& curves,
                       bool logarithmic_x = false);

/// A bar chart as SVG: bar i stands for the number i; a dashed line shows the level that all would have if
/// equal.
std::string bar_chart(const ChartText& text, std::span<const double> heights);

/// The values at the two ends of a colour scale.
struct ColourRange {
  double low = 0;
  double high = 1;
};

/// An image element that shows a field, north up and west to the left, at the aspect ratio of the grid.
/// @param field  [y, x]; NaN is grey
/// @param grid   where the field lies
std::string map_image(const std::string& description, std::span<const double> field, const grid::Grid& grid,
                      const ColourRange& range);

/// The colour scale of the maps with its numbers and unit, as an HTML fragment.
std::string colour_bar(const ColourRange& range, const std::string& units);

/// Text with the characters that HTML gives a meaning replaced.
std::string escape_html(const std::string& text);

}  // namespace foehn::evaluation
