#include "evaluation/overall_scores.hpp"

#include <fmt/format.h>

#include <cmath>

#include "evaluation/score_table.hpp"
#include "evaluation/trajectory_report.hpp"

namespace foehn::evaluation {
namespace {

/// Adds scores of one subject.
class Subject {
 public:
  Subject(std::vector<OverallScore>& scores, std::string subject, std::string key)
      : scores_(scores), subject_(std::move(subject)), key_(std::move(key)) {}

  void add(const std::string& name, const std::string& heading, const std::string& units, Best best,
           const std::optional<double>& value) {
    const bool is_defined = value && std::isfinite(*value);
    scores_.push_back({subject_,
                       name,
                       key_.empty() ? name : key_ + "_" + name,
                       heading,
                       units,
                       best,
                       is_defined ? value : std::nullopt,
                       std::nullopt,
                       {}});
  }

 private:
  std::vector<OverallScore>& scores_;
  std::string subject_, key_;
};

void add_event(Subject& subject, const std::string& name, const std::string& heading,
               const std::optional<EventReliability>& event) {
  const auto of = [&](double EventReliability::*value) {
    return event ? std::optional((*event).*value) : std::nullopt;
  };
  subject.add(name + "_brier_skill", "Brier skill " + heading, "1", Best::highest, brier_skill(event));
  subject.add(name + "_brier_score", "Brier score " + heading, "1", Best::lowest,
              of(&EventReliability::brier_score));
  subject.add(name + "_fair_brier_score", "fair Brier " + heading, "1", Best::lowest,
              event ? event->fair_brier_score : std::nullopt);
  subject.add(name + "_reliability", "reliability " + heading, "1", Best::lowest,
              of(&EventReliability::reliability));
}

std::optional<double> difference_of(const std::optional<double>& members,
                                    const std::optional<double>& truth) {
  if (!members || !truth) return std::nullopt;
  return *members - *truth;
}

/// Is it a distance from the truth already?
bool is_distance(const TrajectoryStatistic& statistic) {
  return statistic.name == "wasserstein_1" || statistic.name == "kullback_leibler" ||
         statistic.name == "sliced_wasserstein";
}

}  // namespace

std::string subject_of(const PairResults& pair) {
  return pair.first + " and " + pair.second;
}

std::vector<OverallScore> overall_scores(const Results& what, const std::vector<VariableResults>& scores,
                                         const JointResults& joint) {
  std::vector<OverallScore> overall;
  for (std::size_t index = 0; index < scores.size(); ++index) {
    const io::Variable& variable = what.variables[index];
    const VariableResults& of_variable = scores[index];
    Subject subject(overall, variable.name, variable.name);
    for (const ScoreKind& kind : all_score_kinds())
      if (kind.is_of_members)
        subject.add(kind.name, kind.heading, kind.has_unit ? variable.units : "1", kind.best,
                    kind.value(of_variable.all_hours));
    subject.add("spectrum_log_ratio", "spectra: log ratio", "1", Best::lowest,
                of_variable.spectrum.members_log_ratio);
    add_event(subject, "upper_event", "above 95 %", of_variable.upper_event);
    add_event(subject, "lower_event", "below 5 %", of_variable.lower_event);
    subject.add("structural_similarity", "SSIM", "1", Best::highest, of_variable.members_similarity);
  }
  for (const PairResults& pair : joint.pairs) {
    Subject subject(overall, subject_of(pair), pair.first + "_" + pair.second);
    subject.add("correlation_error", "correlation error", "1", Best::zero, correlation_error(pair));
    subject.add("tail_dependence_error", "tail dep. error", "1", Best::zero,
                difference_of(pair.members_tail_dependence, pair.truth_tail_dependence));
    subject.add("joint_exceedance_error", "joint exc. error", "1", Best::zero,
                difference_of(pair.members_joint_exceedance, pair.truth_joint_exceedance));
  }
  Subject all(overall, kAllVariables, "");
  all.add("energy_score", "energy score", "1", Best::lowest, joint.energy_score);
  all.add("variogram_score", "variogram score", "1", Best::lowest, joint.variogram_score);
  return overall;
}

std::vector<OverallScore> overall_scores(const std::vector<TrajectoryStatistic>& statistics) {
  std::vector<OverallScore> overall;
  for (const TrajectoryStatistic& statistic : statistics) {
    for (std::size_t place = 0; place < statistic.size() && !statistic.truth.empty(); ++place) {
      if (!comes_first(statistic, place)) continue;
      const std::string ending = is_distance(statistic) ? "" : "_error";
      Subject subject(overall, statistic.variable, statistic.variable);
      subject.add(key_of(statistic, place) + ending,
                  name_text(statistic, place) + (ending.empty() ? "" : " error"), statistic.units,
                  ending.empty() ? Best::lowest : Best::zero,
                  statistic.members[place] - statistic.truth[place]);
      if (statistic.replicates.empty()) continue;
      overall.back().replicates = statistic.replicates[place];
      overall.back().interval = difference_interval(statistic, place);
    }
  }
  return overall;
}

std::optional<Interval> interval_of(const Results& results, const std::string& subject,
                                    const std::string& name) {
  for (const OverallScore& score : results.overall)
    if (score.subject == subject && score.name == name) return score.interval;
  return std::nullopt;
}

std::vector<OverviewRow> other_rows(const Results& results) {
  std::vector<OverviewRow> rows;
  const auto add = [&](const char* heading, const char* name, const auto& value_of) {
    OverviewRow row{heading, {}};
    bool has_value = false;
    for (std::size_t index = 0; index < results.scores.size(); ++index) {
      const std::optional<double> value = value_of(results.scores[index]);
      has_value = has_value || value;
      row.cells.push_back(
          value ? number_text(*value, interval_of(results, results.variables[index].name, name)) : "-");
    }
    if (has_value) rows.push_back(row);
  };
  add("spectra: log ratio", "spectrum_log_ratio",
      [](const VariableResults& s) { return s.spectrum.members_log_ratio; });
  add("skill above 95 %", "upper_event_brier_skill",
      [](const VariableResults& s) { return brier_skill(s.upper_event); });
  add("skill below 5 %", "lower_event_brier_skill",
      [](const VariableResults& s) { return brier_skill(s.lower_event); });
  add("SSIM", "structural_similarity", [](const VariableResults& s) { return s.members_similarity; });
  add("interp. SSIM", "", [](const VariableResults& s) { return s.interpolation_similarity; });
  return rows;
}

}  // namespace foehn::evaluation
