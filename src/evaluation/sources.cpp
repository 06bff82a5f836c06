#include "foehn/evaluation/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "evaluation/member_files.hpp"
#include "foehn/conditioning/native_cells.hpp"
#include "foehn/conditioning/series.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::evaluation {
namespace {

using calendar::Calendar;
using calendar::TimeAxis;
using core::Error;

std::string file_text(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) throw Error("no file given");
  const std::string more = files.size() > 1 ? fmt::format(" and {} more", files.size() - 1) : "";
  return files.front().string() + more;
}

std::string variables_text(const std::vector<io::Variable>& variables) {
  std::vector<std::string> words;
  for (const auto& variable : variables)
    words.push_back(fmt::format("{} [{}]", variable.name, variable.units));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string span_text_of(const TimeAxis& axis) {
  return axis.format(0) + " to " + axis.format(axis.size() - 1);
}

void check_grid(const grid::Grid& expected, const grid::Grid& found) {
  if (const auto difference = grid::difference(expected, found)) throw Error("grid: " + *difference);
}

void check_calendar(Calendar expected, Calendar found) {
  const auto is_gregorian = [](Calendar calendar) {
    return calendar == Calendar::standard || calendar == Calendar::proleptic_gregorian;
  };
  if (expected != found && !(is_gregorian(expected) && is_gregorian(found))) {
    throw Error(fmt::format("calendar: {}, expected {} as in the members", calendar::calendar_name(found),
                            calendar::calendar_name(expected)));
  }
}

void check_same(const io::FieldReader& expected, const io::FieldReader& found) {
  if (expected.variables() != found.variables()) {
    throw Error(fmt::format("variables: {}; expected {}", variables_text(found.variables()),
                            variables_text(expected.variables())));
  }
  check_grid(expected.grid(), found.grid());
  check_calendar(expected.times().calendar, found.times().calendar);
  if (expected.times().seconds != found.times().seconds) {
    throw Error(fmt::format("times: {} instants, {}; expected {} instants, {}", found.times().size(),
                            span_text_of(found.times()), expected.times().size(),
                            span_text_of(expected.times())));
  }
}

std::vector<io::FieldReader> open_members(const std::vector<std::filesystem::path>& files) {
  std::vector<io::FieldReader> members;
  io::FieldSelection drawn;  // from a prior, perhaps beyond what is physical
  drawn.must_be_plausible = false;
  for (const MemberFiles& member : group_members(files)) {
    const std::string text = file_text(member.files);
    members.emplace_back(member.files, drawn);
    core::with_context(fmt::format("member {} beside {}", text, files.front().string()),
                       [&] { check_same(members.front(), members.back()); });
  }
  return members;
}

/// The members' variables as the reference has them.
std::vector<io::Variable> wanted_of_reference(const std::vector<io::Variable>& variables,
                                              const std::vector<io::Variable>& names) {
  std::vector<io::Variable> wanted = variables;
  for (const io::Variable& named : names) {
    const auto is_meant = [&](const io::Variable& variable) {
      return named.standard_name.empty()
                 ? variable.name == named.name
                 : variable.standard_name == named.standard_name || variable.name == named.standard_name;
    };
    const auto found = std::find_if(variables.begin(), variables.end(), is_meant);
    if (found == variables.end())
      throw Error(fmt::format("data.variables: {}={} is not one of the members' variables, {}", named.name,
                              named.standard_name, variables_text(variables)));
    if (std::find_if(found + 1, variables.end(), is_meant) != variables.end())
      throw Error(
          fmt::format("data.variables: {}={} matches several of the members' variables, {}; give the name "
                      "of one in place of the standard name",
                      named.name, named.standard_name, variables_text(variables)));
    wanted[static_cast<std::size_t>(found - variables.begin())].name = named.name;
  }
  for (auto one = wanted.begin(); one != wanted.end(); ++one)
    if (std::any_of(wanted.begin(), one, [&](const io::Variable& other) { return other.name == one->name; }))
      throw Error(fmt::format("data.variables: {} in the reference matches two of the members' variables",
                              one->name));
  return wanted;
}

/// The position of an instant on an axis; nothing if it is not there.
std::optional<std::int64_t> index_at(const TimeAxis& axis, std::int64_t seconds) {
  const auto found = std::lower_bound(axis.seconds.begin(), axis.seconds.end(), seconds);
  if (found == axis.seconds.end() || *found != seconds) return std::nullopt;
  return found - axis.seconds.begin();
}

ObservedCells observed_cells(const io::CoarseSource& source, const grid::Grid& grid,
                             const SourceFiles& files) {
  const grid::Grid& own = source.reader.grid();
  if (!files.are_native) return {grid, conditioning::matched_block(grid, own)};
  return {grid, own, conditioning::native_cells(source, grid, files.weights)};
}

void check_same_cells(const ObservedCells& expected, const ObservedCells& found) {
  if (expected.block() != found.block())
    throw Error(fmt::format("blocks of {0} x {0} cells, but of {1} x {1} in other files", *found.block(),
                            *expected.block()));
  if (const auto difference = grid::difference(expected.grid(), found.grid()))
    throw Error(fmt::format("grid: {}, as in other files", *difference));
}

/// Their areas over the mean area; 1 on rows and columns.
std::vector<double> cell_weights(const grid::Grid& grid) {
  if (!grid.unstructured) return std::vector<double>(static_cast<std::size_t>(grid.cells()), 1.0);
  std::vector<double> weights = grid.unstructured->areas;
  const double mean =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
  for (double& weight : weights) weight /= mean;
  return weights;
}

/// Finds the members' hours that observations cover, and how these follow one another.
ObservationSeries match_observation_times(const io::FieldReader& member, io::CoarseSource source) {
  const TimeAxis& members = member.times();
  check_calendar(members.calendar, source.reader.times().calendar);
  // A file of one instant has no step; any will do.
  const conditioning::Period period{members.calendar, members.seconds.front(),
                                    std::max<std::int64_t>(member.step_seconds(), 1), members.size()};
  const std::vector<observation::Interval> intervals =
      conditioning::matched_hours(conditioning::series_of(source, 1, period.step_seconds), period,
                                  fmt::format("of the members ({})", span_text_of(members)));
  ObservationSeries series{std::move(source), intervals.front().first, 1, intervals.front().hours()};
  if (intervals.size() > 1) series.period = intervals[1].first - series.first_hour;
  for (std::size_t i = 0; i < intervals.size(); ++i)
    if (intervals[i].first != series.first_hour + static_cast<std::int64_t>(i) * series.period ||
        intervals[i].hours() != series.covered_hours)
      throw Error(
          fmt::format("the mean of {} covers other hours than those before it, which cover {} every {}",
                      series.source.reader.times().format(static_cast<std::int64_t>(i)), series.covered_hours,
                      series.period));
  return series;
}

/// Counts hours by the rarest observations, up to the last hour that any covers.
void set_clock(Sources& sources) {
  const auto& rarest = *std::max_element(
      sources.observations.begin(), sources.observations.end(),
      [](const ObservationSeries& a, const ObservationSeries& b) { return a.period < b.period; });
  sources.first_observed_hour = rarest.first_hour;
  sources.period = rarest.period;
  for (const ObservationSeries& series : sources.observations)
    sources.hours = std::max(sources.hours, series.last_hour() + 1);
}

/// Leaves those hours to be scored that the reference has.
void match_reference_times(const TimeAxis& members, const TimeAxis& reference, Sources& sources) {
  check_calendar(members.calendar, reference.calendar);
  const auto index_of = [&](std::int64_t hour) {
    return index_at(reference, members.seconds[static_cast<std::size_t>(hour)]);
  };
  std::int64_t first = 0, last = sources.hours;
  while (first < last && !index_of(first)) ++first;
  while (last > first && !index_of(last - 1)) --last;
  if (first == last)
    throw Error(fmt::format("no instant in common with the members, {} to {}; the reference has {}",
                            members.format(0), members.format(sources.hours - 1), span_text_of(reference)));
  for (std::int64_t hour = first; hour < last; ++hour) {
    if (!index_of(hour))
      throw Error(fmt::format("the instant {} is missing, at which members are scored; the reference has {}",
                              members.format(hour), span_text_of(reference)));
  }
  sources.first_reference_index = *index_of(first);
  sources.reference_stride = last - first > 1 ? *index_of(first + 1) - *index_of(first) : 1;
  sources.hours_without_reference = sources.hours - (last - first);
  sources.first_hour = first;
  sources.hours = last - first;
}

std::optional<io::FieldReader> open_reference(const SourceFiles& files,
                                              const std::vector<io::Variable>& variables,
                                              const grid::Grid& grid) {
  if (files.reference.empty()) return std::nullopt;
  io::FieldReader reader(files.reference, {.variables = wanted_of_reference(variables, files.reference_names),
                                           .crop = files.reference_crop,
                                           .longest_gap = 0,
                                           .overrules_standard_names = !files.reference_names.empty()});
  check_grid(grid, reader.grid());
  return reader;
}

/// The standard deviations of the observation error that a file states; empty if it states none.
std::vector<double> stated_in(const std::filesystem::path& path, const io::Attributes& attributes) {
  const auto found = attributes.find("foehn_observation_std");
  if (found == attributes.end()) return {};
  if (const auto* list = std::get_if<std::vector<double>>(&found->second)) return *list;
  if (const auto* number = std::get_if<double>(&found->second)) return {*number};
  throw Error(path.string() +
              ": global attribute foehn_observation_std is not a list of numbers in double precision");
}

}  // namespace

