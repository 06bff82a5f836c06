#include "io/point_data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <fstream>

#include "foehn/core/error.hpp"

namespace foehn::io {

namespace {

/// The first bytes of NetCDF files, of the classic formats and of NetCDF-4.
bool is_netcdf(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw core::Error("cannot be opened for reading");
  std::string start(4, '\0');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  return start.starts_with("CDF") || start == "\x89HDF";
}

void check_place(const Place& place) {
  const bool is_position = std::abs(place.latitude) <= 90 && std::abs(place.longitude) <= 360;
  if (!is_position)
    throw core::Error(
        fmt::format("{}: expected a latitude within 90 degrees of the equator, and a longitude "
                    "from -360 to 360",
                    describe(place)));
}

}  // namespace

std::string describe(const Place& place) {
  const std::string position = fmt::format("lat {:.6g}, lon {:.6g}", place.latitude, place.longitude);
  return place.name.empty() ? position : fmt::format("station {} ({})", place.name, position);
}

std::string names_of(const std::vector<Variable>& variables) {
  std::vector<std::string> names;
  for (const Variable& variable : variables) names.push_back(variable.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

PointSampling point_sampling(const std::string& word) {
  if (word.empty() || word == "point") return PointSampling::snapshot;
  if (word == "mean") return PointSampling::mean;
  if (word == "sum") return PointSampling::sum;
  throw core::Error(fmt::format("method '{}': expected point, mean or sum", word));
}

void PointCollector::add(std::size_t variable, PointSampling sampling, const Place& place,
                         const PointValue& value, bool is_flagged) {
  check_place(place);
  Part& part = parts_[{variable, sampling}];
  if (std::isnan(value.value)) {
    ++part.data.missing;
    return;
  }
  if (is_flagged) {
    ++part.data.flagged;
    return;
  }
  if (std::isinf(value.value)) throw core::Error(fmt::format("{}: the value is infinite", describe(place)));
  if (!std::isnan(value.std) && !(value.std > 0 && std::isfinite(value.std)))
    throw core::Error(fmt::format("{}: the standard deviation of the error is {:.6g}, expected one above 0",
                                  describe(place), value.std));
  if (sampling != PointSampling::snapshot && value.span.seconds() <= 0)
    throw core::Error(fmt::format(
        "{}: the interval of a mean or sum ends where it begins, or before, at {}", describe(place),
        calendar::format_date_time(calendar::from_seconds(value.span.end, calendar_))));
  const auto [found, is_new] =
      part.places.try_emplace({place.name, place.latitude, place.longitude}, part.data.places.size());
  if (is_new) part.data.places.push_back(place);
  part.data.values.push_back(value);
  part.data.values.back().place = found->second;
}

std::vector<PointData> PointCollector::take() {
  std::vector<PointData> all;
  for (auto& [key, part] : parts_) {
    part.data.file = file_.string();
    part.data.variable = key.first;
    part.data.sampling = key.second;
    part.data.calendar = calendar_;
    all.push_back(std::move(part.data));
  }
  return all;
}

std::vector<PointData> read_points(const std::filesystem::path& path, const std::vector<Variable>& wanted) {
  return core::with_context(fmt::format("stations {}", path.string()), [&] {
    std::vector<PointData> found =
        is_netcdf(path) ? read_point_netcdf(path, wanted) : read_point_table(path, wanted);
    if (found.empty()) throw core::Error(fmt::format("it has no values of {}", names_of(wanted)));
    return found;
  });
}

}  // namespace foehn::io
