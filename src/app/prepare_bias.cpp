#include "prepare_bias.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

using ingestion::ObservationStream;

ingestion::BiasMethod bias_method(const std::string& name) {
  if (name == "qm") return ingestion::BiasMethod::quantile_mapping;
  return name == "dqm" ? ingestion::BiasMethod::detrended_quantile_mapping
                       : ingestion::BiasMethod::quantile_delta_mapping;
}

void check_options(const PrepareOptions& options) {
  const bool makes = !options.reference.empty() || !options.historical.empty();
  if (options.bias_method == "none") {
    if (makes || !options.statistics.empty())
      throw core::UsageError(
          "bias.method: files for a bias correction are given, but the method is none; expected "
          "qm, dqm or qdm");
    return;
  }
  if (options.statistics.empty())
    throw core::UsageError(fmt::format("bias.statistics: {} needs a file of statistics, to read or to write",
                                       options.bias_method));
  if (makes && (options.reference.empty() || options.historical.empty()))
    throw core::UsageError("bias.reference and bias.historical: both are needed to make statistics");
}

/// The variables that hold snapshots, or those that hold means, in both runs alike.
void check_alike(const ObservationStream& scenario, const ObservationStream& historical) {
  if (scenario.variables() != historical.variables() ||
      scenario.sampling().interval != historical.sampling().interval)
    throw core::Error("bias.historical: its variables are not the snapshots and means of input.files");
}

}  // namespace

PreparedBias::PreparedBias(const PrepareOptions& options, const PrepareTarget& target,
                           const std::vector<ObservationStream>& streams)
    : options_(options) {
  check_options(options);
  if (options.bias_method == "none") return;
  if (!options.reference.empty()) {
    open_pairs(target, streams);
    return;
  }
  core::with_context("bias.statistics", [&] {
    calibrations_ = bias::read_calibrations(options.statistics);
    core::with_context(options.statistics, [&] {
      for (const ObservationStream& stream : streams)
        ingestion::check_calibrations(stream.variables(), calibrations_, stream.grid().cells());
    });
  });
}

void PreparedBias::open_pairs(const PrepareTarget& target, const std::vector<ObservationStream>& streams) {
  const RecordCut to_bias_period = [&](ingestion::Record& record) {
    check_date("bias.start", options_.bias_start, record.times().calendar);
    check_date("bias.end", options_.bias_end, record.times().calendar);
    record.select_period(options_.bias_start, options_.bias_end);
  };
  historical_ = core::with_context("bias.historical", [&] {
    return ingestion::make_streams(find_records(options_, target, options_.historical, to_bias_period),
                                   target.target);
  });
  if (historical_.size() != streams.size())
    throw core::Error("bias.historical: its variables are not the snapshots and means of input.files");
  for (std::size_t i = 0; i < streams.size(); ++i) {
    check_alike(streams[i], historical_[i]);
    PrepareTarget wanted = target;
    wanted.variables = streams[i].variables();
    core::with_context("bias.reference", [&] {
      // The reference has the prior's own names: those of the simulation's files do not hold for it.
      PrepareOptions by_name = options_;
      by_name.variables.clear();
      auto records = find_records(by_name, wanted, options_.reference, to_bias_period);
      pairs_.push_back({ingestion::coarse_record(std::move(records), streams[i].grid()), &historical_[i]});
    });
  }
}

void PreparedBias::estimate(const std::function<void()>& going_on) {
  if (pairs_.empty()) return;
  constexpr std::int64_t kPasses = 2;
  std::int64_t instants = 0;
  for (const Pair& pair : pairs_) instants += pair.reference.times.size() + pair.historical->times().size();
  core::Progress progress("estimating bias", kPasses * instants, "instants", true);
  for (const Pair& pair : pairs_) {
    ingestion::CalibrationOptions calibration;
    calibration.bins = options_.bias_bins;
    calibration.by_month = options_.bias_by_month;
    calibration.pooled = options_.bias_pooled;
    for (const io::Variable& variable : pair.historical->variables())
      calibration.kinds.push_back(
          bias::parse_kind(setting_of(options_.bias_kind, variable.name, "additive")));
    const auto made = core::with_context(options_.bias_by_month ? "bias (bias.by_month)" : "bias", [&] {
      return ingestion::calibrate(pair.historical->variables(), pair.reference,
                                  ingestion::coarse_record(*pair.historical), calibration,
                                  [&](std::int64_t more) {
                                    progress.advance(more);
                                    going_on();
                                  });
    });
    say_missing(*pair.historical);
    calibrations_.insert(calibrations_.end(), made.begin(), made.end());
  }
  bias::write_calibrations(options_.statistics, calibrations_);
}

std::optional<ingestion::BiasCorrection> PreparedBias::correction(
    ObservationStream& stream, const std::function<void()>& going_on) const {
  if (options_.bias_method == "none") return std::nullopt;
  const ingestion::BiasMethod method = bias_method(options_.bias_method);
  const std::int64_t passes = ingestion::passes_before(method);
  core::Progress progress("reading for bias", passes * stream.times().size(), "instants", passes > 0);
  return core::with_context("bias.method " + options_.bias_method, [&] {
    return ingestion::BiasCorrection(stream.variables(), calibrations_, method,
                                     ingestion::coarse_record(stream), [&](std::int64_t more) {
                                       progress.advance(more);
                                       going_on();
                                     });
  });
}

std::string PreparedBias::description() const {
  if (options_.bias_method == "none") return "";
  return fmt::format("{} with {}", options_.bias_method,
                     std::filesystem::path(options_.statistics).filename().string());
}

}  // namespace foehn::app
