#include "evaluation/score_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "foehn/evaluation/report.hpp"

namespace foehn::evaluation {
namespace {

/// Nothing if the observations reach no cell.
std::optional<double> if_observed(double score) {
  return std::isnan(score) ? std::nullopt : std::optional(score);
}

template <double ErrorScores::*score>
std::optional<double> of_anomaly_interpolation(const HourScores& scores) {
  if (!scores.anomaly_interpolation) return std::nullopt;
  return if_observed((*scores.anomaly_interpolation).*score);
}

const std::vector<ScoreKind>& all_score_kinds() {
  using Value = std::optional<double>;
  static const std::vector<ScoreKind> kinds = {
      {"fair_crps", "fair CRPS", true, [](const HourScores& s) { return s.ensemble.fair_crps; }},
      {"mae", "mean MAE", true, [](const HourScores& s) { return Value(s.ensemble.mean.mae); }},
      {"rmse", "mean RMSE", true, [](const HourScores& s) { return Value(s.ensemble.mean.rmse); }},
      {"bias", "mean bias", true, [](const HourScores& s) { return Value(s.ensemble.mean.bias); }},
      {"spread", "ensemble spread", true, [](const HourScores& s) { return s.ensemble.spread; }},
      {"spread_skill_ratio", "spread / skill", false,
       [](const HourScores& s) { return s.ensemble.spread_skill; }},
      {"interpolation_mae", "interp. MAE", true,
       [](const HourScores& s) { return if_observed(s.interpolation.mae); }},
      {"interpolation_rmse", "interp. RMSE", true,
       [](const HourScores& s) { return if_observed(s.interpolation.rmse); }},
      {"anomaly_interpolation_mae", "anomaly MAE", true, of_anomaly_interpolation<&ErrorScores::mae>},
      {"anomaly_interpolation_rmse", "anomaly RMSE", true, of_anomaly_interpolation<&ErrorScores::rmse>}};
  return kinds;
}

}  // namespace

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
  return fmt::format(
      "{} against the reference: {} hours, {} to {}; {} x {} cells; observations every {:g} h, blocks of {} "
      "x {} cells",
      members, results.hours, results.first_time, results.last_time, results.grid.ny(), results.grid.nx(),
      since_observation_hours(results, static_cast<std::size_t>(results.period)), results.block,
      results.block);
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
  return fmt::format(
      "variance of increments to observed hours over that of the others: members {:.3f}, truth {:.3f}",
      seam.members, seam.truth);
}

bool has_interpolation_spectrum(const VariableResults& scores) {
  const auto& ratios = scores.spectrum.interpolation;
  return scores.is_observed &&
         std::none_of(ratios.begin(), ratios.end(), [](double ratio) { return std::isnan(ratio); });
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

std::string scores_text(const Results& results) {
  constexpr int kWidth = 10;
  const auto kinds = score_kinds(results);
  std::string text = summary(results) + "\n";
  for (std::size_t index = 0; index < results.variables.size(); ++index) {
    const auto& variable = results.variables[index];
    const auto& scores = results.scores[index];
    std::string upper = fmt::format("{:>9}{:>7}", "hours", "");
    std::string lower = fmt::format("{:>9}{:>7}", "since obs", "hours");
    for (const auto& kind : kinds) {
      const auto gap = kind.heading.find(' ');
      upper += fmt::format("{:>{}}", kind.heading.substr(0, gap), kWidth);
      lower += fmt::format("{:>{}}", kind.heading.substr(gap + 1), kWidth);
    }
    text += fmt::format("\n{}\n{}\n{}\n", title(variable), upper, lower);
    const auto add_row = [&](const std::string& label, const HourScores& row) {
      text += fmt::format("{:>9}{:>7}", label, row.hours);
      for (const auto& kind : kinds) {
        const auto value = kind.value(row);
        text += fmt::format("{:>{}}", value ? number_text(*value) : "-", kWidth);
      }
      text += "\n";
    };
    for (std::size_t steps = 0; steps < scores.by_hours_since_observation.size(); ++steps) {
      add_row(fmt::format("{:g}", since_observation_hours(results, steps)),
              scores.by_hours_since_observation[steps]);
    }
    if (scores.observed_hours && scores.hours_between) {
      add_row("observed", *scores.observed_hours);
      add_row("between", *scores.hours_between);
    }
    add_row("all", scores.all_hours);
    if (scores.seam) text += seam_text(*scores.seam) + "\n";
    text += agreement_text(scores, variable.units) + "\n";
  }
  text += "\nmean: ensemble mean; interp.: interpolated observations";
  const bool has_anomalies = std::any_of(
      results.scores.begin(), results.scores.end(),
      [](const VariableResults& scores) { return scores.all_hours.anomaly_interpolation.has_value(); });
  if (has_anomalies)
    text += "; anomaly: interpolated anomalies of the observations from the prior's climatology";
  return text + "\n";
}

}  // namespace foehn::evaluation
