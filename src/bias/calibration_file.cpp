#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>
#include <utility>

#include "foehn/bias/calibration.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/grid_writer.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/write_netcdf.hpp"

namespace foehn::bias {

namespace {

constexpr std::int64_t kVersion = 2;  // of the file's layout
constexpr std::int64_t kMostCounts = std::int64_t{1} << 27;
constexpr int kDeflate = 1;
constexpr double kMostSeconds = 1e10;  // of an interval; three centuries

const std::string kLayoutVersion = "bias_calibration_version";
const std::string kCellIndex = "cell_index";  // on the grid

/// The observed or the simulated half of the file.
struct Role {
  std::string name;
  Distribution Calibration::*distribution;
};
const std::vector<Role> kRoles = {{"observed", &Calibration::observed},
                                  {"simulated", &Calibration::simulated}};

struct Statistic {
  std::string name;
  std::vector<double> Summary::*values;
};
const std::vector<Statistic> kStatistics = {
    {"least", &Summary::least}, {"mean", &Summary::mean}, {"greatest", &Summary::greatest}};

/// One number per variable that says when in the day its values are taken.
struct DailyTime {
  std::string name, meaning;
  std::int64_t DailyTimes::*seconds;
};
const std::vector<DailyTime> kDailyTimes = {
    {"mean_seconds", "interval that values are means over, 0 for snapshots", &DailyTimes::mean_seconds},
    {"every_seconds", "time between values of a day", &DailyTimes::every_seconds},
    {"first_seconds", "time of day of the first value, or of its interval's begin",
     &DailyTimes::first_seconds}};

/// What is said of the origin, as global attributes.
struct Remark {
  std::string name;
  std::string Origin::*text;
};
const std::vector<Remark> kRemarks = {{"simulated_first_date", &Origin::first_date},
                                      {"simulated_last_date", &Origin::last_date},
                                      {"simulated_source_id", &Origin::source_id},
                                      {"simulated_experiment_id", &Origin::experiment_id},
                                      {"simulated_files", &Origin::simulated_files},
                                      {"reference_files", &Origin::reference_files},
                                      {"regridding", &Origin::regridding}};

/// Extent of [variable, group, cell, bin].
struct Extent {
  std::int64_t variables = 0, groups = 0, cells = 0, bins = 0;

