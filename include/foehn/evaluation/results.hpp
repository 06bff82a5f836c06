#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foehn/evaluation/climate_change.hpp"
#include "foehn/evaluation/scores.hpp"
#include "foehn/evaluation/trajectory_statistic.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::evaluation {

/// The bounds of the central 95 % of a score's bootstrap samples.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Which value of a score is best; unknown where none is, as of the spread.
enum class Best { unknown, lowest, highest, zero, one };

/// One number of the members over all hours, as tables and comparisons of runs show it.
struct OverallScore {
  std::string subject;  ///< a variable, "tas and psl", "wind_power", "all variables"
  std::string name;     ///< as in scores.json
  std::string key;      ///< in scores.nc: "tas_fair_crps", "tas_psl_correlation_error"
  std::string heading;  ///< for people
  std::string units;
  Best best = Best::unknown;
  std::optional<double> value;
  std::optional<Interval> interval;
  /// In bootstrap samples, NaN where it is not defined; empty without samples.
  std::vector<double> replicates;
};

/// Scores of one variable over a set of hours, in its unit.
struct HourScores {
  std::int64_t hours = 0;  ///< number of hours
  EnsembleScores ensemble;
  /// Of the observations, bilinear in space, linear in time; where some are missing, over the cells that do
  /// not need them, and NaN if every cell does.
  ErrorScores interpolation;
  std::optional<ErrorScores>
      anomaly_interpolation;               ///< the same for their anomalies; absent without a climatology
  std::optional<ErrorScores> climatology;  ///< of the hour's climatology itself; likewise
  /// Fair threshold-weighted CRPS (Gneiting and Ranjan 2011, doi:10.1198/jbes.2010.08110) with max(x, t), t
  /// the local and seasonal 95 % quantile of days that are not scored, and with min(x, t) of the 5 %
  /// quantile; absent without such days, or with one member.
  std::optional<double> upper_tail_crps, lower_tail_crps;
  std::map<std::string, Interval> intervals;  ///< by the score's name in scores.json; of some or none
};

/// How far the members' block means lie from the observations.
struct ObservationAgreement {
  /// Standard deviation of the observation error, in the variable's unit; absent if it is not known.
  std::optional<double> standard_deviation;
  double rms = 0;               ///< in standard deviations, or in the variable's unit if that is not known
  double mean = 0;              ///< the same; members minus observations
  double missing_fraction = 0;  ///< of the variable's observations; these are not compared
};

/// Mean spatial power by wavelength (RadialSpectrum) or by degree (DegreeSpectrum), in the square of the
/// variable's unit, over a few hours spread evenly; all empty on cells that have no spectrum.
struct SpatialSpectra {
  std::vector<double> wavelength_cells;  ///< on rows and columns, else empty
  std::vector<double> members;           ///< mean over the members
  std::vector<double> truth;             ///< 0 without a reference
  std::vector<double> interpolation;     ///< of the observations; NaN if one of them is missing
  std::vector<double> degree = {};       ///< of spherical harmonics, on lists of cells, else empty
};

/// Spatial power by wavelength or degree, as a ratio to the truth's: 1 is right, less is too smooth. What is
/// without power in the truth is left out.
struct SpectrumRatios {
  std::vector<double> wavelength_cells;
  std::vector<double> members;        ///< mean over the members
  std::vector<double> interpolation;  ///< of the observations; NaN if one of them is missing
  /// Mean over the entries of |ln ratio|; absent without entries, or where a ratio is 0 or NaN.
  std::optional<double> members_log_ratio, interpolation_log_ratio;
  std::vector<double> degree = {};  ///< in place of wavelengths, as in SpatialSpectra
};

/// Variances of the increments x(h) - x(h - 1) over cells and hours, in the square of the variable's unit.
struct IncrementVariances {
  std::int64_t hours = 0;  ///< number of increments in time; without any, the variances are NaN
  double truth = 0;
  double members = 0;
  double interpolation = 0;  ///< of the observations, over the cells that have one; NaN if no cell has
};

/// How much trajectories jump at observations: the variance of the increments that end at an observed hour
/// over that of the others. Slabs are cut at observed hours, so that the increments across their borders are
/// among the first.
struct SeamRatios {
  std::optional<double> truth;  ///< absent without a reference, or where it does not change
  double members = 0;
};

/// How reliable the part of the members that have an event is as its probability, over cells and hours.
struct EventReliability {
  std::vector<double> probability;  ///< [members + 1] 0, 1/members, ..., 1
  std::vector<double> forecasts;    ///< [members + 1] how often it is forecast, sum 1
  std::vector<double>
      frequency;         ///< [members + 1] how often the truth then has the event; NaN if never forecast
  double base_rate = 0;  ///< how often the truth has it
  /// Mean (probability - event)^2 = reliability - resolution + uncertainty (Murphy 1973).
  double brier_score = 0;
  double reliability = 0;  ///< mean (probability - frequency)^2; 0 is best
  double resolution = 0;   ///< mean (frequency - base rate)^2
  double uncertainty = 0;  ///< base rate times one minus it: the Brier score of always forecasting it
  /// The Brier score without what few members add to it by chance (Ferro 2014, doi:10.1002/qj.2270); absent
  /// with one member.
  std::optional<double> fair_brier_score;
};

