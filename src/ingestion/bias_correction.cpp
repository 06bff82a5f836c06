#include "foehn/ingestion/bias_correction.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::ingestion {

namespace {

using Variables = std::vector<io::Variable>;

/// Gives every pass its variable's field of every instant.
template <class Pass>
void run_passes(const CoarseRecord& record, const Variables& variables, std::vector<Pass>& passes,
                const Advanced& advanced) {
  std::vector<float> values(record.variables * static_cast<std::size_t>(record.cells));
  for (std::int64_t i = 0; i < record.times.size(); ++i) {
    record.read(i, values);
    for (std::size_t v = 0; v < passes.size(); ++v)
      core::with_context(variables[v].name, [&] {
        passes[v].add(std::span<const float>(values).subspan(v * static_cast<std::size_t>(record.cells),
                                                             static_cast<std::size_t>(record.cells)),
                      record.times.seconds[static_cast<std::size_t>(i)]);
      });
    advanced(1);
  }
}

/// @param may_lack  which months and cells may be without values
std::vector<bias::Summary> summaries_of(const CoarseRecord& record, const Variables& variables,
                                        const std::vector<bias::Layout>& layouts, bias::MayLack may_lack,
                                        const Advanced& advanced) {
  std::vector<bias::SummaryPass> passes;
  for (const bias::Layout& layout : layouts) passes.emplace_back(layout, record.times.calendar);
  run_passes(record, variables, passes, advanced);
  std::vector<bias::Summary> summaries;
  for (std::size_t v = 0; v < passes.size(); ++v) {
    summaries.push_back(passes[v].summary());
    bias::require_usable(summaries[v],
                         {fmt::format("{}: {}", record.files[v], variables[v].name), record.place}, may_lack);
  }
  return summaries;
}

std::vector<bias::Distribution> distributions_of(const CoarseRecord& record, const Variables& variables,
                                                 const std::vector<bias::Summary>& summaries,
                                                 const std::vector<bias::Bins>& bins,
                                                 const Advanced& advanced) {
  std::vector<bias::HistogramPass> passes;
  for (std::size_t v = 0; v < summaries.size(); ++v)
    passes.emplace_back(summaries[v], bins[v], record.times.calendar);
  run_passes(record, variables, passes, advanced);
  std::vector<bias::Distribution> distributions;
  for (const bias::HistogramPass& pass : passes) distributions.push_back(pass.distribution());
  return distributions;
}

}  // namespace

const bias::Calibration& calibration_of(const io::Variable& variable,
                                        const std::vector<bias::Calibration>& calibrations) {
  const auto found = std::find_if(calibrations.begin(), calibrations.end(), [&](const auto& calibration) {
    return calibration.variable == variable.name;
  });
  if (found == calibrations.end()) throw core::Error(fmt::format("no statistics of {}", variable.name));
  if (found->units != variable.units)
    throw core::Error(fmt::format("{}: its statistics are in {}, expected {}", variable.name, found->units,
                                  variable.units));
  if (found->standard_name != variable.standard_name)
    throw core::Error(fmt::format("{}: its statistics are of the standard name '{}', expected '{}'",
                                  variable.name, found->standard_name, variable.standard_name));
  return *found;
}

std::vector<bias::Calibration> calibrate(const Variables& variables, const CoarseRecord& reference,
                                         const CoarseRecord& historical, const CalibrationOptions& options,
                                         const Advanced& advanced) {
  const std::vector<bias::Layout> layouts(
      variables.size(), bias::Layout{options.by_month, options.pooled ? 0 : reference.cells});
  const auto observed = summaries_of(reference, variables, layouts, bias::MayLack::nothing, advanced);
  const auto simulated = summaries_of(historical, variables, layouts, bias::MayLack::whole_cells, advanced);
  std::vector<bias::Bins> bins;
  for (std::size_t v = 0; v < variables.size(); ++v)
    bins.push_back(core::with_context(
        variables[v].name, [&] { return bias::common_bins(observed[v], simulated[v], options.bins); }));
  const auto of_observed = distributions_of(reference, variables, observed, bins, advanced);
  const auto of_simulated = distributions_of(historical, variables, simulated, bins, advanced);
  std::vector<bias::Calibration> calibrations;
  for (std::size_t v = 0; v < variables.size(); ++v) {
    calibrations.push_back({variables[v].name, variables[v].units, options.kinds[v], of_observed[v],
                            of_simulated[v], historical.daily_times, variables[v].standard_name});
    bias::check_calibration(calibrations.back());
  }
  return calibrations;
}

std::int64_t passes_before(BiasMethod method) {
  if (method == BiasMethod::quantile_mapping) return 0;
  return method == BiasMethod::detrended_quantile_mapping ? 1 : 2;
}

BiasCorrection::BiasCorrection(const Variables& variables, const std::vector<bias::Calibration>& calibrations,
                               BiasMethod method, const CoarseRecord& scenario, const Advanced& advanced) {
  std::vector<bias::Calibration> own;
  std::vector<bias::Layout> layouts;
  for (const io::Variable& variable : variables) {
    own.push_back(calibration_of(variable, calibrations));
    layouts.push_back(own.back().observed.summary.layout);
  }
  if (method == BiasMethod::quantile_mapping) {
    for (const auto& calibration : own)
      corrections_.push_back(bias::Correction::quantile_mapping(calibration));
    return;
  }
  const auto summaries = summaries_of(scenario, variables, layouts, bias::MayLack::any, advanced);
  if (method == BiasMethod::detrended_quantile_mapping) {
    for (std::size_t v = 0; v < own.size(); ++v)
      corrections_.push_back(bias::Correction::detrended_quantile_mapping(own[v], summaries[v]));
    return;
  }
  std::vector<bias::Bins> bins;
  for (std::size_t v = 0; v < own.size(); ++v)
    bins.push_back(core::with_context(
        variables[v].name, [&] { return bias::scenario_bins(summaries[v], own[v].observed.bins.number); }));
  const auto distributions = distributions_of(scenario, variables, summaries, bins, advanced);
  for (std::size_t v = 0; v < own.size(); ++v)
    corrections_.push_back(bias::Correction::quantile_delta_mapping(own[v], distributions[v]));
}

void BiasCorrection::apply(std::span<float> values, std::int64_t seconds, calendar::Calendar calendar) {
  const std::size_t cells = values.size() / corrections_.size();
  for (std::size_t v = 0; v < corrections_.size(); ++v)
    corrections_[v].apply(values.subspan(v * cells, cells), seconds, calendar);
}

std::vector<std::int64_t> BiasCorrection::extrapolated() const {
  std::vector<std::int64_t> counts;
  for (const bias::Correction& correction : corrections_) counts.push_back(correction.extrapolated());
  return counts;
}

}  // namespace foehn::ingestion
