#include "foehn/training/static_fields.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/static_fields.hpp"

namespace foehn::training {

namespace {

std::vector<double> of_angle(const std::vector<double>& degrees, double (*function)(double)) {
  std::vector<double> values;
  for (const double angle : degrees) values.push_back(function(angle * std::numbers::pi / 180));
  return values;
}

void standardise(std::vector<double>& values, const std::string& name) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0, largest = 0;
  for (double& value : values) {
    largest = std::max(largest, std::abs(value));
    value -= mean;
    squares += value * value;
  }
  const double deviation = std::sqrt(squares / count);
  // What rounding leaves of a constant is no field.
  if (!(deviation > 1e-12 * largest))
    throw core::Error(
        fmt::format("static field {}: it is {:g} in all cells, expected one that varies", name, mean));
  for (double& value : values) value /= deviation;
}

}  // namespace

std::vector<std::string> static_names(const Settings& settings) {
  std::vector<std::string> names = settings.static_fields;
  if (settings.positions)
    names.insert(names.end(), {"sin_latitude", "cos_latitude", "sin_longitude", "cos_longitude"});
  return names;
}

std::vector<double> read_static(const Settings& settings, const grid::Grid& grid) {
  std::vector<std::vector<double>> fields;
  if (!settings.static_fields.empty())
    fields = core::with_context("network.static", [&] {
      return io::read_static_fields(io::expand_files(settings.static_files), settings.static_fields, grid);
    });
  if (settings.positions) {
    const grid::Geographic at = grid::geographic_coordinates(grid);
    for (const std::vector<double>* degrees : {&at.latitude, &at.longitude})
      for (double (*function)(double) :
           {static_cast<double (*)(double)>(std::sin), static_cast<double (*)(double)>(std::cos)})
        fields.push_back(of_angle(*degrees, function));
  }
  const std::vector<std::string> names = static_names(settings);
  std::vector<double> all;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    standardise(fields[i], names[i]);
    all.insert(all.end(), fields[i].begin(), fields[i].end());
  }
  return all;
}

}  // namespace foehn::training