  std::vector<std::int64_t> start(std::int64_t variable, bool of_bins) const {
    return of_bins ? std::vector<std::int64_t>{variable, 0, 0, 0} : std::vector<std::int64_t>{variable, 0, 0};
  }
  std::vector<std::int64_t> count(bool of_bins) const {
    return of_bins ? std::vector{std::int64_t{1}, groups, cells, bins}
                   : std::vector{std::int64_t{1}, groups, cells};
  }
};

/// @throws Error if there are more counts than a file may hold
void require_bounded(const Extent& extent) {
  std::int64_t counts = 1;
  for (const std::int64_t size : {extent.variables, extent.groups, extent.cells, extent.bins}) {
    if (size < 1 || size > kMostCounts / counts)
      throw core::Error(
          fmt::format("{} variables, {} months, {} cells and {} bins: expected 1 or more of each, and at "
                      "most {} in product",
                      extent.variables, extent.groups, extent.cells, extent.bins, kMostCounts));
    counts *= size;
  }
}

/// @throws Error unless the cells, where they are not pooled, are the grid's
void require_cells(const grid::Grid& grid, const Layout& layout) {
  if (layout.cells != 0 && layout.cells != grid.cells())
    throw core::Error(fmt::format("statistics of {} cells on a grid of {}", layout.cells, grid.cells()));
}

std::string list(std::span<const Calibration> calibrations, std::string (*member)(const Calibration&)) {
  std::vector<std::string> texts;
  for (const Calibration& calibration : calibrations) texts.push_back(member(calibration));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void define(io::NetcdfFile& file, const Extent& extent, const grid::Grid& grid) {
  file.define_dimension("variable", extent.variables);
  file.define_dimension("group", extent.groups);
  file.define_dimension("cell", extent.cells);
  file.define_dimension("bin", extent.bins);
  io::define_grid(file, grid);
  io::Attributes of_grid = io::grid_attributes(grid);
  of_grid["long_name"] = std::string("place in the dimension cell");
  file.define_variable(kCellIndex, io::NetcdfType::int32, {grid.y.name, grid.x.name}, of_grid);
  for (const DailyTime& time : kDailyTimes)
    file.define_variable(time.name, io::NetcdfType::int64, {"variable"},
                         {{"long_name", time.meaning}, {"units", std::string("s")}});
  const auto of_slots = [&](const std::string& name, const std::string& meaning) {
    file.define_variable(name, io::NetcdfType::float64, {"variable", "group", "cell"},
                         {{"long_name", meaning + ", in the variable's unit"}});
  };
  of_slots("bin_lower", "first edge of the bins of equal width");
  of_slots("bin_upper", "last edge of the bins");
  for (const Role& role : kRoles) {
    for (const Statistic& statistic : kStatistics)
      of_slots(role.name + "_" + statistic.name, role.name + ", " + statistic.name + " value");
    file.define_variable(role.name + "_count", io::NetcdfType::int64, {"variable", "group", "cell", "bin"},
                         {{"long_name", role.name + ", values in a bin"}},
                         {.chunks = {}, .deflate = kDeflate});
  }
}

void write_values(io::NetcdfFile& file, const std::string& name, const std::vector<double>& values,
                  std::int64_t variable, const Extent& extent, bool of_bins) {
  file.write(name, std::span<const double>(values), extent.start(variable, of_bins), extent.count(of_bins));
}

void write_grid(io::NetcdfFile& file, const grid::Grid& grid, bool pooled) {
  io::write_grid(file, grid);
  std::vector<double> cells(static_cast<std::size_t>(grid.cells()), 0);
  if (!pooled) std::iota(cells.begin(), cells.end(), 0);
  file.write(kCellIndex, std::span<const double>(cells));
}

void write_daily_times(io::NetcdfFile& file, std::span<const Calibration> calibrations) {
  for (const DailyTime& time : kDailyTimes) {
    std::vector<double> seconds;
    for (const Calibration& calibration : calibrations)
      seconds.push_back(static_cast<double>(calibration.daily_times.*time.seconds));
    file.write(time.name, std::span<const double>(seconds));
  }
}

DailyTimes read_daily_times(const io::NetcdfFile& file, std::int64_t variable) {
  DailyTimes times;
  for (const DailyTime& time : kDailyTimes) {
    const std::int64_t start[] = {variable}, count[] = {1};
    const double seconds = file.read_doubles(file.variable(time.name), start, count).front();
    if (!(seconds >= 0 && seconds < kMostSeconds))
      throw core::Error(
          fmt::format("variable '{}': {} s, expected 0 to {:.0f}", time.name, seconds, kMostSeconds));
    times.*time.seconds = static_cast<std::int64_t>(seconds);
  }
  return times;
}

std::vector<double> read_values(const io::NetcdfFile& file, const std::string& name, std::int64_t variable,
                                const Extent& extent, bool of_bins) {
  const io::NetcdfVariable header = file.variable(name);
  std::vector<std::int64_t> expected{extent.variables, extent.groups, extent.cells}, found;
  if (of_bins) expected.push_back(extent.bins);
  for (const io::NetcdfDimension& dimension : header.dimensions) found.push_back(dimension.size);
  if (found != expected)
    throw core::Error(fmt::format("variable '{}': expected shape [{}], found [{}]", name,
                                  fmt::join(expected, ", "), fmt::join(found, ", ")));
  return file.read_doubles(header, extent.start(variable, of_bins), extent.count(of_bins));
}

template <class Value>
Value attribute(const io::Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  const Value* value = found == attributes.end() ? nullptr : std::get_if<Value>(&found->second);
  if (value == nullptr)
    throw core::Error(
        fmt::format("not a calibration of a bias correction: expected an attribute '{}', which is missing or "
                    "of another type",
                    name));
  return *value;
}

Extent read_extent(const io::NetcdfFile& file, bool pooled) {
  const auto dimensions = file.variable("observed_count").dimensions;
  if (dimensions.size() != 4)
    throw core::Error(
        fmt::format("variable 'observed_count' has {} dimensions, expected 4", dimensions.size()));
  const Extent extent{dimensions[0].size, dimensions[1].size, dimensions[2].size, dimensions[3].size};
  require_bounded(extent);
  if ((extent.groups != 1 && extent.groups != 12) || (pooled && extent.cells != 1))
    throw core::Error(
        fmt::format("{} groups of months and {} {} cells: expected 1 or 12 groups, and one cell "
                    "where cells are pooled",
                    extent.groups, extent.cells, pooled ? "pooled" : "separate"));
  return extent;
}

void write_calibration(io::NetcdfFile& file, const Calibration& calibration, std::int64_t variable,
                       const Extent& extent) {
  write_values(file, "bin_lower", calibration.observed.bins.lower, variable, extent, false);
  write_values(file, "bin_upper", calibration.observed.bins.upper, variable, extent, false);
  for (const Role& role : kRoles) {
    const Distribution& distribution = calibration.*role.distribution;
    for (const Statistic& statistic : kStatistics)
      write_values(file, role.name + "_" + statistic.name, distribution.summary.*statistic.values, variable,
                   extent, false);
    write_values(file, role.name + "_count", distribution.counts, variable, extent, true);
  }
}

Distribution read_distribution(const io::NetcdfFile& file, const Role& role, std::int64_t variable,
                               const Extent& extent, const Layout& layout, const Bins& bins) {
  Distribution distribution{{layout, {}, {}, {}, {}}, bins, {}};
  for (const Statistic& statistic : kStatistics)
    distribution.summary.*statistic.values =
        read_values(file, role.name + "_" + statistic.name, variable, extent, false);
  distribution.counts = read_values(file, role.name + "_count", variable, extent, true);
  const auto number = static_cast<std::size_t>(extent.bins);
  for (std::size_t start = 0; start < distribution.counts.size(); start += number) {
    double count = 0;
    for (std::size_t bin = 0; bin < number; ++bin) count += distribution.counts[start + bin];
    distribution.summary.count.push_back(count);
  }
  return distribution;
}

}  // namespace

void write_calibrations(const std::filesystem::path& path, const CalibrationFile& content) {
  const std::vector<Calibration>& calibrations = content.calibrations;
  const grid::Grid& grid = content.origin.grid;
  if (calibrations.empty()) throw core::Error("no calibrations to write: expected at least one");
  const Layout layout = calibrations[0].observed.summary.layout;
  const Extent extent{static_cast<std::int64_t>(calibrations.size()), layout.groups(),
                      std::max<std::int64_t>(layout.cells, 1), calibrations[0].observed.bins.number};
  require_bounded(extent);
  require_cells(grid, layout);
  for (const Calibration& calibration : calibrations) {
    check_calibration(calibration);
    if (calibration.observed.summary.layout != layout || calibration.observed.bins.number != extent.bins)
      throw core::Error(fmt::format("calibrations of '{}' and '{}' are laid out differently",
                                    calibrations[0].variable, calibration.variable));
  }
  io::write_netcdf_atomically(path, [&](io::NetcdfFile& file) {
    define(file, extent, grid);
    const auto names = [](const Calibration& of) { return of.variable; };
    const auto units = [](const Calibration& of) { return of.units; };
    const auto kinds = [](const Calibration& of) { return kind_name(of.kind); };
    const auto standard_names = [](const Calibration& of) { return of.standard_name; };
    io::Attributes attributes{{"title", std::string("calibration of a bias correction, for foehn")},
                              {kLayoutVersion, kVersion},
                              {"cells", std::string(layout.cells > 0 ? "separate" : "pooled")},
                              {"variable_names", list(calibrations, names)},
                              {"variable_standard_names", list(calibrations, standard_names)},
                              {"variable_units", list(calibrations, units)},
                              {"variable_kinds", list(calibrations, kinds)}};
    for (const Remark& remark : kRemarks) attributes[remark.name] = content.origin.*remark.text;
    file.set_global_attributes(attributes);
    write_grid(file, grid, layout.cells == 0);
    write_daily_times(file, calibrations);
    for (std::int64_t i = 0; i < extent.variables; ++i)
      write_calibration(file, calibrations[static_cast<std::size_t>(i)], i, extent);
  });
}

CalibrationFile read_calibrations(const std::filesystem::path& path) {
  return core::with_context(fmt::format("reading the calibration {}", path.string()), [&] {
    const io::NetcdfFile file = io::NetcdfFile::open(path);
    const io::Attributes attributes = file.global_attributes();
    const auto version = attribute<std::int64_t>(attributes, kLayoutVersion);
    if (version != kVersion)
      throw core::Error(
          fmt::format("version {} of the layout, expected {}; make the statistics again", version, kVersion));
    const auto cells = attribute<std::string>(attributes, "cells");
    if (cells != "separate" && cells != "pooled")
      throw core::Error(fmt::format("cells: expected separate or pooled, found '{}'", cells));
    const Extent extent = read_extent(file, cells == "pooled");
    const Layout layout{extent.groups == 12, cells == "pooled" ? 0 : extent.cells};
    const auto names = core::split(attribute<std::string>(attributes, "variable_names"), ", ");
    const auto units = core::split(attribute<std::string>(attributes, "variable_units"), ", ");
    const auto kinds = core::split(attribute<std::string>(attributes, "variable_kinds"), ", ");
    const auto standard_names =
        core::split(attribute<std::string>(attributes, "variable_standard_names"), ", ");
    const auto variables = static_cast<std::size_t>(extent.variables);
    if (names.size() != variables || units.size() != variables || kinds.size() != variables ||
        standard_names.size() != variables)
      throw core::Error(
          fmt::format("found {} variable names, {} standard names, {} units and {} kinds for {} variables",
                      names.size(), standard_names.size(), units.size(), kinds.size(), variables));
    CalibrationFile content;
    for (std::int64_t i = 0; i < extent.variables; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const Bins bins{extent.bins, read_values(file, "bin_lower", i, extent, false),
                      read_values(file, "bin_upper", i, extent, false)};
      Calibration calibration{
          names[at], units[at], parse_kind(kinds[at]), {}, {}, read_daily_times(file, i), standard_names[at]};
      for (const Role& role : kRoles)
        calibration.*role.distribution = read_distribution(file, role, i, extent, layout, bins);
      check_calibration(calibration);
      content.calibrations.push_back(std::move(calibration));
    }
    content.origin.grid = io::read_grid(file, file.variable(kCellIndex));
    require_cells(content.origin.grid, layout);
    for (const Remark& remark : kRemarks)
      content.origin.*remark.text = attribute<std::string>(attributes, remark.name);
    return content;
  });
}

}  // namespace foehn::bias