std::optional<std::int64_t> Sources::hours_since_observation(std::int64_t hour) const {
  if (hour < first_observed_hour) return std::nullopt;
  return (hour - first_observed_hour) % period;
}

Sources open_sources(const SourceFiles& files) {
  auto members = open_members(files.members);
  const auto& variables = members.front().variables();
  const auto& grid = members.front().grid();

  const std::string reference_context =
      "reference " + (files.reference.empty() ? "" : file_text(files.reference));
  auto reference =
      core::with_context(reference_context, [&] { return open_reference(files, variables, grid); });
  auto opened = core::with_context("observations", [&] {
    return io::open_coarse_sources(files.observations, variables,
                                   files.are_native ? io::Grids::any : io::Grids::of_priors);
  });
  std::vector<ObservationSeries> observations;
  std::optional<ObservedCells> cells;
  for (io::CoarseSource& source : opened) {
    core::with_context("observations " + file_text(source.files), [&] {
      ObservedCells own = observed_cells(source, grid, files);
      if (cells) check_same_cells(*cells, own);
      cells = std::move(own);
      observations.push_back(match_observation_times(members.front(), std::move(source)));
    });
  }

  std::vector<double> weights = cell_weights(grid);
  Sources sources{std::move(members), std::move(reference), std::move(observations), std::move(*cells),
                  std::move(weights)};
  set_clock(sources);
  const auto& times = sources.members.front().times();
  if (sources.reference)
    core::with_context(reference_context,
                       [&] { match_reference_times(times, sources.reference->times(), sources); });
  return sources;
}

std::vector<double> stated_observation_std(const std::vector<std::filesystem::path>& members,
                                           const std::vector<io::Variable>& variables) {
  const auto first = io::NetcdfFile::open(members.front()).global_attributes();
  if (!first.contains("version_realization")) return stated_in(members.front(), first);
  // The layout cordex: each file states what holds of its own variable.
  std::map<std::string, double> by_variable;
  for (const auto& path : members) {
    const auto attributes = io::NetcdfFile::open(path).global_attributes();
    const auto id = attributes.find("variable_id");
    const auto* name = id == attributes.end() ? nullptr : std::get_if<std::string>(&id->second);
    if (name == nullptr || by_variable.contains(*name)) continue;
    // A list of several is of all the run's variables, which the file does not name.
    if (const auto stated = stated_in(path, attributes); stated.size() == 1)
      by_variable.emplace(*name, stated.front());
    if (by_variable.size() == variables.size()) break;
  }
  std::vector<double> deviations;
  for (const io::Variable& variable : variables)
    if (const auto found = by_variable.find(variable.name); found != by_variable.end())
      deviations.push_back(found->second);
  return deviations.size() == variables.size() ? deviations : std::vector<double>{};
}

}  // namespace foehn::evaluation