struct VariableResults {
  bool has_truth = true;    ///< if not, what needs a reference is absent or NaN
  bool is_observed = true;  ///< if not, interpolation is all NaN and agreement is empty
  HourScores all_hours;
  std::optional<HourScores> observed_hours;  ///< absent without such hours
  std::optional<HourScores>
      hours_between;  ///< likewise; hours before the first observation are not among them
  /// Element i: hours that lie i after the last observation. Hours before the first observation count in
  /// all_hours only.
  std::vector<HourScores> by_hours_since_observation;
  std::vector<HourScores> by_month;        ///< [12]; some may be without hours
  std::vector<HourScores> by_hour_of_day;  ///< [24], UTC; some may be without hours
  /// Element i: increments to the hours that lie i after the last observation.
  std::vector<IncrementVariances> increments;
  std::optional<SeamRatios> seam;  ///< absent without both kinds of increments, or if members do not change
  ObservationAgreement agreement;
  SpatialSpectra spectra;
  SpectrumRatios spectrum;  ///< those of `spectra` to the truth's
  /// Of values above the truth's local and seasonal 95 % quantile, and below its 5 % quantile; absent without
  /// a reference.
  std::optional<EventReliability> upper_event, lower_event;
  /// Mean structural similarity of fields to the truth's (structural_similarity), every third hour or at
  /// every one where they are rarer; absent without a reference, or where it is nowhere defined.
  std::optional<double> members_similarity, interpolation_similarity;
};

/// How two variables vary together, over cells and hours of standardised fields.
struct PairResults {
  std::string first, second;
  std::optional<double> truth_correlation, members_correlation;  ///< absent for a variable that does not vary
  /// P(second above its local and seasonal 95 % quantile | first above its own), after the reference's
  /// quantiles; absent where the first never is.
  std::optional<double> truth_tail_dependence, members_tail_dependence;
  /// P(both above their local and seasonal 95 % quantiles): 0.0025 if they were independent.
  std::optional<double> truth_joint_exceedance, members_joint_exceedance;
};

/// How variables, neighbouring cells and hours vary together; absent or empty without a reference.
struct JointResults {
  std::int64_t tiles = 0;  ///< that are scored, hour by hour
  /// Fair energy and variogram score (of order 1/2) of tiles of 3 x 3 cells of all variables at three hours,
  /// 0, 3 and 6 h back, standardised by cell; absent with one member.
  std::optional<double> energy_score, variogram_score;
  std::vector<PairResults> pairs;
};

/// Scores of each cell over all hours, [y, x], in the variable's unit; those that need a reference, or
/// several members, are empty without. Interpolation is NaN where observations that it needs are missing at
/// all hours.
struct CellScores {
  std::vector<double> bias, rmse;  ///< of the ensemble mean
  std::vector<double> fair_crps, spread;
  std::vector<double> interpolation_mae;
};

/// Fields of one hour to look at, each [variable, y, x].
struct ExampleHour {
  std::string time;
  std::string observation_time;  ///< of the observation nearest in time
  /// [variable, y / block, x / block]; of cells of a grid of their own, at the members' cells that they hold,
  /// [variable, cell]
  std::vector<double> observation;
  std::vector<double> interpolation;         ///< of the observations; NaN where there is none
  std::vector<double> truth;                 ///< empty without a reference
  std::vector<std::vector<double>> members;  ///< the first two
};

/// The strongest event, and the hours around it.
struct Event {
  std::string what;
  std::size_t strongest = 0;  ///< of `hours`
  std::vector<ExampleHour> hours;
};

/// One cell's values, hour by hour.
struct SeriesPoint {
  std::size_t cell = 0;
  double latitude = 0, longitude = 0;
  std::vector<std::vector<double>> members;  ///< [member][hour]
  std::vector<double> truth;                 ///< empty without a reference
  std::vector<double> interpolation;         ///< of the observations; NaN where there is none
};

/// Hours of one variable at two cells of one block.
struct PointSeries {
  std::string first_time;
  std::vector<SeriesPoint> points;
  std::vector<double> observed_steps, observed;  ///< the block's observations: steps after first_time, values
};

/// What an evaluation found.
struct Results {
  std::vector<io::Variable> variables;
  grid::Grid grid;
  std::int64_t block =
      1;  ///< cells along the side of an observation's block; means nothing with a native_grid
  std::optional<grid::Grid> native_grid;  ///< of observations that are of cells of their own
  std::int64_t members = 0;
  bool has_reference = true;
  std::int64_t hours = 0;  ///< that are scored
  std::string first_time;
  std::string last_time;
  double step_hours = 1;                ///< length of an "hour"
  std::int64_t period = 1;              ///< hours from one observation to the next
  std::vector<double> observation_std;  ///< one per variable, in its unit; empty if not known
  bool has_climatology = false;         ///< whether anomalies were interpolated
  std::vector<VariableResults> scores;  ///< one per variable
  JointResults joint;
  std::vector<TrajectoryStatistic> trajectories;
  std::optional<ClimateChange> climate_change;  ///< absent without a historical period
  /// What other runs are compared by: of each variable, of pairs, of all together, then of trajectories.
  std::vector<OverallScore> overall;
  std::int64_t blocks = 0;        ///< of days, which bootstrap samples are drawn from
  std::int64_t replicates = 0;    ///< behind the intervals; 0 where there are too few blocks for intervals
  std::vector<CellScores> cells;  ///< one per variable
  Event event;
  std::vector<PointSeries> series;  ///< one per variable, around the event
  /// Whether members were drawn from these observations; if not, agreement with them and seams are not
  /// judged. The caller's.
  bool were_drawn_from_observations = true;
  /// Why scores may say less than they seem to, for people to read; the caller's.
  std::vector<std::string> doubts;
  /// What could not be scored, and why, for people to read.
  std::vector<std::string> not_scored;
  /// What was evaluated with what, as names and values for people to read; the caller's.
  std::vector<std::pair<std::string, std::string>> provenance;
};

/// The grid of the observations: of blocks, or their own.
grid::Grid observed_grid(const Results& results);

}  // namespace foehn::evaluation
