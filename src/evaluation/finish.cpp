#include "evaluation/finish.hpp"

#include <cmath>

#include "evaluation/reliability.hpp"

namespace foehn::evaluation {
namespace {

HourScores finish_hours(const HourSums& sums, bool has_climatology) {
  HourScores scores;
  scores.hours = sums.hours;
  scores.ensemble = finish(sums.ensemble);
  scores.interpolation = finish(sums.interpolation);
  if (sums.tails.count > 0) {
    scores.upper_tail_crps = sums.tails.upper / sums.tails.count;
    scores.lower_tail_crps = sums.tails.lower / sums.tails.count;
  }
  // A prior's climatology may be of some variables alone.
  if (has_climatology && sums.anomaly_interpolation.count > 0)
    scores.anomaly_interpolation = finish(sums.anomaly_interpolation);
  if (sums.climatology.count > 0) scores.climatology = finish(sums.climatology);
  return scores;
}

/// Scores over the rows [first, last) together; absent where they have no hours.
std::optional<HourScores> finish_together(const std::vector<HourSums>& rows, std::size_t first,
                                          std::size_t last, std::int64_t members, bool has_climatology) {
  HourSums sums(members);
  for (std::size_t row = first; row < last; ++row) add(sums, rows[row]);
  if (sums.hours == 0) return {};
  return finish_hours(sums, has_climatology);
}

IncrementVariances finish_increments(const IncrementSums& sums) {
  return {sums.hours, sums.truth.variance(), sums.members.variance(), sums.interpolation.variance()};
}

std::optional<SeamRatios> seam_of(const std::vector<IncrementSums>& rows) {
  IncrementSums others;
  for (std::size_t row = 1; row < rows.size(); ++row) add(others, rows[row]);
  const IncrementVariances at_observations = finish_increments(rows.front()),
                           elsewhere = finish_increments(others);
  if (at_observations.hours == 0 || elsewhere.hours == 0 || !(elsewhere.members > 0)) return {};
  SeamRatios seam;
  seam.members = at_observations.members / elsewhere.members;
  if (elsewhere.truth > 0) seam.truth = at_observations.truth / elsewhere.truth;
  return seam;
}

SpatialSpectra finish_spectra(const SpectrumSums& sums, const SpatialSpectrum& spectrum,
                              std::int64_t members) {
  SpatialSpectra spectra;
  spectra.wavelength_cells = spectrum.wavelengths();
  spectra.degree = spectrum.degrees();
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
    if (!spectra.wavelength_cells.empty()) ratios.wavelength_cells.push_back(spectra.wavelength_cells[ring]);
    if (!spectra.degree.empty()) ratios.degree.push_back(spectra.degree[ring]);
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

ObservationAgreement finish_agreement(const AgreementSums& sums, std::optional<double> standard_deviation) {
  const ErrorScores errors = finish(sums.errors);
  return {standard_deviation, errors.rmse, errors.bias,
          static_cast<double>(sums.missing) / static_cast<double>(sums.values)};
}

/// Absent of nothing.
std::optional<double> mean_or_absent(double sum, std::int64_t count) {
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

VariableResults finish_variable(const VariableSums& sums, const SpatialSpectrum& spectrum,
                                bool has_climatology, std::optional<double> standard_deviation) {
  VariableResults scores;
  const auto& rows = sums.by_hours_since_observation;
  const auto members = static_cast<std::int64_t>(sums.all_hours.ensemble.ranks.size()) - 1;
  scores.all_hours = finish_hours(sums.all_hours, has_climatology);
  for (const HourSums& row : rows)
    scores.by_hours_since_observation.push_back(finish_hours(row, has_climatology));
  for (const HourSums& row : sums.by_month) scores.by_month.push_back(finish_hours(row, has_climatology));
  for (const HourSums& row : sums.by_hour_of_day)
    scores.by_hour_of_day.push_back(finish_hours(row, has_climatology));
  scores.observed_hours = finish_together(rows, 0, 1, members, has_climatology);
  scores.hours_between = finish_together(rows, 1, rows.size(), members, has_climatology);
  for (const IncrementSums& row : sums.increments) scores.increments.push_back(finish_increments(row));
  scores.seam = seam_of(sums.increments);
  scores.has_truth = sums.all_hours.ensemble.mean.count > 0;
  scores.is_observed = sums.agreement.errors.count > 0;
  scores.agreement = finish_agreement(sums.agreement, standard_deviation);
  scores.spectra = finish_spectra(sums.spectrum, spectrum, members);
  scores.spectrum = ratios_of(scores.spectra);
  scores.spectrum.members_log_ratio = mean_log_ratio(scores.spectrum.members);
  scores.spectrum.interpolation_log_ratio = mean_log_ratio(scores.spectrum.interpolation);
  scores.upper_event = finish(sums.above);
  scores.lower_event = finish(sums.below);
  const SimilaritySums& similarity = sums.similarity;
  scores.members_similarity = mean_or_absent(similarity.members, similarity.member_fields);
  scores.interpolation_similarity = mean_or_absent(similarity.interpolation, similarity.interpolation_fields);
  return scores;
}

std::optional<double> correlation(const PairSums& sums) {
  const double n = sums.count;
  const double first = sums.first / n, second = sums.second / n;
  const double covariance = sums.product / n - first * second;
  const double first_variance = sums.first_squared / n - first * first;
  const double second_variance = sums.second_squared / n - second * second;
  if (!(first_variance > 0 && second_variance > 0)) return std::nullopt;
  return covariance / std::sqrt(first_variance * second_variance);
}

std::optional<double> tail_dependence(const PairSums& sums) {
  if (sums.high == 0) return std::nullopt;
  return sums.both_high / sums.high;
}

double joint_exceedance(const PairSums& sums) {
  return sums.both_high / sums.count;
}

JointResults finish_joint(const Results& what, const JointSums& sums) {
  JointResults joint;
  joint.tiles = sums.tiles;
  if (sums.tiles > 0) {
    joint.energy_score = sums.energy / static_cast<double>(sums.tiles);
    joint.variogram_score = sums.variogram / static_cast<double>(sums.tiles);
  }
  std::size_t pair = 0;
  for (std::size_t i = 0; i < what.variables.size(); ++i) {
    for (std::size_t j = i + 1; j < what.variables.size(); ++j, ++pair) {
      const PairSums &truth = sums.truth[pair], &members = sums.members[pair];
      if (truth.count == 0) continue;
      joint.pairs.push_back({what.variables[i].name, what.variables[j].name, correlation(truth),
                             correlation(members), tail_dependence(truth), tail_dependence(members),
                             joint_exceedance(truth), joint_exceedance(members)});
    }
  }
  return joint;
}

}  // namespace

Finished finish(const Results& what, const SpatialSpectrum& spectrum, const BlockSums& sums) {
  Finished finished;
  for (std::size_t variable = 0; variable < sums.variables.size(); ++variable) {
    const std::optional<double> std =
        what.observation_std.empty() ? std::nullopt : std::optional(what.observation_std[variable]);
    finished.variables.push_back(
        finish_variable(sums.variables[variable], spectrum, what.has_climatology, std));
  }
  finished.joint = finish_joint(what, sums.joint);
  return finished;
}

Finished finish_packed(const Results& what, const SpatialSpectrum& spectrum,
                       const std::vector<double>& packed) {
  BlockSums sums = no_sums(what.variables.size(), what.members, what.period, spectrum.size());
  add_packed(sums, packed);
  return finish(what, spectrum, sums);
}

}  // namespace foehn::evaluation
