#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "evaluation/score_table.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/io/write_netcdf.hpp"

namespace foehn::evaluation {
namespace {

/// NetCDF's own default fill value for double precision.
constexpr double kFillValue = 9.9692099683868690e+36;

/// A variable to define and then to write.
struct Column {
  std::string name;
  std::vector<std::string> dimensions;
  io::Attributes attributes;
  std::vector<double> values;
};

/// Scores of one kind in rows along a dimension, and their intervals along `bound` as well.
void add_rows(std::vector<Column>& columns, const std::string& name,
              const std::vector<std::string>& dimensions, const io::Attributes& attributes,
              const ScoreKind& kind, const std::vector<const HourScores*>& rows) {
  if (rows.empty()) return;
  std::vector<double> values, bounds;
  bool has_interval = false;
  for (const HourScores* row : rows) {
    const bool has_hours = row != nullptr && row->hours > 0;
    values.push_back(has_hours ? kind.value(*row).value_or(kFillValue) : kFillValue);
    const auto found = has_hours ? row->intervals.find(kind.name) : decltype(row->intervals.end()){};
    const bool is_found = has_hours && found != row->intervals.end();
    has_interval = has_interval || is_found;
    bounds.push_back(is_found ? found->second.low : kFillValue);
    bounds.push_back(is_found ? found->second.high : kFillValue);
  }
  columns.push_back({name, dimensions, attributes, values});
  if (!has_interval) return;
  std::vector<std::string> with_bound = dimensions;
  with_bound.emplace_back("bound");
  columns.push_back({name + "_interval", with_bound, attributes, bounds});
}

std::vector<const HourScores*> pointers(const std::vector<HourScores>& rows) {
  std::vector<const HourScores*> result;
  for (const HourScores& row : rows) result.push_back(&row);
  return result;
}

void add_score_columns(std::vector<Column>& columns, const io::Variable& variable,
                       const VariableResults& scores, const std::vector<ScoreKind>& kinds) {
  const auto if_present = [](const std::optional<HourScores>& row) { return row ? &*row : nullptr; };
  for (const auto& kind : kinds) {
    const io::Attributes attributes = {{"units", kind.has_unit ? variable.units : "1"},
                                       {"long_name", fmt::format("{} of {}", kind.heading, variable.name)},
                                       {"_FillValue", kFillValue}};
    const std::string name = variable.name + "_" + kind.name;
    const auto add = [&](const std::string& ending, const std::vector<std::string>& dimensions,
                         const std::vector<const HourScores*>& rows) {
      add_rows(columns, name + ending, dimensions, attributes, kind, rows);
    };
    add("", {"hours_since_observation"}, pointers(scores.by_hours_since_observation));
    add("_by_month", {"month"}, pointers(scores.by_month));
    add("_by_hour_of_day", {"hour_of_day"}, pointers(scores.by_hour_of_day));
    add("_all_hours", {}, {&scores.all_hours});
    add("_observed_hours", {}, {if_present(scores.observed_hours)});
    add("_hours_between", {}, {if_present(scores.hours_between)});
  }
}

void add_spectrum_columns(std::vector<Column>& columns, const io::Variable& variable,
                          const VariableResults& scores) {
  const SpatialSpectra& spectra = scores.spectra;
  if (spectra.members.empty()) return;
  const bool is_by_degree = !spectra.degree.empty();
  const std::string ring = variable.name + (is_by_degree ? "_degree" : "_ring_wavelength");
  columns.push_back({ring,
                     {ring},
                     {{"units", "1"},
                      {"long_name", is_by_degree ? "degree of spherical harmonics"
                                                 : "wavelength in cells of the rings of wave number"}},
                     is_by_degree ? spectra.degree : spectra.wavelength_cells});
  const auto add = [&](const std::string& name, const std::string& what, const std::vector<double>& power) {
    columns.push_back({variable.name + name,
                       {ring},
                       {{"units", fmt::format("({})2", variable.units)},
                        {"long_name", fmt::format("{}, {}", spectrum_meaning(spectra), what)}},
                       power});
  };
  add("_spectrum", "members", spectra.members);
  if (scores.has_truth) add("_truth_spectrum", "truth", spectra.truth);
  if (has_interpolation_spectrum(scores))
    add("_interpolation_spectrum", "interpolated observations", spectra.interpolation);
}

/// An event's forecasts by probability, and its Brier score.
void add_event_columns(std::vector<Column>& columns, const std::string& name, const std::string& meaning,
                       const std::optional<EventReliability>& event) {
  if (!event) return;
  const auto add_curve = [&](const std::string& ending, const std::string& what,
                             const std::vector<double>& values) {
    std::vector<double> filled;
    for (const double value : values) filled.push_back(std::isnan(value) ? kFillValue : value);
    columns.push_back({name + ending,
                       {"forecast_probability"},
                       {{"units", "1"}, {"long_name", what + meaning}, {"_FillValue", kFillValue}},
                       filled});
  };
  add_curve("_forecasts", "part of the forecasts with each probability of ", event->forecasts);
  add_curve("_frequency", "frequency in the truth, by forecast probability, of ", event->frequency);
  const auto add = [&](const std::string& ending, const std::string& what,
                       const std::optional<double>& value) {
    if (value)
      columns.push_back({name + ending, {}, {{"units", "1"}, {"long_name", what + meaning}}, {*value}});
  };
  add("_base_rate", "frequency in the truth of ", event->base_rate);
  add("_brier_score", "Brier score (reliability - resolution + uncertainty) of ", event->brier_score);
  add("_fair_brier_score", "Brier score, fair to few members, of ", event->fair_brier_score);
  add("_reliability", "reliability term of the Brier score of ", event->reliability);
  add("_resolution", "resolution term of the Brier score of ", event->resolution);
  add("_uncertainty", "uncertainty term of the Brier score of ", event->uncertainty);
}

void add_similarity_columns(std::vector<Column>& columns, const io::Variable& variable,
                            const VariableResults& scores) {
  const auto add = [&](const std::string& ending, const std::string& what,
                       const std::optional<double>& value) {
    if (value)
      columns.push_back({variable.name + ending,
                         {},
                         {{"units", "1"},
                          {"long_name", fmt::format("mean structural similarity to the truth of {}, {}",
                                                    variable.name, what)}},
                         {*value}});
  };
  add("_structural_similarity_members", "members", scores.members_similarity);
  add("_structural_similarity_interpolation", "interpolated observations", scores.interpolation_similarity);
}

void add_other_columns(std::vector<Column>& columns, const io::Variable& variable,
                       const VariableResults& scores) {
  if (!scores.all_hours.ensemble.rank_histogram.empty())
    columns.push_back({variable.name + "_rank_histogram",
                       {"rank"},
                       {{"units", "1"},
                        {"long_name", "frequency of the truth's rank among the members of " + variable.name}},
                       scores.all_hours.ensemble.rank_histogram});
  add_event_columns(columns, variable.name + "_upper_event",
                    variable.name + " above its local and seasonal 95 % quantile", scores.upper_event);
  add_event_columns(columns, variable.name + "_lower_event",
                    variable.name + " below its local and seasonal 5 % quantile", scores.lower_event);
  add_similarity_columns(columns, variable, scores);
  const auto& agreement = scores.agreement;
  const io::Attributes attributes = {
      {"units", agreement.standard_deviation ? "1" : variable.units},
      {"long_name",
       "block means minus observations of " + variable.name +
           (agreement.standard_deviation ? " in standard deviations of the observation error" : "")}};
  if (scores.is_observed) {
    columns.push_back({variable.name + "_observation_agreement_rms", {}, attributes, {agreement.rms}});
    columns.push_back({variable.name + "_observation_agreement_mean", {}, attributes, {agreement.mean}});
  }

  add_spectrum_columns(columns, variable, scores);
  const SpectrumRatios& ratios = scores.spectrum;
  if (ratios.members.empty()) return;
  const bool is_by_degree = !ratios.degree.empty();
  const std::string wavelength = variable.name + (is_by_degree ? "_ratio_degree" : "_wavelength");
  columns.push_back({wavelength,
                     {wavelength},
                     {{"units", "1"},
                      {"long_name", is_by_degree ? "degree of spherical harmonics" : "wavelength in cells"}},
                     is_by_degree ? ratios.degree : ratios.wavelength_cells});
  const auto add_ratio = [&](const std::string& name, const std::string& what,
                             const std::vector<double>& values) {
    columns.push_back(
        {variable.name + name,
         {wavelength},
         {{"units", "1"}, {"long_name", "spatial power of " + what + " over that of the truth"}},
         values});
  };
  add_ratio("_spectrum_ratio", "the members", ratios.members);
  if (has_interpolation_spectrum(scores))
    add_ratio("_interpolation_spectrum_ratio", "the interpolated observations", ratios.interpolation);
}

void add_increment_columns(std::vector<Column>& columns, const io::Variable& variable,
                           const VariableResults& scores) {
  const auto add = [&](const std::string& name, const std::string& what, double IncrementVariances::*value) {
    std::vector<double> values;
    for (const auto& row : scores.increments)
      values.push_back(std::isnan(row.*value) ? kFillValue : row.*value);
    columns.push_back({variable.name + name,
                       {"hours_since_observation"},
                       {{"units", fmt::format("({})2", variable.units)},
                        {"long_name", fmt::format("variance of the increments of {} from the hour before, {}",
                                                  variable.name, what)},
                        {"_FillValue", kFillValue}},
                       values});
  };
  add("_increment_variance", "members", &IncrementVariances::members);
  if (scores.has_truth) add("_truth_increment_variance", "truth", &IncrementVariances::truth);
  if (scores.is_observed)
    add("_interpolation_increment_variance", "interpolated observations", &IncrementVariances::interpolation);
  const auto add_seam = [&](const std::string& name, const std::string& what, double value) {
    columns.push_back(
        {variable.name + name,
         {},
         {{"units", "1"},
          {"long_name",
           fmt::format("variance of increments to observed hours over that of the others, {}", what)}},
         {value}});
  };
  if (!scores.seam) return;
  add_seam("_seam", "members", scores.seam->members);
  if (scores.seam->truth) add_seam("_truth_seam", "truth", *scores.seam->truth);
}

std::string abscissa_meaning(const std::string& abscissa) {
  if (abscissa == "quantile_level") return "part of the values that lie below the quantile";
  if (abscissa == "exceeded_percent") return "per cent of the time";
  if (abscissa == "return_days") return "days in which a level is passed once on average";
  if (abscissa == "return_years") return "years in which a level is passed once on average";
  if (abscissa == "spell_days") return "days that a spell lasts at least";
  return abscissa == "ramp_hours" ? "hours over which changes are taken" : "period in hours";
}

/// Statistics of trajectories, with the abscissas that they share.
void add_trajectory_columns(std::vector<Column>& columns,
                            const std::vector<TrajectoryStatistic>& statistics) {
  for (const TrajectoryStatistic& statistic : statistics) {
    const bool is_known = statistic.abscissa.empty() || statistic.at.empty() ||
                          std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
                            return column.name == statistic.abscissa;
                          });
    if (!is_known)
      columns.push_back({statistic.abscissa,
                         {statistic.abscissa},
                         {{"units", "1"}, {"long_name", abscissa_meaning(statistic.abscissa)}},
                         statistic.at});
  }
  for (const TrajectoryStatistic& statistic : statistics) {
    if (statistic.size() == 0) continue;
    const auto dimensions = statistic.abscissa.empty() ? std::vector<std::string>{}
                                                       : std::vector<std::string>{statistic.abscissa};
    const auto add = [&](const std::string& ending, const std::vector<double>& values) {
      if (values.empty()) return;
      std::vector<double> filled;
      for (const double value : values) filled.push_back(std::isfinite(value) ? value : kFillValue);
      columns.push_back(
          {fmt::format("{}_{}_{}", statistic.variable, statistic.name, ending),
           dimensions,
           {{"units", statistic.units},
            {"long_name", fmt::format("{} of {}, {}", statistic.meaning, statistic.variable, ending)},
            {"_FillValue", kFillValue}},
           filled});
    };
    add("members", statistic.members);
    add("members_lowest", statistic.lowest);
    add("members_highest", statistic.highest);
    add("truth", statistic.truth);
    add("interpolation", statistic.interpolation);
    add("observations", statistic.observations);
  }
}

