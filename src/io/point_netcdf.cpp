// Observations at points in NetCDF: CF's discrete sampling geometries (CF 1.11, chapter 9 and appendix H).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/core/units.hpp"
#include "foehn/io/cell_methods.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"
#include "io/point_data.hpp"

namespace foehn::io {

namespace {

/// What flag_meanings call values that must not be used.
const std::vector<std::string> kBad{"bad",     "fail",     "failed",    "suspect",      "wrong",   "missing",
                                    "invalid", "doubtful", "erroneous", "questionable", "rejected"};

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// Whether one of the words that a meaning is made of, as in "probably_bad_data", says that it is bad.
bool is_bad(const std::string& meaning) {
  std::istringstream stream(core::lower_case(meaning));
  for (std::string word; std::getline(stream, word, '_');)
    if (std::find(kBad.begin(), kBad.end(), word) != kBad.end()) return true;
  return false;
}

/// The values of one file, sample by sample of a variable: what its coordinates hold for each.
class Samples {
 public:
  Samples(const NetcdfFile& file, const NetcdfVariable& header) : file_(file), header_(header) {
    for (const NetcdfDimension& dimension : header.dimensions) size_ *= dimension.size;
    find_instances();
  }

  std::int64_t size() const { return size_; }

  /// A variable's values, of each sample: by the dimensions that the two share, or by the instance that a
  /// sample of a ragged array belongs to.
  /// @param width  of a last dimension of its own, such as the two ends of bounds
  std::vector<double> spread(const NetcdfVariable& other, const std::vector<double>& values,
                             std::int64_t width = 1) const {
    const std::size_t rank = other.dimensions.size() - (width > 1 ? 1 : 0);
    std::vector<double> all;
    all.reserve(static_cast<std::size_t>(size_ * width));
    for (std::int64_t sample = 0; sample < size_; ++sample) {
      std::int64_t index = 0;
      for (std::size_t d = 0; d < rank; ++d)
        index = index * other.dimensions[d].size + place_along(other.dimensions[d].name, sample, other.name);
      for (std::int64_t i = 0; i < width; ++i)
        all.push_back(values.at(static_cast<std::size_t>(index * width + i)));
    }
    return all;
  }

 private:
  /// Which instance each sample of a ragged array belongs to; none where it is not one.
  void find_instances() {
    if (header_.dimensions.size() != 1) return;
    const std::string& samples = header_.dimensions[0].name;
    for (const std::string& name : file_.variable_names()) {
      const NetcdfVariable variable = file_.variable(name);
      if (!variable.is_numeric || variable.dimensions.size() != 1) continue;
      if (variable.text("sample_dimension") == samples) {
        const std::vector<double> counts = file_.read_doubles(variable);
        for (std::size_t i = 0; i < counts.size(); ++i)
          for (double n = 0; n < counts[i] && static_cast<std::int64_t>(instances_.size()) <= size_; ++n)
            instances_.push_back(static_cast<std::int64_t>(i));
        instance_dimension_ = variable.dimensions[0].name;
      } else if (variable.text("instance_dimension") && variable.dimensions[0].name == samples) {
        for (const double instance : file_.read_doubles(variable))
          instances_.push_back(static_cast<std::int64_t>(instance));
        instance_dimension_ = *variable.text("instance_dimension");
      } else {
        continue;
      }
      if (static_cast<std::int64_t>(instances_.size()) != size_)
        throw core::Error(fmt::format("{}: it counts {} samples, expected the {} of the dimension {}", name,
                                      instances_.size(), size_, samples));
      const std::int64_t count = file_.dimension_size(instance_dimension_).value_or(0);
      for (const std::int64_t instance : instances_)
        if (instance < 0 || instance >= count)
          throw core::Error(fmt::format("{}: instance {} is not one of the {} of the dimension {}", name,
                                        instance, count, instance_dimension_));
      return;
    }
  }

  std::int64_t place_along(const std::string& dimension, std::int64_t sample,
                           const std::string& whose) const {
    if (!instances_.empty() && dimension == instance_dimension_)
      return instances_[static_cast<std::size_t>(sample)];
    std::int64_t stride = size_;
    for (const NetcdfDimension& own : header_.dimensions) {
      stride /= own.size;
      if (own.name == dimension) return sample / stride % own.size;
    }
    throw core::Error(
        fmt::format("{}: its dimension {} is not one of those of {}", whose, dimension, header_.name));
  }

