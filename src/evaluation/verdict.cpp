#include "evaluation/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/climate_change_report.hpp"
#include "evaluation/score_table.hpp"

namespace foehn::evaluation {
namespace {

/// Good up to the first limit, fair up to the second.
Rating rate(double distance, double good, double fair) {
  return distance <= good ? Rating::good : distance <= fair ? Rating::fair : Rating::poor;
}

void add_skill(std::vector<Verdict>& verdicts, const std::string& name, const HourScores& scores) {
  if (!scores.ensemble.fair_crps) return;
  double baseline = scores.interpolation.mae;
  std::string what = "the error of interpolated observations";
  if (scores.anomaly_interpolation && scores.anomaly_interpolation->mae < baseline) {
    baseline = scores.anomaly_interpolation->mae;
    what = "the error of interpolated anomalies";
  }
  if (!(baseline > 0)) return;
  const double ratio = *scores.ensemble.fair_crps / baseline;
  verdicts.push_back(
      {rate(ratio, 0.8, 1), fmt::format("{}: the fair CRPS is {:.0f} % of {}", name, 100 * ratio, what)});
}

void add_calibration(std::vector<Verdict>& verdicts, const std::string& name, const VariableResults& scores) {
  const auto& ratio = scores.all_hours.ensemble.debiased_spread_skill;
  if (!ratio || !(*ratio > 0)) return;
  const Rating rating = rate(std::abs(std::log(*ratio)), std::log(1.1), std::log(1.25));
  std::string text = fmt::format("{}: members spread {:.2f} times as much as they err", name, *ratio);
  if (rating != Rating::good) text += *ratio < 1 ? ", too little" : ", too much";
  // What is right on average may be wrong at some hours.
  double lowest = *ratio, highest = *ratio;
  for (const auto* rows : {&scores.by_month, &scores.by_hour_of_day})
    for (const HourScores& row : *rows)
      if (row.hours > 0 && row.ensemble.debiased_spread_skill) {
        lowest = std::min(lowest, *row.ensemble.debiased_spread_skill);
        highest = std::max(highest, *row.ensemble.debiased_spread_skill);
      }
  text += fmt::format(" ({:.2f} to {:.2f} by month and hour of the day)", lowest, highest);
  verdicts.push_back({rating, text});
}

void add_bias(std::vector<Verdict>& verdicts, const io::Variable& variable, const HourScores& scores) {
  const ErrorScores& mean = scores.ensemble.mean;
  if (!(mean.rmse > 0)) return;
  verdicts.push_back(
      {rate(std::abs(mean.bias) / mean.rmse, 0.2, 0.5),
       fmt::format("{}: the bias of the ensemble mean is {} {}, beside an RMSE of {} {}", variable.name,
                   number_text(mean.bias), variable.units, number_text(mean.rmse), variable.units)});
}

void add_spectrum(std::vector<Verdict>& verdicts, const std::string& name, const SpectrumRatios& spectrum) {
  if (!spectrum.members_log_ratio) return;
  double sum = 0;
  for (const double ratio : spectrum.members) sum += std::log(ratio);
  const Rating rating = rate(*spectrum.members_log_ratio, std::log(1.15), std::log(1.5));
  std::string text =
      fmt::format("{}: the members' spatial power is within a factor of {:.2f} of the reference's on average",
                  name, std::exp(*spectrum.members_log_ratio));
  if (rating != Rating::good) text += sum < 0 ? ", too smooth" : ", too rough";
  verdicts.push_back({rating, text});
}

void add_agreement(std::vector<Verdict>& verdicts, const std::string& name, const VariableResults& scores) {
  if (!scores.is_observed || !scores.agreement.standard_deviation) return;
  verdicts.push_back(
      {rate(scores.agreement.rms, 1.25, 2),
       fmt::format(
           "{}: block means lie {:.2f} standard deviations of the observation error from the observations",
           name, scores.agreement.rms)});
}

void add_seam(std::vector<Verdict>& verdicts, const std::string& name, const VariableResults& scores) {
  if (!scores.seam || !scores.seam->truth || !(*scores.seam->truth > 0) || !(scores.seam->members > 0))
    return;
  const double ratio = scores.seam->members / *scores.seam->truth;
  verdicts.push_back(
      {rate(std::abs(std::log(ratio)), std::log(1.2), std::log(1.5)),
       fmt::format("{}: jumps at observed hours are {:.2f} times what they are in the reference", name,
                   std::sqrt(ratio))});
}

void add_signal(std::vector<Verdict>& verdicts, const Results& results) {
  if (!results.climate_change) return;
  for (const StatisticChange& change : results.climate_change->changes) {
    if (change.season != Season::year || change.driving_model.empty()) continue;
    // Averages of local extremes are no extremes of averages: those are compared like with like.
    const bool is_mean = change.statistic == ClimateStatistic::mean;
    const auto found = difference(is_mean ? change.block_average : change.block_means, change.driving_model);
    double squares = 0, count = 0;
    for (const double value : change.driving_model)
      if (std::isfinite(value)) {
        squares += value * value;
        ++count;
      }
    const double size = std::sqrt(squares / count);
    if (!found || !(size > 0)) continue;
    const io::Variable& variable = results.variables[change.variable];
    verdicts.push_back(
        {rate(found->rms / size, 0.15, 0.4),
         fmt::format(
             "{}: the change of the {} differs by {} {} (rms) from the driving model's, which is {} {}",
             variable.name, statistic_text(change.statistic, variable), number_text(found->rms),
             variable.units, number_text(size), variable.units)});
  }
}

}  // namespace

std::vector<Verdict> verdicts(const Results& results) {
  std::vector<Verdict> verdicts;
  for (std::size_t index = 0; index < results.variables.size(); ++index) {
    const io::Variable& variable = results.variables[index];
    const VariableResults& scores = results.scores[index];
    add_skill(verdicts, variable.name, scores.all_hours);
    add_calibration(verdicts, variable.name, scores);
    add_bias(verdicts, variable, scores.all_hours);
    add_spectrum(verdicts, variable.name, scores.spectrum);
    add_agreement(verdicts, variable.name, scores);
    add_seam(verdicts, variable.name, scores);
  }
  add_signal(verdicts, results);
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [](const Verdict& one, const Verdict& other) { return one.rating > other.rating; });
  return verdicts;
}

std::string rating_text(Rating rating) {
  return rating == Rating::good ? "good" : rating == Rating::fair ? "fair" : "poor";
}

std::string verdicts_text(const Results& results) {
  std::string text;
  for (const Verdict& verdict : verdicts(results))
    text += fmt::format("  {}  {}\n", rating_text(verdict.rating), verdict.text);
  return text.empty() ? "" : "\nin short\n" + text;
}

}  // namespace foehn::evaluation
