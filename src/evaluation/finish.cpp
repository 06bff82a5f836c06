#include "evaluation/finish.hpp"

#include <cmath>

namespace foehn::evaluation {
namespace {

HourScores finish(const HourSums& sums, bool has_climatology) {
  HourScores scores;
  scores.hours = sums.hours;
  scores.ensemble = evaluation::finish(sums.ensemble);
  scores.interpolation = evaluation::finish(sums.interpolation);
  if (has_climatology) scores.anomaly_interpolation = evaluation::finish(sums.anomaly_interpolation);
  return scores;
}

/// Scores over the rows [first, last) together; absent where they have no hours.
std::optional<HourScores> finish_together(const std::vector<HourSums>& rows, std::size_t first,
                                          std::size_t last, std::int64_t members, bool has_climatology) {
  HourSums sums(members);
  for (std::size_t row = first; row < last; ++row) add(sums, rows[row]);
  if (sums.hours == 0) return {};
  return finish(sums, has_climatology);
}

IncrementVariances finish(const IncrementSums& sums) {
  return {sums.hours, sums.truth.variance(), sums.members.variance(), sums.interpolation.variance()};
}

std::optional<SeamRatios> seam_of(const std::vector<IncrementSums>& rows) {
  IncrementSums others;
  for (std::size_t row = 1; row < rows.size(); ++row) add(others, rows[row]);
  const IncrementVariances at_observations = finish(rows.front()), elsewhere = finish(others);
  if (at_observations.hours == 0 || elsewhere.hours == 0 || !(elsewhere.members > 0)) return {};
  SeamRatios seam;
  seam.members = at_observations.members / elsewhere.members;
  if (elsewhere.truth > 0) seam.truth = at_observations.truth / elsewhere.truth;
  return seam;
}

SpatialSpectra finish(const SpectrumSums& sums, const RadialSpectrum& spectrum, std::int64_t members) {
  SpatialSpectra spectra;
  spectra.wavelength_cells = spectrum.wavelengths();
  const auto mean = [](const std::vector<double>& power, std::int64_t fields) {
    std::vector<double> means;
    for (const double sum : power) means.push_back(sum / static_cast<double>(fields));
    return means;
  };
  spectra.members = mean(sums.members, members * sums.hours);
  spectra.truth = mean(sums.truth, sums.hours);
  spectra.interpolation = mean(sums.interpolation, sums.hours);
  return spectra;
}

SpectrumRatios ratios_of(const SpatialSpectra& spectra) {
  SpectrumRatios ratios;
  for (std::size_t ring = 0; ring < spectra.truth.size(); ++ring) {
    if (!(spectra.truth[ring] > 0)) continue;
    ratios.wavelength_cells.push_back(spectra.wavelength_cells[ring]);
    ratios.members.push_back(spectra.members[ring] / spectra.truth[ring]);
    ratios.interpolation.push_back(spectra.interpolation[ring] / spectra.truth[ring]);
  }
  return ratios;
}

std::optional<double> mean_log_ratio(const std::vector<double>& ratios) {
  if (ratios.empty()) return std::nullopt;
  double sum = 0;
  for (const double ratio : ratios) sum += std::abs(std::log(ratio));
  const double mean = sum / static_cast<double>(ratios.size());
  return std::isfinite(mean) ? std::optional(mean) : std::nullopt;
}

ObservationAgreement finish(const AgreementSums& sums, std::optional<double> standard_deviation) {
  const ErrorScores errors = evaluation::finish(sums.errors);
  return {standard_deviation, errors.rmse, errors.bias,
          static_cast<double>(sums.missing) / static_cast<double>(sums.values)};
}

VariableResults finish(const VariableSums& sums, const RadialSpectrum& spectrum, bool has_climatology,
                       std::optional<double> standard_deviation) {
  VariableResults scores;
  const auto& rows = sums.by_hours_since_observation;
  const auto members = static_cast<std::int64_t>(sums.all_hours.ensemble.ranks.size()) - 1;
  scores.all_hours = finish(sums.all_hours, has_climatology);
  for (const HourSums& row : rows) scores.by_hours_since_observation.push_back(finish(row, has_climatology));
  for (const HourSums& row : sums.by_month) scores.by_month.push_back(finish(row, has_climatology));
  for (const HourSums& row : sums.by_hour_of_day)
    scores.by_hour_of_day.push_back(finish(row, has_climatology));
  scores.observed_hours = finish_together(rows, 0, 1, members, has_climatology);
  scores.hours_between = finish_together(rows, 1, rows.size(), members, has_climatology);
  for (const IncrementSums& row : sums.increments) scores.increments.push_back(finish(row));
  scores.seam = seam_of(sums.increments);
  scores.has_truth = sums.all_hours.ensemble.mean.count > 0;
  scores.is_observed = sums.agreement.errors.count > 0;
  scores.agreement = finish(sums.agreement, standard_deviation);
  scores.spectra = finish(sums.spectrum, spectrum, members);
  scores.spectrum = ratios_of(scores.spectra);
  scores.spectrum.members_log_ratio = mean_log_ratio(scores.spectrum.members);
  scores.spectrum.interpolation_log_ratio = mean_log_ratio(scores.spectrum.interpolation);
  return scores;
}

}  // namespace

std::vector<VariableResults> finish(const Results& what, const RadialSpectrum& spectrum,
                                    const std::vector<VariableSums>& sums) {
  std::vector<VariableResults> results;
  for (std::size_t variable = 0; variable < sums.size(); ++variable) {
    const std::optional<double> std =
        what.observation_std.empty() ? std::nullopt : std::optional(what.observation_std[variable]);
    results.push_back(finish(sums[variable], spectrum, what.has_climatology, std));
  }
  return results;
}

std::vector<VariableResults> finish_packed(const Results& what, const RadialSpectrum& spectrum,
                                           const std::vector<double>& packed) {
  std::vector<VariableSums> sums =
      no_sums(what.variables.size(), what.members, what.period, spectrum.wavelengths().size());
  add_packed(sums, packed);
  return finish(what, spectrum, sums);
}

}  // namespace foehn::evaluation
