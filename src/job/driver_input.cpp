#include "driver_input.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <regex>
#include <set>
#include <utility>
#include <variant>

#include "foehn/core/error.hpp"
#include "member_output.hpp"
#include "observing.hpp"

namespace foehn::job {

namespace {

bool names_coarse_member(const std::string& path) {
  return path.find(kCoarseMember) != std::string::npos;
}

void check_labels(const Settings& settings) {
  const bool names_members = std::ranges::any_of(settings.observations, names_coarse_member);
  if (settings.coarse_members.empty()) {
    if (names_members)
      throw core::UsageError(fmt::format(
          "input.observations: {} stands for the names in ensemble.coarse_members, which were not given",
          kCoarseMember));
    return;
  }
  if (settings.prepares())
    throw core::UsageError(
        "ensemble.coarse_members: applies only to input.observations, found input.files; prepare each "
        "member's observations first (foehn prepare)");
  if (!names_members)
    throw core::UsageError(fmt::format(
        "input.observations: expected {} in the names of files, in place of each of ensemble.coarse_members "
        "({}), found none",
        kCoarseMember, fmt::join(settings.coarse_members, ", ")));
  static const std::regex kName("[A-Za-z0-9-]+");
  std::set<std::string> known;
  for (const std::string& label : settings.coarse_members) {
    if (!std::regex_match(label, kName))
      throw core::UsageError(fmt::format(
          "ensemble.coarse_members: expected names of letters, digits and dashes, such as r1i1p1f1, found "
          "'{}'",
          label));
    if (!known.insert(label).second)
      throw core::UsageError(fmt::format("ensemble.coarse_members: {} is given twice", label));
  }
}

/// What a job that this member alone drives would be told.
Settings driver_settings(Settings settings, const std::string& label) {
  const std::string_view mark = kCoarseMember;
  for (std::string& path : settings.observations)
    for (std::size_t place = path.find(mark); place != std::string::npos;
         place = path.find(mark, place + label.size()))
      path.replace(place, mark.size(), label);
  return settings;
}

/// A file that says of which member it is must be of this one.
void check_variant(const DriverInput& driver) {
  static const std::regex kVariant(R"(r\d+i\d+p\d+f\d+)");
  if (!std::regex_match(driver.label, kVariant)) return;
  for (const conditioning::Origin& origin : driver.origins()) {
    const auto found = origin.attributes.find("variant_label");
    if (found == origin.attributes.end()) continue;
    const auto* text = std::get_if<std::string>(&found->second);
    if (text != nullptr && *text != driver.label)
      throw core::Error(
          fmt::format("observations {}: expected variant_label {} (ensemble.coarse_members), found {}",
                      origin.name, driver.label, *text));
  }
}

DriverInput open_driver(const Settings& settings, const std::string& label, const model::Domain& domain) {
  DriverInput driver{label, open_input(settings, domain), open_native(settings, domain), {}};
  if (driver.blocks) driver.series = driver.blocks->series();
  if (driver.native) driver.series = driver.native->series();
  return driver;
}

std::string variables_text(const conditioning::Series& series, const model::Domain& domain) {
  std::vector<std::string> names;
  for (const std::int64_t variable : series.variables)
    names.push_back(domain.variables[static_cast<std::size_t>(variable)].name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string times_of(const conditioning::Series& series) {
  const auto date = [&](std::int64_t seconds) {
    return calendar::format_date_time(calendar::from_seconds(seconds, series.calendar));
  };
  return fmt::format("{} times from {} to {}, calendar {}", series.spans.size(),
                     date(series.spans.front().begin), date(series.spans.back().begin),
                     calendar::calendar_name(series.calendar));
}

/// In what a series differs from that of the first member: what is expected, and what is found; nothing if in
/// values alone.
std::pair<std::string, std::string> difference(const conditioning::Series& expected,
                                               const conditioning::Series& found,
                                               const model::Domain& domain) {
  if (expected.variables != found.variables)
    return {"variables " + variables_text(expected, domain), variables_text(found, domain)};
  if (expected.is_mean != found.is_mean) {
    const auto word = [](bool is_mean) { return is_mean ? "means over time" : "snapshots"; };
    return {word(expected.is_mean), word(found.is_mean)};
  }
  if (expected.block != found.block)
    return {fmt::format("blocks of {} cells per side", expected.block), fmt::format("{}", found.block)};
  const bool same_times =
      expected.calendar == found.calendar &&
      std::ranges::equal(expected.spans, found.spans, [](const io::TimeSpan& a, const io::TimeSpan& b) {
        return a.begin == b.begin && a.end == b.end;
      });
  if (!same_times) return {times_of(expected), times_of(found)};
  return {};
}

}  // namespace

std::vector<std::filesystem::path> DriverInput::files() const {
  if (blocks) return blocks->files();
  return native ? native->files() : std::vector<std::filesystem::path>();
}

std::vector<conditioning::Origin> DriverInput::origins() const {
  if (blocks) return blocks->origins();
  return native ? native->origins() : std::vector<conditioning::Origin>();
}

std::vector<DriverInput> open_drivers(const Settings& settings, const model::Domain& domain) {
  check_labels(settings);
  std::vector<DriverInput> drivers;
  if (settings.coarse_members.empty()) drivers.push_back(open_driver(settings, "", domain));
  for (const std::string& label : settings.coarse_members) {
    drivers.push_back(open_driver(driver_settings(settings, label), label, domain));
    check_variant(drivers.back());
  }
  return drivers;
}

void check_drivers_alike(const std::vector<DriverInput>& drivers, const model::Domain& domain) {
  const DriverInput& first = drivers.front();
  for (const DriverInput& driver : drivers) {
    if (driver.series.size() != first.series.size())
      throw core::Error(fmt::format(
          "ensemble.coarse_members: {}: expected observations of {} groups of variables, as of {}, found {}",
          driver.label, first.series.size(), first.label, driver.series.size()));
    for (std::size_t i = 0; i < driver.series.size(); ++i) {
      const auto [expected, found] = difference(first.series[i], driver.series[i], domain);
      if (!expected.empty())
        throw core::Error(fmt::format(
            "observations {} (ensemble.coarse_members {}): expected {}, as in {}, found {}: the members of "
            "a coarse ensemble differ in values alone",
            driver.series[i].name, driver.label, expected, first.series[i].name, found));
    }
  }
}

void check_cells_alike(const std::vector<conditioning::PointSet>& expected,
                       const std::vector<conditioning::PointSet>& found, const std::string& label) {
  const auto is_alike = [](const conditioning::PointSet& one, const conditioning::PointSet& other) {
    return one.placement.variable == other.placement.variable &&
           one.placement.intervals == other.placement.intervals && at::equal(one.cells, other.cells) &&
           at::equal(one.weights, other.weights);
  };
  for (std::size_t i = 0; i < std::max(expected.size(), found.size()); ++i)
    if (i >= expected.size() || i >= found.size() || !is_alike(expected[i], found[i]))
      throw core::Error(fmt::format(
          "observations {} (ensemble.coarse_members {}): expected the cells and times of {}, found others; "
          "the members of a coarse ensemble differ in values alone, and lack the same ones",
          found[std::min(i, found.size() - 1)].placement.name, label,
          expected[std::min(i, expected.size() - 1)].placement.name));
}

void check_origins(const io::CordexMetadata& metadata, const DriverInput& driver) {
  for (const conditioning::Origin& origin : driver.origins())
    check_driving(driven_by(metadata, driver.label), origin);
}

}  // namespace foehn::job