  const NetcdfFile& file_;
  const NetcdfVariable& header_;
  std::int64_t size_ = 1;
  std::vector<std::int64_t> instances_;
  std::string instance_dimension_;
};

/// The first numeric variable, among those that the data variable's `coordinates` names and then all, that
/// is what is sought.
template <class Is>
std::optional<NetcdfVariable> find_coordinate(const NetcdfFile& file, const NetcdfVariable& data, Is&& is) {
  std::vector<std::string> names = words_of(data.text("coordinates").value_or(""));
  const std::vector<std::string> all = file.variable_names();
  names.insert(names.end(), all.begin(), all.end());
  for (const std::string& name : names) {
    if (!file.has_variable(name)) continue;
    NetcdfVariable variable = file.variable(name);
    if (variable.is_numeric && is(variable)) return variable;
  }
  return std::nullopt;
}

NetcdfVariable require(std::optional<NetcdfVariable> variable, const char* what) {
  if (!variable) throw core::Error(fmt::format("no coordinate gives the {}", what));
  return std::move(*variable);
}

std::vector<double> unpacked(const NetcdfFile& file, const NetcdfVariable& variable) {
  const Packing packing = read_packing(file, variable);
  std::vector<double> values = file.read_doubles(variable);
  for (double& value : values) value = packing.is_missing(value) ? kNotKnown : packing.unpack(value);
  return values;
}

core::UnitConversion conversion_of(const NetcdfVariable& variable, const std::string& to) {
  const auto units = variable.text("units");
  if (!units || units->empty())
    throw core::Error(fmt::format("{}: the unit is missing: it has no attribute units", variable.name));
  return core::with_context(variable.name, [&] { return core::unit_conversion(*units, to); });
}

/// Where and when the samples of a variable are. A sample without position or time has NaN, or no time.
struct Coordinates {
  std::vector<double> latitude, longitude, height;
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::vector<std::optional<TimeSpan>> spans;
};

std::vector<std::optional<std::int64_t>> decode(const std::vector<double>& values, const std::string& units,
                                                calendar::Calendar calendar) {
  std::vector<double> known;
  for (const double value : values)
    if (!std::isnan(value)) known.push_back(value);
  const std::vector<std::int64_t> seconds = calendar::decode_times(known, units, calendar).seconds;
  std::vector<std::optional<std::int64_t>> all(values.size());
  for (std::size_t i = 0, next = 0; i < values.size(); ++i)
    if (!std::isnan(values[i])) all[i] = seconds[next++];
  return all;
}

void read_sample_times(const NetcdfFile& file, const NetcdfVariable& data, const Samples& samples,
                       PointSampling sampling, Coordinates& coordinates) {
  const NetcdfVariable time =
      require(find_coordinate(file, data,
                              [](const NetcdfVariable& variable) {
                                const bool is_since =
                                    variable.text("units").value_or("").find(" since ") != std::string::npos;
                                const std::string name = standard_name(variable);
                                return is_since && (name.empty() || name == "time");
                              }),
              "time");
  const std::string units = *time.text("units");
  coordinates.calendar = calendar::parse_calendar(time.text("calendar").value_or("standard"));
  const auto in_time = [&](const std::vector<double>& values) {
    return core::with_context(time.name, [&] { return decode(values, units, coordinates.calendar); });
  };
  const std::size_t size = static_cast<std::size_t>(samples.size());
  coordinates.spans.resize(size);
  if (sampling == PointSampling::snapshot) {
    const auto instants = in_time(samples.spread(time, unpacked(file, time)));
    for (std::size_t i = 0; i < size; ++i)
      if (instants[i]) coordinates.spans[i] = TimeSpan{*instants[i], *instants[i]};
    return;
  }
  const auto name = time.text("bounds");
  if (!name || !file.has_variable(*name))
    throw core::Error(fmt::format("{}: means and sums over time need bounds of time", data.name));
  const NetcdfVariable bounds = file.variable(*name);
  if (!bounds.is_numeric || bounds.dimensions.size() != time.dimensions.size() + 1 ||
      bounds.dimensions.back().size != 2)
    throw core::Error(fmt::format("{}: expected the dimensions of {}, and 2", *name, time.name));
  const auto edges = in_time(samples.spread(bounds, unpacked(file, bounds), 2));
  for (std::size_t i = 0; i < size; ++i)
    if (edges[2 * i] && edges[2 * i + 1]) coordinates.spans[i] = TimeSpan{*edges[2 * i], *edges[2 * i + 1]};
}

Coordinates read_coordinates(const NetcdfFile& file, const NetcdfVariable& data, const Samples& samples,
                             PointSampling sampling) {
  Coordinates coordinates;
  const auto read = [&](const NetcdfVariable& variable) {
    return samples.spread(variable, unpacked(file, variable));
  };
  coordinates.latitude = read(require(find_coordinate(file, data, is_latitude), "latitude"));
  coordinates.longitude = read(require(find_coordinate(file, data, is_longitude), "longitude"));
  const auto height = find_coordinate(file, data, [](const NetcdfVariable& variable) {
    const std::string name = standard_name(variable);
    return name == "altitude" || name == "surface_altitude" || name == "height_above_mean_sea_level";
  });
  coordinates.height.assign(static_cast<std::size_t>(samples.size()), kNotKnown);
  if (height) {
    const core::UnitConversion conversion = conversion_of(*height, "m");
    coordinates.height = read(*height);
    for (double& value : coordinates.height) value = value * conversion.scale + conversion.offset;
  }
  read_sample_times(file, data, samples, sampling, coordinates);
  return coordinates;
}

/// What a variable's ancillary variables say of its values.
struct Ancillary {
  std::vector<bool> is_flagged;
  std::vector<double> std;  // in the unit of the data as wanted
};

Ancillary read_ancillary(const NetcdfFile& file, const NetcdfVariable& data, const Samples& samples,
                         const std::string& units) {
  Ancillary found{std::vector<bool>(static_cast<std::size_t>(samples.size()), false),
                  std::vector<double>(static_cast<std::size_t>(samples.size()), kNotKnown)};
  for (const std::string& name : words_of(data.text("ancillary_variables").value_or(""))) {
    if (!file.has_variable(name))
      throw core::Error(fmt::format("{}: its ancillary variable {} is not in the file", data.name, name));
    const NetcdfVariable variable = file.variable(name);
    if (standard_name(variable).ends_with("standard_error")) {
      const double scale = std::abs(conversion_of(variable, units).scale);
      found.std = samples.spread(variable, unpacked(file, variable));
      for (double& value : found.std) value *= scale;
      continue;
    }
    const std::vector<std::string> meanings = words_of(variable.text("flag_meanings").value_or(""));
    const std::vector<double> flags = variable.numbers("flag_values");
    if (meanings.empty()) continue;
    if (meanings.size() != flags.size())
      throw core::Error(fmt::format("{}: {} flag_meanings, but {} flag_values (masks are not supported)",
                                    name, meanings.size(), flags.size()));
    std::set<double> bad;
    for (std::size_t i = 0; i < flags.size(); ++i)
      if (is_bad(meanings[i])) bad.insert(flags[i]);
    const std::vector<double> values = samples.spread(variable, file.read_doubles(variable));
    for (std::size_t i = 0; i < values.size(); ++i)
      if (bad.contains(values[i])) found.is_flagged[i] = true;
  }
  return found;
}

void read_variable(const NetcdfFile& file, const NetcdfVariable& data, std::size_t index,
                   const Variable& wanted, std::vector<PointData>& all) {
  const Samples samples(file, data);
  const PointSampling sampling = point_sampling(cell_method(data.text("cell_methods").value_or(""), "time"));
  const core::UnitConversion conversion = conversion_of(data, wanted.units);
  const Coordinates coordinates = read_coordinates(file, data, samples, sampling);
  const Ancillary ancillary = read_ancillary(file, data, samples, wanted.units);
  const std::vector<double> values = unpacked(file, data);
  PointCollector collector(file.path(), coordinates.calendar);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool is_padding =
        !coordinates.spans[i] || std::isnan(coordinates.latitude[i]) || std::isnan(coordinates.longitude[i]);
    if (is_padding && std::isnan(values[i])) continue;  // rows of an array that are shorter than others
    if (is_padding)
      throw core::Error(
          fmt::format("{}: value {} has no {}", data.name, i, coordinates.spans[i] ? "position" : "time"));
    const Place place{"", coordinates.latitude[i], coordinates.longitude[i], coordinates.height[i]};
    collector.add(
        index, sampling, place,
        {0, *coordinates.spans[i], values[i] * conversion.scale + conversion.offset, ancillary.std[i]},
        ancillary.is_flagged[i]);
  }
  for (PointData& part : collector.take()) all.push_back(std::move(part));
}

}  // namespace

std::vector<PointData> read_point_netcdf(const std::filesystem::path& path,
                                         const std::vector<Variable>& wanted) {
  const NetcdfFile file = NetcdfFile::open(path);
  const Attributes attributes = file.global_attributes();
  const auto feature = attributes.find("featureType");
  const auto* text = feature == attributes.end() ? nullptr : std::get_if<std::string>(&feature->second);
  const std::string type = text == nullptr ? "" : core::lower_case(*text);
  if (type != "point" && type != "timeseries" && type != "trajectory")
    throw core::Error(
        fmt::format("featureType is '{}', expected point, timeSeries or trajectory; fields on a grid "
                    "are given by input.observations",
                    text == nullptr ? "" : *text));
  std::vector<PointData> all;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    for (const std::string& name : file.variable_names()) {
      const NetcdfVariable variable = file.variable(name);
      const std::string standard = standard_name(variable);
      const bool is_wanted = standard.empty() ? name == wanted[i].name : standard == wanted[i].standard_name;
      if (!variable.is_numeric || !is_wanted) continue;
      read_variable(file, variable, i, wanted[i], all);
    }
  return all;
}

}  // namespace foehn::io
