#include "observing.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "foehn/conditioning/file_input.hpp"
#include "foehn/conditioning/simulation_input.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::job {

namespace {

constexpr double kMostOfVariable = 1e8;          // no error in a CF unit, nor a number of hours, is larger
constexpr std::int64_t kMostHours = 10'000'000;  // of a trajectory; a thousand years have fewer

/// One per variable of the domain, from words such as "tas=0.5".
std::vector<std::optional<double>> of_variables(const char* option, const std::vector<std::string>& words,
                                                const model::Domain& domain) {
  std::vector<std::optional<double>> all(domain.variables.size());
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    const auto variable =
        std::find_if(domain.variables.begin(), domain.variables.end(),
                     [&](const io::Variable& one) { return one.name == word.substr(0, equals); });
    double number = 0;
    const char* end = word.data() + word.size();
    const bool is_number = equals != std::string::npos &&
                           std::from_chars(word.data() + equals + 1, end, number).ptr == end && number > 0 &&
                           number <= kMostOfVariable;
    if (!is_number || variable == domain.variables.end())
      throw core::UsageError(
          fmt::format("{}: expected one of the prior's variables and a number above 0, such as {}=0.5, "
                      "found '{}'",
                      option, domain.variables.front().name, word));
    auto& of_variable = all[static_cast<std::size_t>(variable - domain.variables.begin())];
    if (of_variable) throw core::UsageError(fmt::format("{}: {} is given twice", option, variable->name));
    of_variable = number;
  }
  return all;
}

}  // namespace

std::unique_ptr<conditioning::ObservationInput> open_input(const Settings& settings,
                                                           const model::Domain& domain) {
  if (!settings.native_weights.empty() && !settings.has_native())
    throw core::UsageError(
        "observation.weights: applies only to input.observations with observation.operator native");
  if (settings.prepares() && settings.observation_operator == ObservationOperator::native)
    throw core::UsageError(
        "observation.operator: native takes input.observations as they are, but input.files are regridded to "
        "blocks");
  if (settings.prepares())
    return std::make_unique<conditioning::SimulationInput>(
        conditioning::SimulationInput::Settings{
            .preparation = settings.preparation,
            .missing_fraction = settings.missing_fraction,
            .domain_file = std::filesystem::path(settings.prior) / "domain.nc",
            .folder = settings.output,
            .start = settings.start,
            .hours = settings.hours,
            .may_replace = settings.restart},
        domain);
  if (settings.observations.empty() || settings.has_native()) return nullptr;
  return std::make_unique<conditioning::FileInput>(
      core::with_context("input.observations", [&] { return io::expand_files(settings.observations); }),
      domain, settings.missing_fraction);
}

std::unique_ptr<conditioning::NativeInput> open_native(const Settings& settings,
                                                       const model::Domain& domain) {
  if (!settings.has_native()) return nullptr;
  return std::make_unique<conditioning::NativeInput>(
      conditioning::NativeOptions{
          core::with_context("input.observations", [&] { return io::expand_files(settings.observations); }),
          settings.missing_fraction, settings.native_weights},
      domain);
}

std::unique_ptr<conditioning::PointInput> open_points(const Settings& settings, const model::Domain& domain) {
  if (settings.stations.empty()) return nullptr;
  conditioning::PointOptions options;
  options.files = core::with_context("input.stations", [&] { return io::expand_files(settings.stations); });
  options.interpolation = settings.interpolation;
  options.std = of_variables("stations.std", settings.station_std, domain);
  options.bias_std = of_variables("stations.bias_std", settings.station_bias, domain);
  options.correlation_hours = of_variables("stations.correlation", settings.station_correlation, domain);
  options.orography = settings.orography;
  options.lapse_rate = settings.lapse_rate;
  options.land_mask = settings.land_mask;
  options.withheld = settings.withheld;
  options.withheld_unit = settings.withheld_unit;
  options.withheld_seed = settings.withheld_seed;
  return std::make_unique<conditioning::PointInput>(std::move(options), domain);
}

