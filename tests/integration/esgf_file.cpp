#include "esgf_file.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace foehn::testing {

namespace {

constexpr std::size_t kStep = 6;  // hours
constexpr double kHoursADay = 24;

EsgfFile frame(const ToyFields& truth, std::size_t variable) {
  EsgfFile file;
  file.name = truth.variables[variable].name;
  file.standard_name = truth.variables[variable].standard_name;
  file.units = truth.variables[variable].units;
  file.lat = truth.grid.y.values;
  file.lon = truth.grid.x.values;
  return file;
}

}  // namespace

EsgfFile EsgfFile::part(std::size_t first, std::size_t last) const {
  EsgfFile part = *this;
  const auto cut = [&](std::vector<double>& list, std::size_t each) {
    const auto begin = list.begin();
    list = {begin + static_cast<std::ptrdiff_t>(first * each),
            begin + static_cast<std::ptrdiff_t>(last * each)};
  };
  cut(part.hours, 1);
  if (!bounds.empty()) cut(part.bounds, 2);
  cut(part.values, lat.size() * lon.size());
  return part;
}

void EsgfFile::write(const std::filesystem::path& path) const {
  io::NetcdfFile file = io::NetcdfFile::create(path);
  const auto size = [](const auto& list) { return static_cast<std::int64_t>(list.size()); };
  const bool is_packed = coordinate_scale != 1;
  const auto coordinate = [&](std::vector<double> list, double unit = 1) {
    for (double& value : list) {
      value /= unit;
      if (is_packed) value = std::round(value / coordinate_scale);
    }
    return list;
  };
  const auto define_coordinate = [&](const std::string& of, const std::vector<std::string>& dimensions,
                                     io::Attributes described) {
    if (is_packed) described["scale_factor"] = coordinate_scale;
    file.define_variable(of, is_packed ? io::NetcdfType::int32 : io::NetcdfType::float64, dimensions,
                         described);
  };
  file.define_dimension("time", 0);
  file.define_dimension("lat", size(lat));
  file.define_dimension("lon", size(lon));
  file.define_dimension("bnds", 2);
  io::Attributes time{{"units", time_units},
                      {"calendar", calendar},
                      {"standard_name", std::string("time")},
                      {"axis", std::string("T")}};
  if (!bounds.empty()) time["bounds"] = bounds_name;
  define_coordinate("time", {"time"}, time);
  if (!bounds.empty()) define_coordinate("time_bnds", {"time", "bnds"}, {});
  const auto define_axis = [&](const std::string& of, const std::string& unit, bool has_bounds) {
    io::Attributes described{{"units", unit}};
    if (has_bounds) described["bounds"] = of + "_bnds";
    define_coordinate(of, {of}, described);
    if (has_bounds) define_coordinate(of + "_bnds", {of, "bnds"}, {});
  };
  define_axis("lat", "degrees_north", !lat_bounds.empty());
  define_axis("lon", "degrees_east", !lon_bounds.empty());
  file.define_variable("height", io::NetcdfType::float64, {},
                       {{"units", std::string("m")}, {"standard_name", std::string("height")}});
  io::Attributes own = attributes;
  own["standard_name"] = standard_name;
  own["units"] = units;
  own["cell_methods"] = cell_methods;
  own["coordinates"] = std::string("height");
  std::vector<std::string> dimensions{"time"};
  std::size_t copies = 1;
  for (const auto& [level, length] : levels) {
    file.define_dimension(level, length);
    dimensions.push_back(level);
    copies *= static_cast<std::size_t>(length);
  }
  dimensions.insert(dimensions.end(), {"lat", "lon"});
  file.define_variable(name, type, dimensions, own);
  file.set_global_attributes({{"Conventions", std::string("CF-1.7 CMIP-6.2")},
                              {"mip_era", std::string("CMIP6")},
                              {"source_id", source_id},
                              {"source", source_id + " (2017): \natmos: a toy"},
                              {"experiment_id", std::string("ssp585")},
                              {"variant_label", std::string("r1i1p1f3")},
                              {"creation_date", std::string("2020-05-01T00:00:00Z")},
                              {"tracking_id", "hdl:21.14100/" + path.filename().string()}});
  const std::int64_t start[] = {0, 0, 0, 0, 0};
  const std::int64_t times = size(hours);
  file.write("time", coordinate(hours, kHoursADay), std::span(start, 1), std::span(&times, 1));
  const std::int64_t pairs[] = {times, 2};
  if (!bounds.empty()) file.write("time_bnds", coordinate(bounds, kHoursADay), std::span(start, 2), pairs);
  file.write("lat", coordinate(lat));
  file.write("lon", coordinate(lon));
  if (!lat_bounds.empty()) file.write("lat_bnds", coordinate(lat_bounds));
  if (!lon_bounds.empty()) file.write("lon_bnds", coordinate(lon_bounds));
  file.write("height", std::span(&height, 1));
  std::vector<std::int64_t> count{times};
  for (const auto& [level, length] : levels) count.push_back(length);
  count.insert(count.end(), {size(lat), size(lon)});
  const std::size_t cells = lat.size() * lon.size();
  std::vector<double> fields;  // on every level the same
  for (std::size_t i = 0; i < hours.size(); ++i)
    for (std::size_t level = 0; level < copies; ++level)
      fields.insert(fields.end(), values.begin() + static_cast<std::ptrdiff_t>(i * cells),
                    values.begin() + static_cast<std::ptrdiff_t>((i + 1) * cells));
  file.write(name, std::span<const double>(fields), std::span(start, count.size()), count);
  file.close();
}

EsgfFile esgf_snapshots(ToyFields& truth, std::size_t variable, std::size_t instants) {
  EsgfFile file = frame(truth, variable);
  for (std::size_t i = 0; i < instants; ++i) {
    file.hours.push_back(static_cast<double>(kStep * i));
    const auto field = truth.field(kStep * i, variable);
    file.values.insert(file.values.end(), field.begin(), field.end());
  }
  return file;
}

EsgfFile esgf_means(ToyFields& truth, std::size_t variable, std::size_t instants) {
  EsgfFile file = frame(truth, variable);
  file.cell_methods = "area: time: mean";
  for (std::size_t i = 0; i < instants; ++i) {
    const auto begin = static_cast<double>(kStep * i), end = static_cast<double>(kStep * (i + 1));
    file.hours.push_back((begin + end) / 2);
    file.bounds.insert(file.bounds.end(), {begin, end});
    std::vector<double> mean(file.lat.size() * file.lon.size());
    for (std::size_t hour = kStep * i; hour < kStep * (i + 1); ++hour)
      for (std::size_t cell = 0; cell < mean.size(); ++cell)
        mean[cell] += static_cast<double>(truth.field(hour, variable)[cell]) / static_cast<double>(kStep);
    file.values.insert(file.values.end(), mean.begin(), mean.end());
  }
  return file;
}

void write_two_days(const std::string& model, const std::filesystem::path& folder) {
  ToyFields truth(toy_climate().truth);
  std::filesystem::create_directories(folder);
  for (std::size_t i = 0; i < truth.variables.size(); ++i) {
    EsgfFile file = esgf_snapshots(truth, i, 8);
    file.source_id = model;
    file.write(folder / (truth.variables[i].name + "_6hrPlevPt_" + model +
                         "_ssp585_r1i1p1f3_gn_205012290000-205012301800.nc"));
  }
}

}  // namespace foehn::testing
