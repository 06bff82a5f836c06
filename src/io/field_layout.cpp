#include "foehn/io/field_layout.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/io/raw_wrf.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {
namespace {

std::string dimensions_text(const NetcdfVariable& variable) {
  std::string text;
  for (const auto& dimension : variable.dimensions) {
    text += (text.empty() ? "" : ", ") + dimension.name + " = " + std::to_string(dimension.size);
  }
  return "(" + text + ")";
}

/// Whether a variable gives one instant for each entry of a dimension, apart from any of size 1.
bool counts_instants(const NetcdfVariable& variable, const std::string& dimension) {
  const std::string units = core::lower_case(variable.text("units").value_or(""));
  if (!variable.is_numeric || units.find(" since ") == std::string::npos) return false;
  bool has_dimension = false;
  for (const NetcdfDimension& own : variable.dimensions) {
    if (own.name != dimension && own.size != 1) return false;
    has_dimension = has_dimension || own.name == dimension;
  }
  return has_dimension;
}

/// Whether a variable without a standard name is called what the beginning of a forecast is.
bool is_called_reference(const NetcdfVariable& variable) {
  std::string words = core::lower_case(variable.name + " " + variable.text("long_name").value_or(""));
  std::replace(words.begin(), words.end(), '_', ' ');
  for (const char* called : {"reference time", "reftime", "initial time", "analysis time", "forecast start"})
    if (words.find(called) != std::string::npos) return true;
  return false;
}

/// The variables that may give the times of a dimension, the one that does so first: those of standard name
/// `time`, or else those without one that are called like the dimension or valid_time. When a forecast began
/// (forecast_reference_time) is not a time of its fields.
std::vector<NetcdfVariable> time_candidates(const NetcdfFile& file, const std::string& dimension) {
  std::vector<NetcdfVariable> named, nameless;
  if (file.has_variable(dimension)) {
    NetcdfVariable own = file.variable(dimension);
    const std::string name = standard_name(own);
    if (counts_instants(own, dimension)) {
      if (name == "time") return {std::move(own)};
      if (name.empty() && !is_called_reference(own)) nameless.push_back(std::move(own));
    }
  }
  for (const std::string& name : file.variable_names()) {
    if (name == dimension) continue;
    NetcdfVariable variable = file.variable(name);
    if (!counts_instants(variable, dimension)) continue;
    const std::string standard = standard_name(variable);
    if (standard == "time")
      named.push_back(std::move(variable));
    else if (standard.empty() && name == "valid_time")
      nameless.push_back(std::move(variable));
  }
  return named.empty() ? nameless : named;
}

std::optional<NetcdfVariable> find_time_coordinate(const NetcdfFile& file, const std::string& dimension) {
  std::vector<NetcdfVariable> candidates = time_candidates(file, dimension);
  return candidates.empty() ? std::nullopt : std::optional(std::move(candidates.front()));
}

/// The index of the time dimension; nothing unless the dimensions are time and the horizontal ones, apart
/// from any of size 1.
std::optional<std::size_t> find_time_dimension(const NetcdfFile& file, const NetcdfVariable& variable,
                                               std::size_t horizontal) {
  if (variable.dimensions.size() < 1 + horizontal) return std::nullopt;
  const std::size_t leading = variable.dimensions.size() - horizontal;
  std::optional<std::size_t> time;
  for (std::size_t i = 0; i < leading; ++i) {
    const NetcdfDimension& dimension = variable.dimensions[i];
    if (!time && find_time_coordinate(file, dimension.name)) {
      time = i;
    } else if (dimension.size != 1) {
      return std::nullopt;
    }
  }
  return time;
}

/// What instants there are beside those of the fields, to say why these will not do; empty: none.
std::string other_times_text(const NetcdfFile& file, const NetcdfVariable& variable) {
  for (const NetcdfDimension& dimension : variable.dimensions) {
    if (!file.has_variable(dimension.name) || find_time_coordinate(file, dimension.name)) continue;
    const NetcdfVariable own = file.variable(dimension.name);
    if (counts_instants(own, dimension.name))
      return "; " + own.name + " is a " +
             (standard_name(own).empty() ? "forecast's reference time" : standard_name(own)) +
             ", not the time of the fields, for which a variable of standard name time is expected";
  }
  return "";
}

struct Shape {
  std::size_t time_dimension = 0;
  std::size_t horizontal_dimensions = 2;
};

std::optional<Shape> find_shape(const NetcdfFile& file, const NetcdfVariable& variable,
                                Horizontal horizontal) {
  if (const auto time = find_time_dimension(file, variable, 2)) return Shape{*time, 2};
  if (horizontal == Horizontal::or_mesh)
    if (const auto time = find_time_dimension(file, variable, 1)) return Shape{*time, 1};
  return std::nullopt;
}

/// Fills in what the file knows, and the way to the unit that is wanted.
void settle_names(const std::string& where, FieldLayout& layout) {
  Variable& variable = layout.variable;
  if (variable.standard_name.empty()) variable.standard_name = standard_name(layout.header);
  const std::string found_units = layout.header.text("units").value_or("");
  if (found_units.empty() && variable.units.empty()) {
    throw core::Error(where + ": it has no units attribute, and no unit was asked for");
  }
  if (variable.units.empty()) variable.units = found_units;
  if (!found_units.empty() && found_units != variable.units) {
    layout.conversion =
        core::with_context(where, [&] { return core::unit_conversion(found_units, variable.units); });
  }
}

bool can_convert(const std::string& from, const std::string& to) {
  try {
    core::unit_conversion(from, to);
    return true;
  } catch (const core::Error&) {
    return false;
  }
}

/// Whether a unit is that of a quantity summed over time, or of its depth as water, such as J m-2 of a flux
/// in W m-2 and mm of an amount in kg m-2: how long a sum is over, and so what is plausible, is not known.
bool is_accumulation(const std::string& units, const std::string& of) {
  for (const char* factor : {" s", " m3 kg-1", " m3 kg-1 s"})
    if (can_convert("(" + of + ")" + factor, units)) return true;
  return false;
}

void set_plausible_range(const std::string& where, FieldLayout& layout) {
  const Variable& variable = layout.variable;
  layout.most_plausible = kLargestPlausible;
  layout.least_plausible = -kLargestPlausible;
  const auto plausible = plausible_values(variable.standard_name);
  if (!plausible || !can_convert(variable.units, variable.units) ||
      is_accumulation(variable.units, plausible->units))
    return;
  const auto conversion = core::with_context(where + ": standard name " + variable.standard_name, [&] {
    return core::unit_conversion(plausible->units, variable.units);
  });
  const auto convert = [&](double value) { return value * conversion.scale + conversion.offset; };
  std::tie(layout.least_plausible, layout.most_plausible) =
      std::minmax({convert(plausible->least), convert(plausible->most)});
}

}  // namespace