conditioning::Period choose_period(const Settings& settings, const model::Domain& domain,
                                   const std::vector<conditioning::Series>& observations,
                                   const conditioning::PointInput* points) {
  conditioning::Period period;
  period.step_seconds = domain.step_seconds;
  period.calendar = domain.calendar;
  std::int64_t last_seconds = 0;
  if (!observations.empty()) {
    period.calendar = observations.front().calendar;
    period.first_seconds = observations.front().first_seconds();
    last_seconds = observations.front().last_seconds();
    for (const conditioning::Series& series : observations) {
      period.first_seconds = std::min(period.first_seconds, series.first_seconds());
      last_seconds = std::max(last_seconds, series.last_seconds());
    }
  } else if (points != nullptr) {
    const calendar::TimeAxis extent = points->extent();
    period.calendar = extent.calendar;
    period.first_seconds = extent.seconds.front();
    last_seconds = extent.seconds.back();
  } else if (settings.start.empty() || settings.hours == 0) {
    throw core::UsageError("time.start and time.hours: required when there are no observations");
  }
  if (!settings.start.empty())
    period.first_seconds = core::with_context("time.start", [&] {
      return calendar::to_seconds(calendar::parse_date_time(settings.start), period.calendar);
    });
  period.hours = settings.hours;
  if (period.hours == 0) {
    const std::int64_t span = last_seconds - period.first_seconds;
    period.hours = span / period.step_seconds + 1;
    if (span < 0)
      throw core::Error(
          fmt::format("time.start: {} is after the last observation, {}", settings.start,
                      calendar::format_date_time(calendar::from_seconds(last_seconds, period.calendar))));
  }
  if (period.hours > kMostHours)
    throw core::Error(fmt::format("time.hours: expected at most {}, found {}", kMostHours, period.hours));
  return period;
}

namespace {

/// As observation.std or observation.std_normalised say it.
std::vector<double> stated_std(const Settings& settings, const model::Domain& domain) {
  const std::size_t variables = domain.variables.size();
  const auto& physical = settings.observation_std;
  const auto& normalised = settings.observation_std_normalised;
  if (physical.empty() == normalised.empty())
    throw core::UsageError("give exactly one of observation.std and observation.std_normalised");
  if (!physical.empty()) {
    if (physical.size() != variables)
      throw core::UsageError(fmt::format("observation.std: expected one value per variable, {}, found {}",
                                         variables, physical.size()));
    return physical;
  }
  if (normalised.size() != 1 && normalised.size() != variables)
    throw core::UsageError(
        fmt::format("observation.std_normalised: expected one value, or one per variable, {}, found {}",
                    variables, normalised.size()));
  std::vector<double> result;
  const at::Tensor scale = domain.of_observations().normalisation.scale();
  for (std::size_t i = 0; i < variables; ++i)
    result.push_back(normalised[normalised.size() == 1 ? 0 : i] * scale.data_ptr<double>()[i]);
  return result;
}

}  // namespace

std::vector<double> physical_std(const Settings& settings, const model::Domain& domain) {
  std::vector<double> std = stated_std(settings, domain);
  for (double& one : std) one *= settings.inflation;
  return std;
}

void inflate(std::vector<conditioning::PointSet>& sets, double factor) {
  if (factor == 1) return;
  for (conditioning::PointSet& set : sets) {
    set.variance.mul_(factor * factor);
    set.bias_variance *= factor * factor;
    set.placement.bias_std *= factor;
    set.placement.least_std *= factor;
    set.placement.most_std *= factor;
  }
}

void say_unobserved(const Plan& plan, const model::Domain& domain) {
  std::set<std::int64_t> observed;
  for (const conditioning::Placement& placement : plan.observations)
    observed.insert(placement.variables.begin(), placement.variables.end());
  for (const conditioning::PointPlacement& placement : plan.points) observed.insert(placement.variable);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < domain.variables.size(); ++i)
    if (!observed.contains(static_cast<std::int64_t>(i))) names.push_back(domain.variables[i].name);
  if (!names.empty()) spdlog::info("not observed: {}", fmt::join(names, ", "));
}

}  // namespace foehn::job
