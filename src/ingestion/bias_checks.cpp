#include "bias_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "foehn/core/error.hpp"
#include "foehn/ingestion/bias_correction.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "regridding_name.hpp"

namespace foehn::ingestion {

namespace {

/// What the files of all streams say of an attribute; empty if nothing.
std::string identity_of(const Streams& streams, const std::string& attribute) {
  std::set<std::string> values;
  for (const ObservationStream& stream : streams)
    for (const std::string& value : identities(attribute, stream.records())) values.insert(value);
  return fmt::format("{}", fmt::join(values, ", "));
}

std::string listed_files(const Streams& streams) {
  std::set<std::string> names;
  for (const ObservationStream& stream : streams)
    for (const Record& record : stream.records())
      for (const SourceFile& file : record.files()) names.insert(file.path.filename().string());
  return fmt::format("{}", fmt::join(names, ", "));
}

void refuse(const std::string& option, const std::string& given, const std::string& kept) {
  throw core::UsageError(fmt::format("{}: {}, but the statistics are of {}", option, given, kept));
}

/// @param date  of the first or last value behind the statistics
void check_date(const std::string& option, const std::string& given, const std::string& date) {
  if (given.empty()) return;
  const auto day = [](const std::string& text) {
    const calendar::DateTime parsed = calendar::parse_date_time(text);
    return calendar::DateTime{parsed.year, parsed.month, parsed.day};
  };
  if (core::with_context(option, [&] { return day(given); }) != day(date))
    refuse(option, given, fmt::format("a period {} {}", option == "bias.start" ? "from" : "to", date));
}

template <class Value>
void check_choice(const std::string& option, const std::optional<Value>& given, const Value& kept) {
  if (given && *given != kept) refuse(option, fmt::format("{}", *given), fmt::format("{}", kept));
}

void check_statistics_suit(const bias::CalibrationFile& statistics, const PreparationTask& options) {
  const bias::Distribution& distribution = statistics.calibrations.front().observed;
  check_choice("bias.bins", options.bias_bins, distribution.bins.number);
  check_choice("bias.by_month", options.bias_by_month, distribution.summary.layout.by_month);
  check_choice("bias.pooled", options.bias_pooled, distribution.summary.layout.cells == 0);
  check_date("bias.start", options.bias_start, statistics.origin.first_date);
  check_date("bias.end", options.bias_end, statistics.origin.last_date);
}

}  // namespace

bias::DailyTimes daily_times(const ObservationStream& stream) {
  return daily_times(stream.sampling(), stream.times());
}

void require_alike(const std::string& names, const bias::DailyTimes& found, const bias::DailyTimes& expected,
                   const std::string& of) {
  if (!bias::are_alike(found, expected))
    throw core::Error(fmt::format("{}: {}, but {} {}; what is compared must hold the same hours of the day",
                                  names, describe(found), of, describe(expected)));
}

void require_alike(const Streams& found, const Streams& expected, const std::string& of) {
  for (const ObservationStream& stream : found)
    for (const io::Variable& variable : stream.variables())
      for (const ObservationStream& other : expected)
        if (std::find(other.variables().begin(), other.variables().end(), variable) !=
            other.variables().end())
          require_alike(variable.name, daily_times(stream), daily_times(other), of);
}

bias::Origin origin_of(const Streams& historical, const PreparationTask& options) {
  bias::Origin origin;
  origin.regridding = regridding_name(options);
  origin.grid = historical.front().grid();
  for (const ObservationStream& stream : historical) {
    const calendar::TimeAxis ends = covered(stream.sampling(), stream.times());
    const std::string first = ends.format(0), last = ends.format(1);
    if (origin.first_date.empty() || first < origin.first_date) origin.first_date = first;
    if (last > origin.last_date) origin.last_date = last;
  }
  origin.source_id = identity_of(historical, "source_id");
  origin.experiment_id = identity_of(historical, "experiment_id");
  origin.simulated_files = listed_files(historical);
  std::vector<std::string> names;
  for (const std::filesystem::path& path : io::expand_files(options.reference))
    names.push_back(path.filename().string());
  origin.reference_files = fmt::format("{}", fmt::join(names, ", "));
  return origin;
}

void check_statistics(const bias::CalibrationFile& statistics, const PreparationTask& options,
                      const Streams& streams) {
  if (const auto difference = grid::difference(streams.front().grid(), statistics.origin.grid))
    throw core::Error(fmt::format("not of the grid of the observations: {}", *difference));
  if (regridding_name(options) != statistics.origin.regridding)
    refuse("regrid.method", regridding_name(options), statistics.origin.regridding);
  check_statistics_suit(statistics, options);
  for (const ObservationStream& stream : streams)
    for (const io::Variable& variable : stream.variables()) {
      const bias::Calibration& calibration = calibration_of(variable, statistics.calibrations);
      const std::optional<bias::Kind> kind = options.bias_kind.of(variable.name);
      if (kind && *kind != calibration.kind)
        refuse("bias.kind", fmt::format("{}={}", variable.name, bias::kind_name(*kind)),
               fmt::format("kind {}", bias::kind_name(calibration.kind)));
      require_alike(variable.name, calibration.daily_times, daily_times(stream), "input.files hold");
    }
  warn_of_another_model(statistics.origin.source_id, streams);
}

void warn_of_another_model(const std::string& historical_source_id, const Streams& scenario) {
  // No refusal: models are renamed from one version or archive to the next.
  const std::string source_id = identity_of(scenario, "source_id");
  if (!source_id.empty() && !historical_source_id.empty() && source_id != historical_source_id)
    spdlog::warn("the bias of {} is corrected in {} (source_id): one model's bias is not another's",
                 historical_source_id, source_id);
}

}  // namespace foehn::ingestion
