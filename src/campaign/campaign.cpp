#include "foehn/campaign/campaign.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/field_layout.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::campaign {

namespace {

/// "20500101" of "2050-01-01".
std::string digits_of(std::string day) {
  std::erase(day, '-');
  return day;
}

/// Days of a calendar whose months all have 31, from "YYYYMMDD": what two files of a simulation may lie apart
/// by without a gap, whatever the calendar.
std::int64_t rough_days(const std::string& day) {
  const auto number = [&](std::size_t begin, std::size_t count) {
    return std::stoll(day.substr(begin, count));
  };
  return (number(0, 4) * 12 + number(4, 2)) * 31 + number(6, 2);
}

/// "2050-01-01" of "20500101".
std::string dashed(const std::string& day) {
  return fmt::format("{}-{}-{}", day.substr(0, 4), day.substr(4, 2), day.substr(6, 2));
}

/// From the last day of February to the first of March there are four rough days.
constexpr std::int64_t kMostRoughDays = 4;

/// What a variable's files do not reach of a period; empty if nothing.
/// @param files  in order of time, that reach into the period
std::string gap_in(const std::vector<const Cmip6File*>& files, const Period& period) {
  const std::string first = digits_of(period.first), last = digits_of(period.last);
  if (files.empty()) return fmt::format("none from {} to {}", period.first, period.last);
  if (files.front()->first_day > first) return fmt::format("begins on {}", dashed(files.front()->first_day));
  std::string reached = files.front()->last_day;
  for (const Cmip6File* file : files) {
    if (rough_days(file->first_day) - rough_days(reached) > kMostRoughDays)
      return fmt::format("none from {} to {}", dashed(reached), dashed(file->first_day));
    reached = std::max(reached, file->last_day);
  }
  if (reached < last) return fmt::format("ends on {}", dashed(reached));
  return "";
}

/// The files of a simulation.
struct Simulation {
  std::string model, variant, experiment;
  std::vector<const Cmip6File*> files;
};

/// @throws core::UsageError if a variable lies on several grids or in several tables
void check_is_one(const Simulation& simulation, const std::string& variable) {
  std::set<std::string> places;
  for (const Cmip6File* file : simulation.files)
    if (file->variable == variable) places.insert(fmt::format("{} on grid {}", file->table, file->grid));
  if (places.size() > 1)
    throw core::UsageError(fmt::format(
        "{} {} {}: {} is found in several places: {}; choose with input.tables, or leave folders out",
        simulation.model, simulation.experiment, simulation.variant, variable, fmt::join(places, ", ")));
}

Job job_of(const Simulation& simulation, const Period& period, const std::vector<std::string>& variables) {
  Job job{simulation.model, simulation.variant, period, {}, {}};
  const std::string first = digits_of(period.first), last = digits_of(period.last);
  for (const std::string& variable : variables) {
    check_is_one(simulation, variable);
    std::vector<const Cmip6File*> files;
    for (const Cmip6File* file : simulation.files)
      if (file->variable == variable && file->first_day <= last && file->last_day >= first)
        files.push_back(file);
    std::ranges::sort(files, {}, &Cmip6File::first_day);
    if (const std::string gap = gap_in(files, period); !gap.empty())
      job.missing.push_back(fmt::format("{}: {}", variable, gap));
    for (const Cmip6File* file : files) job.files.push_back(file->path);
  }
  return job;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

/// The words asked for, or, where none are, all that the files have.
std::vector<std::string> asked_or_found(const std::vector<std::string>& asked,
                                        const std::vector<const Cmip6File*>& files,
                                        std::string Cmip6File::*field) {
  if (!asked.empty()) return asked;
  std::set<std::string> found;
  for (const Cmip6File* file : files) found.insert(file->*field);
  return {found.begin(), found.end()};
}

std::vector<const Cmip6File*> where(const std::vector<const Cmip6File*>& files, std::string Cmip6File::*field,
                                    const std::string& value) {
  std::vector<const Cmip6File*> some;
  std::ranges::copy_if(files, std::back_inserter(some),
                       [&](const Cmip6File* file) { return file->*field == value; });
  return some;
}

}  // namespace

std::vector<Period> parse_periods(const std::vector<std::string>& texts) {
  std::vector<Period> periods;
  for (const std::string& text : texts) {
    const auto colon = text.find(':'), slash = text.find('/');
    const std::string complaint = fmt::format(
        "campaign.periods: expected EXPERIMENT:FIRST/LAST, such as ssp585:2050-01-01/2079-12-31, found '{}'",
        text);
    if (colon == std::string::npos || slash == std::string::npos || colon == 0 || slash < colon)
      throw core::UsageError(complaint);
    const auto day = [&](const std::string& given) {
      calendar::DateTime date;
      try {
        date = calendar::parse_date_time(given);
      } catch (const core::Error& error) {
        throw core::UsageError(fmt::format("{}: {}", complaint, error.what()));
      }
      if (date != calendar::DateTime{date.year, date.month, date.day} || date.year < 0 || date.year > 9999)
        throw core::UsageError(complaint + ": periods are of whole days");
      return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
    };
    const Period period{text.substr(0, colon), day(text.substr(colon + 1, slash - colon - 1)),
                        day(text.substr(slash + 1))};
    if (period.last < period.first) throw core::UsageError(complaint + ": it ends before it begins");
    if (std::ranges::find(periods, period) != periods.end())
      throw core::UsageError(fmt::format("campaign.periods: {} is given twice", text));
    periods.push_back(period);
  }
  return periods;
}

std::string Job::name() const {
  return fmt::format("{}_{}_{}_{}-{}", model, period.experiment, variant, digits_of(period.first),
                     digits_of(period.last));
}

std::filesystem::path Job::folder() const {
  return std::filesystem::path(model) / period.experiment / variant /
         fmt::format("{}-{}", digits_of(period.first), digits_of(period.last));
}

std::vector<Job> expand(const Settings& settings, const std::vector<Cmip6File>& files) {
  std::vector<const Cmip6File*> wanted;
  for (const Cmip6File& file : files)
    if (contains(settings.variables, file.variable) &&
        (settings.tables.empty() || contains(settings.tables, file.table)))
      wanted.push_back(&file);
  std::vector<Job> jobs;
  const std::vector<Period> periods = parse_periods(settings.periods);
  for (const std::string& model : asked_or_found(settings.models, wanted, &Cmip6File::model))
    for (const Period& period : periods) {
      const auto of_experiment =
          where(where(wanted, &Cmip6File::model, model), &Cmip6File::experiment, period.experiment);
      const bool is_asked_for = contains(settings.models, model);
      if (of_experiment.empty() && !is_asked_for) continue;
      std::vector<std::string> variants =
          asked_or_found(settings.variants, of_experiment, &Cmip6File::variant);
      if (variants.empty()) variants = {"any"};
      for (const std::string& variant : variants) {
        const Simulation simulation{model, variant, period.experiment,
                                    where(of_experiment, &Cmip6File::variant, variant)};
        jobs.push_back(job_of(simulation, period, settings.variables));
      }
    }
  return jobs;
}

calendar::Calendar calendar_of(const std::filesystem::path& file, const std::string& variable) {
  const io::NetcdfFile open = io::NetcdfFile::open(file);
  const io::FieldLayout layout =
      io::read_layout(open, {.name = variable, .standard_name = "", .units = ""}, io::Horizontal::or_mesh);
  return io::read_times(open, layout).calendar;
}

std::int64_t steps_of(const Period& period, calendar::Calendar calendar, std::int64_t step_seconds) {
  if (calendar::kSecondsPerDay % step_seconds != 0)
    throw core::Error(fmt::format("the prior's step, {}: a day is not a whole number of them",
                                  calendar::format_step(step_seconds)));
  const auto first = calendar::to_seconds(calendar::parse_date_time(period.first), calendar);
  const auto last = calendar::to_seconds(calendar::parse_date_time(period.last), calendar);
  return (last - first + calendar::kSecondsPerDay) / step_seconds;
}

}  // namespace foehn::campaign
