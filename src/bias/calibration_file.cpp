#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "foehn/bias/calibration.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/write_netcdf.hpp"

namespace foehn::bias {

namespace {

constexpr std::int64_t kVersion = 1;  // of the file's layout
constexpr std::int64_t kMostCounts = std::int64_t{1} << 27;
constexpr int kDeflate = 1;

const std::string kLayoutVersion = "bias_calibration_version";

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

std::string list(std::span<const Calibration> calibrations, std::string (*member)(const Calibration&)) {
  std::string text;
  for (const Calibration& calibration : calibrations)
    text += (text.empty() ? "" : ", ") + member(calibration);
  return text;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(", ", start), text.size());
    found.push_back(text.substr(start, comma - start));
    start = comma + 2;
  }
  return found;
}

void define(io::NetcdfFile& file, const Extent& extent) {
  file.define_dimension("variable", extent.variables);
  file.define_dimension("group", extent.groups);
  file.define_dimension("cell", extent.cells);
  file.define_dimension("bin", extent.bins);
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
        fmt::format("no calibration of a bias correction: no attribute '{}' of its kind", name));
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

void write_calibrations(const std::filesystem::path& path, std::span<const Calibration> calibrations) {
  if (calibrations.empty()) throw core::Error("no calibration to write");
  const Layout layout = calibrations[0].observed.summary.layout;
  const Extent extent{static_cast<std::int64_t>(calibrations.size()), layout.groups(),
                      std::max<std::int64_t>(layout.cells, 1), calibrations[0].observed.bins.number};
  require_bounded(extent);
  for (const Calibration& calibration : calibrations) {
    check_calibration(calibration);
    if (calibration.observed.summary.layout != layout || calibration.observed.bins.number != extent.bins)
      throw core::Error(fmt::format("calibrations of '{}' and '{}' are laid out differently",
                                    calibrations[0].variable, calibration.variable));
  }
  io::write_netcdf_atomically(path, [&](io::NetcdfFile& file) {
    define(file, extent);
    const auto names = [](const Calibration& of) { return of.variable; };
    const auto units = [](const Calibration& of) { return of.units; };
    const auto kinds = [](const Calibration& of) { return kind_name(of.kind); };
    file.set_global_attributes({{"title", std::string("calibration of a bias correction, for foehn")},
                                {kLayoutVersion, kVersion},
                                {"cells", std::string(layout.cells > 0 ? "separate" : "pooled")},
                                {"variable_names", list(calibrations, names)},
                                {"variable_units", list(calibrations, units)},
                                {"variable_kinds", list(calibrations, kinds)}});
    for (std::int64_t i = 0; i < extent.variables; ++i) {
      const Calibration& calibration = calibrations[static_cast<std::size_t>(i)];
      write_values(file, "bin_lower", calibration.observed.bins.lower, i, extent, false);
      write_values(file, "bin_upper", calibration.observed.bins.upper, i, extent, false);
      for (const Role& role : kRoles) {
        const Distribution& distribution = calibration.*role.distribution;
        for (const Statistic& statistic : kStatistics)
          write_values(file, role.name + "_" + statistic.name, distribution.summary.*statistic.values, i,
                       extent, false);
        write_values(file, role.name + "_count", distribution.counts, i, extent, true);
      }
    }
  });
}

std::vector<Calibration> read_calibrations(const std::filesystem::path& path) {
  return core::with_context(fmt::format("reading the calibration {}", path.string()), [&] {
    const io::NetcdfFile file = io::NetcdfFile::open(path);
    const io::Attributes attributes = file.global_attributes();
    const auto version = attribute<std::int64_t>(attributes, kLayoutVersion);
    if (version != kVersion)
      throw core::Error(fmt::format("version {} of the layout, expected {}", version, kVersion));
    const auto cells = attribute<std::string>(attributes, "cells");
    if (cells != "separate" && cells != "pooled")
      throw core::Error(fmt::format("cells: expected separate or pooled, found '{}'", cells));
    const Extent extent = read_extent(file, cells == "pooled");
    const Layout layout{extent.groups == 12, cells == "pooled" ? 0 : extent.cells};
    const auto names = words(attribute<std::string>(attributes, "variable_names"));
    const auto units = words(attribute<std::string>(attributes, "variable_units"));
    const auto kinds = words(attribute<std::string>(attributes, "variable_kinds"));
    const auto variables = static_cast<std::size_t>(extent.variables);
    if (names.size() != variables || units.size() != variables || kinds.size() != variables)
      throw core::Error(fmt::format("found {} variable names, {} units and {} kinds for {} variables",
                                    names.size(), units.size(), kinds.size(), variables));
    std::vector<Calibration> calibrations;
    for (std::int64_t i = 0; i < extent.variables; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const Bins bins{extent.bins, read_values(file, "bin_lower", i, extent, false),
                      read_values(file, "bin_upper", i, extent, false)};
      Calibration calibration{names[at], units[at], parse_kind(kinds[at]), {}, {}};
      for (const Role& role : kRoles)
        calibration.*role.distribution = read_distribution(file, role, i, extent, layout, bins);
      check_calibration(calibration);
      calibrations.push_back(std::move(calibration));
    }
    return calibrations;
  });
}

}  // namespace foehn::bias