/// How variables, neighbouring cells and hours vary together.
void add_joint_columns(std::vector<Column>& columns, const JointResults& joint) {
  const auto add = [&](const std::string& name, const std::string& meaning,
                       const std::optional<double>& value) {
    if (value) columns.push_back({name, {}, {{"units", "1"}, {"long_name", meaning}}, {*value}});
  };
  const std::string tiles = " of tiles of 3 x 3 cells of all variables, 0, 3 and 6 h back";
  add("energy_score", "fair energy score" + tiles, joint.energy_score);
  add("variogram_score", "fair variogram score of order 1/2" + tiles, joint.variogram_score);
  for (const PairResults& pair : joint.pairs) {
    const std::string name = pair.first + "_" + pair.second;
    add(name + "_correlation_error",
        fmt::format("error of the members' correlation of {} and {}", pair.first, pair.second),
        correlation_error(pair));
    const std::string variables = fmt::format(" of {} and {}, ", pair.first, pair.second);
    add(name + "_correlation_members", "correlation" + variables + "members", pair.members_correlation);
    add(name + "_correlation_truth", "correlation" + variables + "truth", pair.truth_correlation);
    add(name + "_tail_dependence_members", "tail dependence" + variables + "members",
        pair.members_tail_dependence);
    add(name + "_tail_dependence_truth", "tail dependence" + variables + "truth", pair.truth_tail_dependence);
    const std::string both =
        fmt::format("joint exceedance of the 95 % quantiles of {} and {}, ", pair.first, pair.second);
    add(name + "_joint_exceedance_members", both + "members", pair.members_joint_exceedance);
    add(name + "_joint_exceedance_truth", both + "truth", pair.truth_joint_exceedance);
  }
}

