#include "prepared_bias.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bias_checks.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/ingestion/names.hpp"

namespace foehn::ingestion {

namespace {

void check_bias_options(const PreparationTask& options) {
  const bool makes = !options.reference.empty() || !options.historical.empty();
  const bool has_trend = !options.trend_start.empty() || !options.trend_end.empty();
  if (has_trend && (!options.bias_method || options.bias_method == BiasMethod::quantile_mapping))
    throw core::UsageError(
        fmt::format("bias.trend_start and bias.trend_end: only used by bias.method dqm and qdm, found {}",
                    core::name_of(options.bias_method)));
  if (!options.bias_method) {
    if (makes || !options.statistics.empty())
      throw core::UsageError(
          "bias.method: bias files are given, but the method is none; expected qm, dqm or qdm");
    return;
  }
  if (options.statistics.empty())
    throw core::UsageError(fmt::format("bias.statistics: {} needs a file of statistics, to read or to write",
                                       core::name_of(options.bias_method)));
  if (makes && (options.reference.empty() || options.historical.empty()))
    throw core::UsageError("bias.reference and bias.historical: both are needed to make statistics");
}

}  // namespace

PreparedBias::PreparedBias(const PreparationTask& options, const PreparationTarget& target,
                           const Streams& streams)
    : options_(options) {
  check_bias_options(options);
  if (!options.bias_method) return;
  if (!options.trend_start.empty() || !options.trend_end.empty()) open_trends(target, streams);
  if (!options.reference.empty()) {
    open_pairs(target, streams);
    return;
  }
  core::with_context("bias.statistics", [&] {
    statistics_ = bias::read_calibrations(options.statistics);
    core::with_context(options.statistics, [&] { check_statistics(statistics_, options, streams); });
  });
}

void PreparedBias::open_trends(const PreparationTarget& target, const Streams& streams) {
  const std::string names = "bias.trend_start, bias.trend_end";
  const RecordCut to_trend = [&](Record& record) {
    record.select_period(options_.trend_start, options_.trend_end, names);
  };
  trends_ = make_streams(find_records(options_, target, options_.files, to_trend), target.target);
  core::with_context(names, [&] { require_alike(trends_, streams, "what is prepared holds"); });
}

void PreparedBias::open_pairs(const PreparationTarget& target, const Streams& streams) {
  const RecordCut to_bias_period = [&](Record& record) {
    record.select_period(options_.bias_start, options_.bias_end, "bias.start, bias.end");
  };
  core::with_context("bias.historical", [&] {
    historical_ =
        make_streams(find_records(options_, target, options_.historical, to_bias_period), target.target);
    require_alike(historical_, streams, "input.files hold");
  });
  for (std::size_t i = 0; i < streams.size(); ++i) {
    PreparationTarget wanted = target;
    wanted.variables = streams[i].variables();
    core::with_context("bias.reference", [&] {
      // The reference has the prior's own names and cell_methods: what is said of the simulation's files does
      // not hold for it.
      PreparationTask by_name = options_;
      by_name.variables.clear();
      by_name.cell_methods = {};
      auto records = find_records(by_name, wanted, options_.reference, to_bias_period);
      pairs_.push_back({coarse_record(std::move(records), streams[i].grid()), &historical_[i]});
      require_alike(names_of(streams[i]), pairs_.back().reference.daily_times, daily_times(historical_[i]),
                    "bias.historical holds");
    });
  }
  statistics_.origin = origin_of(historical_, options_);
  warn_of_another_model(statistics_.origin.source_id, streams);
}

void PreparedBias::estimate() {
  if (pairs_.empty()) return;
  constexpr std::int64_t kPasses = 2;
  std::int64_t instants = 0;
  for (const Pair& pair : pairs_) instants += pair.reference.times.size() + pair.historical->times().size();
  core::Progress progress("estimating bias", kPasses * instants, "instants", true);
  for (const Pair& pair : pairs_) {
    CalibrationOptions calibration;
    calibration.bins = options_.bias_bins.value_or(calibration.bins);
    calibration.by_month = options_.bias_by_month.value_or(calibration.by_month);
    calibration.pooled = options_.bias_pooled.value_or(calibration.pooled);
    for (const io::Variable& variable : pair.historical->variables())
      calibration.kinds.push_back(options_.bias_kind.of(variable.name).value_or(bias::Kind::additive));
    const auto made = core::with_context(calibration.by_month ? "bias (bias.by_month)" : "bias", [&] {
      return calibrate(pair.historical->variables(), pair.reference, coarse_record(*pair.historical),
                       calibration, [&](std::int64_t more) { progress.advance(more); });
    });
    say_missing(*pair.historical);
    statistics_.calibrations.insert(statistics_.calibrations.end(), made.begin(), made.end());
  }
  bias::write_calibrations(options_.statistics, statistics_);
}

std::optional<BiasCorrection> PreparedBias::correction(ObservationStream& stream) {
  if (!options_.bias_method) return std::nullopt;
  const BiasMethod method = *options_.bias_method;
  const auto trend = std::find_if(trends_.begin(), trends_.end(), [&](const ObservationStream& other) {
    return other.variables() == stream.variables();
  });
  ObservationStream& scenario = trend == trends_.end() ? stream : *trend;
  const std::int64_t passes = passes_before(method);
  core::Progress progress("reading for bias", passes * scenario.times().size(), "instants", passes > 0);
  return core::with_context("bias.method " + core::name_of(options_.bias_method), [&] {
    return BiasCorrection(stream.variables(), statistics_.calibrations, method, coarse_record(scenario),
                          [&](std::int64_t more) { progress.advance(more); });
  });
}

std::string PreparedBias::description() const {
  if (!options_.bias_method) return "";
  std::string text = fmt::format("{} with {}", core::name_of(options_.bias_method),
                                 std::filesystem::path(options_.statistics).filename().string());
  if (!trends_.empty()) {
    const calendar::TimeAxis& times = trends_.front().times();
    text += fmt::format(", trend of {} to {}", times.format(0), times.format(times.size() - 1));
  }
  return text;
}

}  // namespace foehn::ingestion