std::int64_t FieldLayout::ny() const {
  return horizontal_dimensions == 2 ? (header.dimensions.end() - 2)->size : 1;
}

std::int64_t FieldLayout::nx() const {
  return header.dimensions.back().size;
}

bool is_field(const NetcdfFile& file, const NetcdfVariable& variable, Horizontal horizontal) {
  return variable.is_numeric && find_shape(file, variable, horizontal);
}

FieldLayout read_layout(const NetcdfFile& file, const Variable& wanted, Horizontal horizontal) {
  const std::string where = file.path().string() + ": " + wanted.name;
  refuse_raw_wrf(file);
  FieldLayout layout;
  layout.variable = wanted;
  layout.header = file.variable(wanted.name);
  if (!layout.header.is_numeric) throw core::Error(where + ": it holds no numbers");
  file.check_compression(layout.header);
  const auto shape = find_shape(file, layout.header, horizontal);
  if (!shape) {
    throw core::Error(
        where + ": dimensions " + dimensions_text(layout.header) +
        ", expected (time, y, x) with a time coordinate in 'units since date'; any other must have size 1" +
        other_times_text(file, layout.header));
  }
  layout.time_dimension = shape->time_dimension;
  layout.horizontal_dimensions = shape->horizontal_dimensions;
  settle_names(where, layout);
  layout.packing = read_packing(file, layout.header);
  set_plausible_range(where, layout);
  return layout;
}

NetcdfVariable time_coordinate(const NetcdfFile& file, const FieldLayout& layout) {
  return *find_time_coordinate(file, layout.header.dimensions[layout.time_dimension].name);
}

calendar::TimeAxis read_times(const NetcdfFile& file, const FieldLayout& layout) {
  const auto decode = [&](const NetcdfVariable& coordinate) {
    return core::with_context(file.path().string() + ": " + coordinate.name, [&] {
      const auto calendar = calendar::parse_calendar(coordinate.text("calendar").value_or("standard"));
      return calendar::decode_times(read_coordinate(file, coordinate), *coordinate.text("units"), calendar);
    });
  };
  const auto candidates = time_candidates(file, layout.header.dimensions[layout.time_dimension].name);
  const calendar::TimeAxis times = decode(candidates.front());
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    const calendar::TimeAxis others = decode(candidates[i]);
    if (calendar::are_comparable(others, times) && others.seconds == times.seconds) continue;
    const auto differing = std::mismatch(times.seconds.begin(), times.seconds.end(), others.seconds.begin(),
                                         others.seconds.end());
    const std::int64_t at = std::min<std::int64_t>(differing.first - times.seconds.begin(), times.size() - 1);
    throw core::Error(file.path().string() + ": " + layout.variable.name + ": " + candidates.front().name +
                      " and " + candidates[i].name +
                      " may both be its times, but differ: " + times.format(at) + " and " +
                      others.format(at) + "; the standard name time must tell which it is");
  }
  return times;
}

}  // namespace foehn::io