/// What else other runs are compared by, and the intervals of all that has none yet.
void add_overall_columns(std::vector<Column>& columns, const std::vector<OverallScore>& scores) {
  const auto add = [&](const std::string& name, const std::vector<std::string>& dimensions,
                       const OverallScore& score, const std::vector<double>& values) {
    for (const Column& column : columns)
      if (column.name == name || column.name == score.key + "_all_hours") return;
    columns.push_back({name,
                       dimensions,
                       {{"units", score.units},
                        {"long_name", fmt::format("{} of {}, members", score.heading, score.subject)}},
                       values});
  };
  for (const OverallScore& score : scores) {
    if (score.value) add(score.key, {}, score, {*score.value});
    if (score.interval)
      add(score.key + "_interval", {"bound"}, score, {score.interval->low, score.interval->high});
  }
}

std::vector<Column> make_columns(const Results& results) {
  std::vector<double> since_observation;
  for (std::size_t steps = 0; steps < static_cast<std::size_t>(results.period); ++steps) {
    since_observation.push_back(since_observation_hours(results, steps));
  }
  std::vector<double> ranks(static_cast<std::size_t>(results.members + 1));
  std::iota(ranks.begin(), ranks.end(), 0.0);
  // The unit of the first is "1" and not "h": readers would decode hours as a length of time.
  std::vector<Column> columns = {
      {"hours_since_observation",
       {"hours_since_observation"},
       {{"units", "1"}, {"long_name", "hours since the last observation"}},
       since_observation},
      {"rank", {"rank"}, {{"units", "1"}, {"long_name", "number of members below the truth"}}, ranks}};
  const auto has_events = [](const VariableResults& scores) {
    return scores.upper_event || scores.lower_event;
  };
  if (const auto found = std::find_if(results.scores.begin(), results.scores.end(), has_events);
      found != results.scores.end())
    columns.push_back({"forecast_probability",
                       {"forecast_probability"},
                       {{"units", "1"}, {"long_name", "part of the members that have an event"}},
                       (found->upper_event ? found->upper_event : found->lower_event)->probability});
  std::vector<double> months(12), hours_of_day(24);
  std::iota(months.begin(), months.end(), 1.0);
  std::iota(hours_of_day.begin(), hours_of_day.end(), 0.0);
  columns.push_back({"month", {"month"}, {{"units", "1"}, {"long_name", "month of the year"}}, months});
  columns.push_back({"hour_of_day",
                     {"hour_of_day"},
                     {{"units", "1"}, {"long_name", "hour of the day (UTC)"}},
                     hours_of_day});
  columns.push_back({"bound",
                     {"bound"},
                     {{"units", "1"}, {"long_name", "level of an interval's bound, by block bootstrap"}},
                     {0.025, 0.975}});
  const auto kinds = score_kinds(results);
  for (std::size_t index = 0; index < results.variables.size(); ++index) {
    add_score_columns(columns, results.variables[index], results.scores[index], kinds);
    add_increment_columns(columns, results.variables[index], results.scores[index]);
    add_other_columns(columns, results.variables[index], results.scores[index]);
  }
  add_joint_columns(columns, results.joint);
  add_trajectory_columns(columns, results.trajectories);
  add_overall_columns(columns, results.overall);
  return columns;
}

void write_columns(io::NetcdfFile& file, const std::vector<Column>& columns, const Results& results) {
  io::Attributes attributes = {{"Conventions", "CF-1.11"}, {"title", "foehn evaluate: " + summary(results)}};
  if (!results.not_scored.empty())
    attributes["not_scored"] = fmt::format("{}", fmt::join(results.not_scored, "; "));
  file.set_global_attributes(attributes);
  for (const auto& column : columns) {
    if (column.dimensions == std::vector{column.name}) {
      file.define_dimension(column.name, static_cast<std::int64_t>(column.values.size()));
    }
  }
  for (const auto& column : columns) {
    file.define_variable(column.name, io::NetcdfType::float64, column.dimensions, column.attributes);
  }
  for (const auto& column : columns) file.write(column.name, column.values);
}

}  // namespace

void write_scores_netcdf(const std::filesystem::path& path, const Results& results) {
  io::write_netcdf_atomically(
      path, [&](io::NetcdfFile& file) { write_columns(file, make_columns(results), results); });
}

}  // namespace foehn::evaluation
