#include <fmt/format.h>

#include <algorithm>

#include "foehn/calendar/date_time.hpp"
#include "foehn/core/error.hpp"
#include "foehn/tuning/names.hpp"
#include "foehn/tuning/tune.hpp"

namespace foehn::tuning {

namespace {

enum Group : int { kStdGroup, kGammaGroup, kInflationGroup };

void check_range(const char* option, const Range& range) {
  if (range.least > 0 && range.most > range.least) return;
  throw core::UsageError(fmt::format("{}: expected two rising numbers above 0, found {:g} and {:g}", option,
                                     range.least, range.most));
}

bool uses_gamma(const job::Settings& settings, const model::Domain& domain) {
  const bool is_linear = !observation::any(domain.normalisation.transforms());
  return is_linear &&
         (settings.guidance == job::Guidance::sda || settings.guidance == job::Guidance::sda_exact);
}

void check_parameter(Parameter parameter, const job::Settings& settings, const model::Domain& domain) {
  const auto refuse = [&](const char* why) {
    throw core::UsageError(fmt::format("tune.parameters: {} {}", core::name_of(parameter), why));
  };
  if (parameter == Parameter::deviation && !settings.has_coarse())
    refuse("is of input.observations, which were not given; inflation is of input.stations too");
  if (parameter == Parameter::gamma && !uses_gamma(settings, domain))
    refuse("changes nothing unless sampler.guidance is sda or sda-exact, with a prior without transforms");
}

/// The instants of a date: a bare one is a whole day.
std::pair<std::int64_t, std::int64_t> span_of(const std::string& date, calendar::Calendar calendar) {
  const std::int64_t first = calendar::to_seconds(calendar::parse_date_time(date), calendar);
  const bool is_bare = date.find(':') == std::string::npos && date.find('T') == std::string::npos;
  return {first, is_bare ? first + calendar::kSecondsPerDay - 1 : first};
}

}  // namespace

std::vector<Parameter> choose_parameters(const job::Settings& settings, const model::Domain& domain) {
  std::vector<Parameter> chosen{settings.has_coarse() ? Parameter::deviation : Parameter::inflation};
  if (uses_gamma(settings, domain)) chosen.push_back(Parameter::gamma);
  return chosen;
}

std::vector<Dimension> dimensions_of(const Task& task, const model::Domain& domain) {
  check_range("tune.std", task.std_range);
  check_range("tune.gamma", task.gamma_range);
  check_range("tune.inflation", task.inflation_range);
  std::vector<Dimension> dimensions;
  for (const Parameter parameter :
       task.parameters.empty() ? choose_parameters(task.settings, domain) : task.parameters) {
    check_parameter(parameter, task.settings, domain);
    switch (parameter) {
      case Parameter::deviation:
        for (std::size_t i = 0; i < domain.variables.size(); ++i) {
          const double scale = domain.of_observations().normalisation.scale().data_ptr<double>()[i];
          dimensions.push_back(
              {fmt::format("std of {} ({})", domain.variables[i].name, domain.variables[i].units),
               task.std_range.least * scale, task.std_range.most * scale, kStdGroup, i});
        }
        break;
      case Parameter::gamma:
        dimensions.push_back({"gamma", task.gamma_range.least, task.gamma_range.most, kGammaGroup});
        break;
      case Parameter::inflation:
        dimensions.push_back(
            {"inflation", task.inflation_range.least, task.inflation_range.most, kInflationGroup});
    }
  }
  return dimensions;
}

job::Settings settings_of(const Task& task, const model::Domain& domain, const std::vector<double>& values) {
  job::Settings settings = task.settings;
  std::size_t next = 0;
  for (const Parameter parameter :
       task.parameters.empty() ? choose_parameters(task.settings, domain) : task.parameters) {
    switch (parameter) {
      case Parameter::deviation:
        settings.observation_std_normalised.clear();
        settings.observation_std.assign(
            values.begin() + static_cast<std::ptrdiff_t>(next),
            values.begin() + static_cast<std::ptrdiff_t>(next + domain.variables.size()));
        next += domain.variables.size();
        break;
      case Parameter::gamma:
        settings.gamma = values[next++];
        break;
      case Parameter::inflation:
        settings.inflation = values[next++];
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    settings.result_values += fmt::format("tune.value {} = {}\n", i, values[i]);
  return settings;
}

void check_reserved(const std::vector<std::string>& reserved, const conditioning::Period& period) {
  for (const std::string& text : reserved) {
    const auto slash = text.find('/');
    if (slash == std::string::npos)
      throw core::UsageError(
          fmt::format("tune.reserved: expected two dates, such as 2019-03-25/2019-03-31, found '{}'", text));
    try {
      const std::int64_t first = span_of(text.substr(0, slash), period.calendar).first,
                         last = span_of(text.substr(slash + 1), period.calendar).second;
      if (last < first) throw core::Error(fmt::format("expected rising dates, found '{}'", text));
      if (period.seconds(0) > last || period.seconds(period.hours - 1) < first) continue;
    } catch (core::Error& error) {
      throw core::UsageError(fmt::format("tune.reserved: {}", error.what()));
    }
    throw core::Error(fmt::format(
        "tune.reserved: {} will be scored, but the trajectory that is tuned on is {} to {} (time.start, "
        "time.hours): scores would be too good",
        text, period.date(0), period.date(period.hours - 1)));
  }
}

}  // namespace foehn::tuning
