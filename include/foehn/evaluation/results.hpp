#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/scores.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::evaluation {

/// Scores of one variable over a set of hours, in its unit.
struct HourScores {
  std::int64_t hours = 0;  ///< how many hours they are over
  EnsembleScores ensemble;
  /// Of the observations, bilinear in space, linear in time; where they are missing, over the cells that do
  /// not need them, and NaN where there are none.
  ErrorScores interpolation;
  std::optional<ErrorScores>
      anomaly_interpolation;  ///< the same of their anomalies; absent without a climatology
};

/// How far the members' block means lie from the observations.
struct ObservationAgreement {
  /// Standard deviation of the observation error, in the variable's unit; absent if it is not known.
  std::optional<double> standard_deviation;
  double rms = 0;               ///< in standard deviations, or in the variable's unit if that is not known
  double mean = 0;              ///< the same; members minus observations
  double missing_fraction = 0;  ///< part of the variable's observations that is missing and does not count
};

/// Spatial power by wavelength, as a ratio to the truth's: 1 is right, less is too smooth. Where the truth
/// has no power, there is no entry.
struct SpectrumRatios {
  std::vector<double> wavelength_cells;
  std::vector<double> members;        ///< mean over the members
  std::vector<double> interpolation;  ///< of the observations; NaN if one of them is missing
};

/// Variances of the increments x(h) - x(h - 1) over cells and hours, in the square of the variable's unit.
struct IncrementVariances {
  std::int64_t hours = 0;  ///< how many increments in time they are over; without any they are NaN
  double truth = 0;
  double members = 0;
  double interpolation = 0;  ///< of the observations, over the cells that have one; NaN where none has
};

/// How much trajectories jump at observations: the variance of the increments that end at an observed hour
/// over that of the others. Slabs are cut at observed hours, so that the increments across their borders are
/// among the first.
struct SeamRatios {
  double truth = 0;
  double members = 0;
};

struct VariableResults {
  bool is_observed = true;  ///< else there is neither interpolation (all of it is NaN) nor agreement
  HourScores all_hours;
  std::optional<HourScores> observed_hours;  ///< absent where there is no such hour
  std::optional<HourScores>
      hours_between;  ///< likewise; hours before the first observation are not among them
  /// Element i: hours that lie i after the last observation. Hours before the first observation count in
  /// all_hours only.
  std::vector<HourScores> by_hours_since_observation;
  /// Element i: increments to the hours that lie i after the last observation.
  std::vector<IncrementVariances> increments;
  std::optional<SeamRatios>
      seam;  ///< absent where one of the two kinds of increments is, or the truth has none
  ObservationAgreement agreement;
  SpectrumRatios spectrum;  ///< over a few hours spread evenly
};

/// Fields of one hour for the eye, each [variable, y, x].
struct ExampleHour {
  std::string time;
  std::int64_t hours_since_observation = 0;
  std::string observation_time;     ///< of the observation nearest in time
  std::vector<double> observation;  ///< [variable, y / block, x / block]
  std::vector<double> truth;
  std::vector<double> first_member;
  std::vector<double> ensemble_mean;
  std::vector<double> ensemble_spread;  ///< standard deviation; empty with one member
};

/// What an evaluation found.
struct Results {
  std::vector<io::Variable> variables;
  grid::Grid grid;
  std::int64_t block = 1;  ///< cells along the side of an observation's block
  std::int64_t members = 0;
  std::int64_t hours = 0;  ///< that count
  std::string first_time;
  std::string last_time;
  double step_hours = 1;                ///< length of an "hour"
  std::int64_t period = 1;              ///< hours from one observation to the next
  std::vector<VariableResults> scores;  ///< one a variable
  ExampleHour example;
};

}  // namespace foehn::evaluation
