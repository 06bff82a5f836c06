#include "evaluation/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evaluation/climate_change_report.hpp"
#include "evaluation/score_table.hpp"

namespace foehn::evaluation {
namespace {

constexpr const char* kSkill = "skill";

/// Good up to the first limit, fair up to the second.
Rating rate(double distance, double good, double fair) {
  return distance <= good ? Rating::good : distance <= fair ? Rating::fair : Rating::poor;
}

void add_skill(std::vector<Verdict>& verdicts, const std::string& name, const HourScores& scores) {
  if (!scores.ensemble.fair_crps) return;
  double baseline = scores.interpolation.mae;
  std::string what = "the error of interpolated observations";
  const auto consider = [&](const std::optional<ErrorScores>& other, const char* of_what) {
    if (!other || baseline <= other->mae) return;
    baseline = other->mae;
    what = of_what;
  };
  consider(scores.anomaly_interpolation, "the error of interpolated anomalies");
  consider(scores.climatology, "the error of the climatology");
  if (!(baseline > 0)) return;
  const double ratio = *scores.ensemble.fair_crps / baseline;
  verdicts.push_back({rate(ratio, 0.8, 1), name, kSkill,
                      fmt::format("{}: the fair CRPS is {:.0f} % of {}", name, 100 * ratio, what)});
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
  verdicts.push_back({rating, name, "spread", text});
}

void add_bias(std::vector<Verdict>& verdicts, const io::Variable& variable, const HourScores& scores) {
  const ErrorScores& mean = scores.ensemble.mean;
  if (!(mean.rmse > 0)) return;
  verdicts.push_back(
      {rate(std::abs(mean.bias) / mean.rmse, 0.2, 0.5), variable.name, "bias",
       fmt::format("{}: the bias of the ensemble mean is {} {}, beside an RMSE of {} {}", variable.name,
                   number_text(mean.bias), variable.units, number_text(mean.rmse), variable.units)});
}

/// Where power differs most from the reference's.
std::string farthest_scale(const SpectrumRatios& spectrum) {
  const auto is_nearer = [](double one, double other) {
    return std::abs(std::log(one)) < std::abs(std::log(other));
  };
  const auto farthest = std::max_element(spectrum.members.begin(), spectrum.members.end(), is_nearer);
  const auto place = static_cast<std::size_t>(farthest - spectrum.members.begin());
  const std::string where = spectrum.degree.empty()
                                ? fmt::format("{:.3g} cells", spectrum.wavelength_cells[place])
                                : fmt::format("degree {:g}", spectrum.degree[place]);
  return fmt::format("; {} times at {}", number_text(*farthest), where);
}

void add_spectrum(std::vector<Verdict>& verdicts, const std::string& name, const SpectrumRatios& spectrum) {
  if (!spectrum.members_log_ratio) return;
  double sum = 0;
  for (const double ratio : spectrum.members) sum += std::log(ratio);
  const Rating rating = rate(*spectrum.members_log_ratio, std::log(1.15), std::log(1.5));
  std::string text =
      fmt::format("{}: the members' spatial power is within a factor of {:.2f} of the reference's on average",
                  name, std::exp(*spectrum.members_log_ratio));
  if (rating != Rating::good) text += (sum < 0 ? ", too smooth" : ", too rough") + farthest_scale(spectrum);
  verdicts.push_back({rating, name, "variability in space", text});
}

void add_agreement(std::vector<Verdict>& verdicts, const std::string& name, const VariableResults& scores) {
  if (!scores.is_observed || !scores.agreement.standard_deviation) return;
  verdicts.push_back(
      {rate(scores.agreement.rms, 1.25, 2), name, "agreement with the observations",
       fmt::format(
           "{}: block means lie {:.2f} standard deviations of the observation error from the observations",
           name, scores.agreement.rms)});
}

void add_seam(std::vector<Verdict>& verdicts, const std::string& name, const VariableResults& scores) {
  if (!scores.seam || !scores.seam->truth || !(*scores.seam->truth > 0) || !(scores.seam->members > 0))
    return;
  const double ratio = scores.seam->members / *scores.seam->truth;
  verdicts.push_back(
      {rate(std::abs(std::log(ratio)), std::log(1.2), std::log(1.5)), name, "seams at observed hours",
       fmt::format("{}: jumps at observed hours are {:.2f} times what they are in the reference", name,
                   std::sqrt(ratio))});
}

/// Compares a positive statistic of trajectories with the reference's.
/// @param good, fair  factors
void add_ratio(std::vector<Verdict>& verdicts, const Results& results, const std::string& variable,
               const std::string& name, double at, const std::string& topic, double good, double fair) {
  for (const TrajectoryStatistic& statistic : results.trajectories) {
    if (statistic.variable != variable || statistic.name != name || statistic.truth.empty()) continue;
    for (std::size_t place = 0; place < statistic.size(); ++place) {
      if (!statistic.abscissa.empty() && statistic.at[place] != at) continue;
      const double members = statistic.members[place], truth = statistic.truth[place];
      if (!(members > 0 && truth > 0)) return;
      const std::string units = statistic.units == "1" ? "" : " " + statistic.units;
      std::string subject = variable;
      std::replace(subject.begin(), subject.end(), '_', ' ');
      verdicts.push_back({rate(std::abs(std::log(members / truth)), std::log(good), std::log(fair)), subject,
                          topic,
                          fmt::format("{}: the {} is {}{} in the members, {}{} in the reference", subject,
                                      topic, number_text(members), units, number_text(truth), units)});
    }
  }
}

/// What users of wind ask for, which errors of its components do not say.
void add_wind(std::vector<Verdict>& verdicts, const Results& results) {
  add_ratio(verdicts, results, "wind_speed", "quantile", 0.99, "99 % quantile", 1.05, 1.15);
  add_ratio(verdicts, results, "wind_power", "capacity_factor", 0, "capacity factor", 1.05, 1.15);
  add_ratio(verdicts, results, "wind_power", "ramp_deviation", 1, "standard deviation of hourly changes", 1.1,
            1.25);
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
        {rate(found->rms / size, 0.15, 0.4), variable.name,
         "change of the " + statistic_text(change.statistic, variable),
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
    if (!results.were_drawn_from_observations) continue;
    add_agreement(verdicts, variable.name, scores);
    add_seam(verdicts, variable.name, scores);
  }
  add_wind(verdicts, results);
  add_signal(verdicts, results);
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [](const Verdict& one, const Verdict& other) { return one.rating > other.rating; });
  return verdicts;
}

std::string rating_text(Rating rating) {
  return rating == Rating::good ? "good" : rating == Rating::fair ? "fair" : "poor";
}

std::vector<Headline> headlines(const Results& results) {
  const std::vector<Verdict> all_verdicts = verdicts(results);
  const auto has_skill = [&](const std::string& subject) {
    return std::any_of(all_verdicts.begin(), all_verdicts.end(), [&](const Verdict& verdict) {
      return verdict.topic == kSkill && (subject.empty() || verdict.subject == subject);
    });
  };
  std::vector<Headline> headlines;
  for (const Verdict& verdict : all_verdicts) {
    const auto is_same = [&](const Headline& one) { return one.subject == verdict.subject; };
    auto found = std::find_if(headlines.begin(), headlines.end(), is_same);
    if (found == headlines.end()) found = headlines.insert(found, {verdict.subject, Rating::good, ""});
    found->rating = std::max(found->rating, verdict.rating);
  }
  for (Headline& headline : headlines) {
    std::string poor, fair;
    int good = 0, all = 0;
    for (const Verdict& verdict : all_verdicts) {
      if (verdict.subject != headline.subject) continue;
      ++all;
      if (verdict.rating == Rating::good) {
        ++good;
        continue;
      }
      std::string& list = verdict.rating == Rating::poor ? poor : fair;
      list += (list.empty() ? "" : ", ") + verdict.topic;
    }
    if (!poor.empty()) headline.text += "poor in " + poor + "; ";
    if (!fair.empty()) headline.text += "fair in " + fair + "; ";
    headline.text += good < all ? fmt::format("good in {} of {} respects", good, all)
                     : all > 1  ? fmt::format("good in all {} respects", all)
                                : "good in the one respect looked at";
    // Wind power that is right on average is of little use to one who asks about an hour.
    if (has_skill("") && !has_skill(headline.subject))
      headline.text += "; over the period as a whole, not hour by hour";
  }
  return headlines;
}

std::string answer_text(Rating rating) {
  return rating == Rating::good ? "yes" : rating == Rating::fair ? "mostly" : "only in part";
}

std::string verdicts_text(const Results& results) {
  std::string text;
  for (const Verdict& verdict : verdicts(results))
    text += fmt::format("  {}  {}\n", rating_text(verdict.rating), verdict.text);
  for (const std::string& doubt : results.doubts) text += "  note: " + doubt + "\n";
  if (text.empty()) return "";
  std::string answers;
  for (const Headline& headline : headlines(results))
    answers += fmt::format("  {}: {} - {}\n", headline.subject, answer_text(headline.rating), headline.text);
  if (answers.empty()) answers = "  nothing here says so\n";
  return "\nin short\n" + text + "\nmay the members be trusted?\n" + answers;
}

}  // namespace foehn::evaluation
