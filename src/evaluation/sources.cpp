#include "foehn/evaluation/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

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

std::string span_text(const TimeAxis& axis) {
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
                            span_text(found.times()), expected.times().size(), span_text(expected.times())));
  }
}

/// What members of one run share: files of an earlier run may lie in the same folder.
void check_same_run(const io::Attributes& first, const io::Attributes& other) {
  for (const char* name : {"foehn_options_digest", "foehn_prior_digest", "foehn_observations_digest"}) {
    const auto one = first.find(name), two = other.find(name);
    const bool has_one = one != first.end(), has_two = two != other.end();
    if (has_one != has_two || (has_one && one->second != two->second))
      throw Error(fmt::format("they come from different runs: their global attribute {} differs", name));
  }
}

std::vector<io::FieldReader> open_members(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) throw Error("no ensemble member given");
  std::vector<io::FieldReader> members;
  io::FieldSelection drawn;  // from a prior, perhaps beyond what is physical
  drawn.must_be_plausible = false;
  const io::Attributes first = io::NetcdfFile::open(files.front()).global_attributes();
  for (const auto& file : files) {
    members.emplace_back(std::vector{file}, drawn);
    core::with_context(fmt::format("member {} beside {}", file.string(), files.front().string()), [&] {
      check_same(members.front(), members.back());
      check_same_run(first, io::NetcdfFile::open(file).global_attributes());
    });
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

BlockGrid match_blocks(const grid::Grid& fine, const grid::Grid& coarse) {
  const std::int64_t block = std::max<std::int64_t>(1, fine.ny() / coarse.ny());
  if (coarse.ny() * block != fine.ny() || coarse.nx() * block != fine.nx()) {
    throw Error(fmt::format("grid: {} x {} points are not means over square blocks of the members' {} x {}",
                            coarse.ny(), coarse.nx(), fine.ny(), fine.nx()));
  }
  check_grid(grid::block_mean_grid(fine, block), coarse);
  return {fine.ny(), fine.nx(), block};
}

/// The position of an instant on an axis; nothing if it is not there.
std::optional<std::int64_t> find(const TimeAxis& axis, std::int64_t seconds) {
  const auto found = std::lower_bound(axis.seconds.begin(), axis.seconds.end(), seconds);
  if (found == axis.seconds.end() || *found != seconds) return std::nullopt;
  return found - axis.seconds.begin();
}

ObservationSeries match_observation_times(const io::FieldReader& member, io::CoarseSource source) {
  ObservationSeries series{std::move(source), 0, 1, 1};
  const TimeAxis& members = member.times();
  const TimeAxis& times = series.source.reader.times();
  check_calendar(members.calendar, times.calendar);
  const auto hour_of = [&](std::int64_t seconds) {
    if (const auto hour = find(members, seconds)) return *hour;
    throw Error(fmt::format("{} is not an instant of the members ({})",
                            calendar::format_date_time(calendar::from_seconds(seconds, times.calendar)),
                            span_text(members)));
  };
  // A snapshot covers its own hour, a mean the hours from its beginning up to its end, which is excluded.
  const auto covered = [&](const io::TimeSpan& span) {
    return series.source.is_mean ? hour_of(span.end - member.step_seconds()) - hour_of(span.begin) + 1 : 1;
  };
  const auto& spans = series.source.spans;
  series.first_hour = hour_of(spans.front().begin);
  series.covered_hours = covered(spans.front());
  if (spans.size() > 1) series.period = hour_of(spans[1].begin) - series.first_hour;
  for (std::int64_t i = 0; i < times.size(); ++i) {
    const io::TimeSpan& span = spans[static_cast<std::size_t>(i)];
    if (hour_of(span.begin) != series.first_hour + i * series.period || covered(span) != series.covered_hours)
      throw Error(
          fmt::format("the mean of {} covers other hours than those before it, which cover {} every {}",
                      times.format(i), series.covered_hours, series.period));
  }
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

void match_reference_times(const TimeAxis& members, const TimeAxis& reference, Sources& sources) {
  check_calendar(members.calendar, reference.calendar);
  std::vector<std::int64_t> indices;
  for (std::int64_t hour = 0; hour < sources.hours; ++hour) {
    const auto index = find(reference, members.seconds[static_cast<std::size_t>(hour)]);
    if (!index) {
      throw Error(fmt::format("the instant {} is missing, at which members are scored; the reference has {}",
                              members.format(hour), span_text(reference)));
    }
    indices.push_back(*index);
  }
  sources.first_reference_index = indices.front();
  sources.reference_stride = indices.size() > 1 ? indices[1] - indices[0] : 1;
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
      "reference " + core::with_context("reference", [&] { return file_text(files.reference); });
  auto reference = core::with_context(reference_context, [&] {
    io::FieldReader reader(files.reference,
                           {.variables = wanted_of_reference(variables, files.reference_names),
                            .crop = files.reference_crop,
                            .longest_gap = 0,
                            .overrules_standard_names = !files.reference_names.empty()});
    check_grid(grid, reader.grid());
    return reader;
  });
  auto opened = core::with_context("observations",
                                   [&] { return io::open_coarse_sources(files.observations, variables); });
  std::vector<ObservationSeries> observations;
  std::optional<BlockGrid> blocks;
  for (io::CoarseSource& source : opened) {
    core::with_context("observations " + file_text(source.files), [&] {
      const BlockGrid own = match_blocks(grid, source.reader.grid());
      if (blocks && blocks->block() != own.block())
        throw Error(fmt::format("blocks of {0} x {0} cells, but of {1} x {1} in other files", own.block(),
                                blocks->block()));
      blocks = own;
      observations.push_back(match_observation_times(members.front(), std::move(source)));
    });
  }

  Sources sources{std::move(members), std::move(reference), std::move(observations), std::move(*blocks)};
  set_clock(sources);
  const auto& times = sources.members.front().times();
  core::with_context(reference_context,
                     [&] { match_reference_times(times, sources.reference.times(), sources); });
  return sources;
}

std::vector<double> stated_observation_std(const std::filesystem::path& member) {
  const auto attributes = io::NetcdfFile::open(member).global_attributes();
  const auto found = attributes.find("foehn_observation_std");
  if (found == attributes.end()) return {};
  if (const auto* list = std::get_if<std::vector<double>>(&found->second)) return *list;
  if (const auto* number = std::get_if<double>(&found->second)) return {*number};
  throw Error(member.string() +
              ": global attribute foehn_observation_std is not a list of numbers in double precision");
}

}  // namespace foehn::evaluation
