#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// What a curve shows; each has one colour throughout the page, told apart without colour vision too.
enum class Role { members, truth, interpolation, anomaly_interpolation, observation, ideal };

/// One curve of a line chart.
struct Curve {
  std::string name;
  Role role = Role::members;
  std::vector<double> values;               ///< one per abscissa; NaN is skipped
  std::vector<double> low = {}, high = {};  ///< of a band around it; empty: none
  bool is_thin = false;                     ///< one of many, without an entry of its own in the legend
};

/// What a chart's axes say, units included, and how they are scaled.
struct ChartText {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool has_logarithmic_x = false, has_logarithmic_y = false;  ///< of positive numbers
  bool is_x_in_hours = false;                                 ///< whose ticks part days
  bool is_x_in_whole_numbers = false;                         ///< such as months
  bool begins_at_zero = true;                                 ///< the ordinate, where it is not logarithmic
};

/// A line chart as an SVG figure with a legend; empty without numbers.
std::string line_chart(const ChartText& text, std::span<const double> x, const std::vector<Curve>& curves);

/// Points in a line chart's coordinates beside its curves, such as observations.
struct Points {
  std::string name;
  Role role = Role::observation;
  std::vector<double> x, y;
};
std::string line_chart(const ChartText& text, std::span<const double> x, const std::vector<Curve>& curves,
                       const Points& points);

/// A bar chart as an SVG figure: bars of one width side by side from `first` to `last`; a dashed line shows
/// the level that all would have if equal.
std::string bar_chart(const ChartText& text, std::span<const double> heights, double first, double last);

/// The values at the two ends of a colour scale.
struct ColourRange {
  double low = 0;
  double high = 1;
};

/// How values become colours: from dark to light, or from blue over white to red, for differences.
enum class ColourScale { sequential, diverging };

/// A map as an SVG figure: a field with coastlines, north up and west to the left (up and right of a rotated
/// grid along its axes), at the aspect ratio of the grid.
/// @param caption  set above
/// @param field    [y, x]; NaN is grey
/// @param grid     where the field lies
std::string map_figure(const std::string& caption, std::span<const double> field, const grid::Grid& grid,
                       const ColourRange& range, ColourScale scale = ColourScale::sequential);

/// The colour scale of maps with its numbers and unit, as an HTML fragment.
std::string colour_bar(const ColourRange& range, const std::string& units,
                       ColourScale scale = ColourScale::sequential);

/// The coastlines within a grid's domain, as an SVG path in a picture of the grid of this size, whose origin
/// is the upper left corner (north up). Empty where there is none.
std::string coastline_path(const grid::Grid& grid, double width, double height);

/// Text with the characters that HTML gives a meaning replaced.
std::string escape_html(const std::string& text);

}  // namespace foehn::evaluation
