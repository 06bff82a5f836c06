#include "evaluation/score_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/bootstrap.hpp"
#include "foehn/grid/reduced_gaussian.hpp"

namespace foehn::evaluation {
namespace {

/// Absent where it is not defined: without a reference, or where no cell has the observations.
std::optional<double> if_defined(double score) {
  return std::isnan(score) ? std::nullopt : std::optional(score);
}

/// Of a baseline that needs a climatology.
template <std::optional<ErrorScores> HourScores::*baseline, double ErrorScores::*score>
std::optional<double> of_baseline(const HourScores& scores) {
  const std::optional<ErrorScores>& errors = scores.*baseline;
  return errors ? if_defined((*errors).*score) : std::nullopt;
}

}  // namespace

grid::Grid observed_grid(const Results& results) {
  return results.native_grid ? *results.native_grid : grid::block_mean_grid(results.grid, results.block);
}

std::string spectrum_meaning(const SpatialSpectra& spectra) {
  if (spectra.degree.empty())
    return "mean squared coefficients of orthonormal cosine transforms, summed over rings of wave number";
  return "variance by degree of spherical harmonics: squared coefficients of harmonics of mean square 1, "
         "summed over "
         "orders";
}

const std::vector<ScoreKind>& all_score_kinds() {
  static const std::vector<ScoreKind> kinds = {
      {"fair_crps", "fair CRPS", true, true, Best::lowest,
       [](const HourScores& s) { return s.ensemble.fair_crps; }},
      {"mae", "mean MAE", true, true, Best::lowest,
       [](const HourScores& s) { return if_defined(s.ensemble.mean.mae); }},
      {"rmse", "mean RMSE", true, true, Best::lowest,
       [](const HourScores& s) { return if_defined(s.ensemble.mean.rmse); }},
      {"bias", "mean bias", true, true, Best::zero,
       [](const HourScores& s) { return if_defined(s.ensemble.mean.bias); }},
      {"spread", "ensemble spread", true, true, Best::unknown,
       [](const HourScores& s) { return s.ensemble.spread; }},
      {"spread_skill_ratio", "spread / skill", false, true, Best::one,
       [](const HourScores& s) { return s.ensemble.spread_skill; }},
      {"debiased_spread_skill_ratio", "spread / debiased", false, true, Best::one,
       [](const HourScores& s) { return s.ensemble.debiased_spread_skill; }},
      {"upper_tail_crps", "upper twCRPS", true, true, Best::lowest,
       [](const HourScores& s) { return s.upper_tail_crps; }},
      {"lower_tail_crps", "lower twCRPS", true, true, Best::lowest,
       [](const HourScores& s) { return s.lower_tail_crps; }},
      {"interpolation_mae", "interp. MAE", true, false, Best::lowest,
       [](const HourScores& s) { return if_defined(s.interpolation.mae); }},
      {"interpolation_rmse", "interp. RMSE", true, false, Best::lowest,
       [](const HourScores& s) { return if_defined(s.interpolation.rmse); }},
      {"anomaly_interpolation_mae", "anomaly MAE", true, false, Best::lowest,
       of_baseline<&HourScores::anomaly_interpolation, &ErrorScores::mae>},
      {"anomaly_interpolation_rmse", "anomaly RMSE", true, false, Best::lowest,
       of_baseline<&HourScores::anomaly_interpolation, &ErrorScores::rmse>},
      {"climatology_mae", "climatology MAE", true, false, Best::lowest,
       of_baseline<&HourScores::climatology, &ErrorScores::mae>},
      {"climatology_rmse", "climatology RMSE", true, false, Best::lowest,
       of_baseline<&HourScores::climatology, &ErrorScores::rmse>}};
  return kinds;
}

std::vector<ScoreKind> score_kinds(const Results& results) {
  std::vector<ScoreKind> kinds;
  for (const auto& kind : all_score_kinds()) {
    const auto has_kind = [&](const VariableResults& scores) {
      return kind.value(scores.all_hours).has_value();
    };
    if (std::any_of(results.scores.begin(), results.scores.end(), has_kind)) kinds.push_back(kind);
  }
  return kinds;
}

std::string summary(const Results& results) {
  const std::string members = results.members > 1
                                  ? fmt::format("{} members", results.members)
                                  : "1 member (its MAE stands for the CRPS; fair CRPS and spread need two)";
  const std::string hours = results.step_hours == 1
                                ? fmt::format("{} hours", results.hours)
                                : fmt::format("{} steps of {:g} h", results.hours, results.step_hours);
  const std::string observed = results.native_grid ? "on a grid of " + grid::cells_text(*results.native_grid)
                                                   : fmt::format("blocks of {0} x {0} cells", results.block);
  return fmt::format("{} {}: {}, {} to {}; {}; observations every {:g} h, {}", members,
                     results.has_reference ? "against the reference" : "without a reference", hours,
                     results.first_time, results.last_time, grid::cells_text(results.grid),
                     since_observation_hours(results, static_cast<std::size_t>(results.period)), observed);
}

std::string agreement_text(const VariableResults& scores, const std::string& units) {
  if (!scores.is_observed) return "not observed";
  const ObservationAgreement& agreement = scores.agreement;
  const std::string missing =
      agreement.missing_fraction > 0
          ? fmt::format(
                "; {:.3g} % of the observations are missing, and interpolation is scored where it "
                "needs none of them",
                100 * agreement.missing_fraction)
          : "";
  if (agreement.standard_deviation) {
    return fmt::format(
        "members' block means minus observations: rms {:.3f}, mean {:+.3f} standard deviations ({:.4g} {}){}",
        agreement.rms, agreement.mean, *agreement.standard_deviation, units, missing);
  }
  return fmt::format(
      "members' block means minus observations: rms {:.4g} {}, mean {:+.4g} {} (standard deviation not "
      "known){}",
      agreement.rms, units, agreement.mean, units, missing);
}

std::string seam_text(const SeamRatios& seam) {
  return fmt::format("variance of increments to observed hours over that of the others: members {:.3f}{}",
                     seam.members, seam.truth ? fmt::format(", reference {:.3f}", *seam.truth) : "");
}

bool has_interpolation_spectrum(const VariableResults& scores) {
  const auto& power = scores.spectra.interpolation;
  return scores.is_observed &&
         std::none_of(power.begin(), power.end(), [](double one) { return std::isnan(one); });
}

double since_observation_hours(const Results& results, std::size_t steps) {
  return static_cast<double>(steps) * results.step_hours;
}

std::string title(const io::Variable& variable) {
  const std::string meaning = variable.standard_name.empty() ? "" : " (" + variable.standard_name + ")";
  return fmt::format("{}{} [{}]", variable.name, meaning, variable.units);
}

std::string number_text(double value) {
  return value != 0 && std::abs(value) < 1e-3 ? fmt::format("{:.1e}", value) : fmt::format("{:.4g}", value);
}

std::string number_text(double value, const std::optional<Interval>& interval) {
  if (!interval) return number_text(value);
  return fmt::format("{} ({} to {})", number_text(value), number_text(interval->low),
                     number_text(interval->high));
}

std::string number_text(double value, const HourScores& row, const std::string& kind) {
  const auto found = row.intervals.find(kind);
  return number_text(value, found == row.intervals.end() ? std::nullopt : std::optional(found->second));
}

bool has_too_few_blocks(const Results& results) {
  return results.blocks < static_cast<std::int64_t>(kFewestBootstrapBlocks);
}

std::string too_few_blocks_text(const Results& results) {
  return fmt::format("no intervals: there {} {} block{} of days, and {} are needed",
                     results.blocks == 1 ? "is" : "are", results.blocks, results.blocks == 1 ? "" : "s",
                     kFewestBootstrapBlocks);
}

std::optional<double> correlation_error(const PairResults& pair) {
  if (!pair.members_correlation || !pair.truth_correlation) return std::nullopt;
  return *pair.members_correlation - *pair.truth_correlation;
}

std::optional<double> brier_skill(const std::optional<EventReliability>& event) {
  if (!event || !(event->uncertainty > 0)) return std::nullopt;
  return 1 - event->fair_brier_score.value_or(event->brier_score) / event->uncertainty;
}

}  // namespace foehn::evaluation
