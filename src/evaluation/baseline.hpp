#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// The observations of one series at and around an hour, and what interpolating them gives: a mean stands for
/// the middle of its hours. Missing values are NaN, and so is whatever would need them. Hours are asked for
/// in rising order, so that each observation is read once and two are held.
class Baseline {
 public:
  /// @param sources      outlives this
  /// @param series       one of the sources' observations
  /// @param climatology  outlives this; empty: no anomalies
  Baseline(const Sources& sources, const ObservationSeries& series, const Climatology& climatology);

  const ObservationSeries& series() const { return series_; }
  bool has_climatology() const { return static_cast<bool>(climatology_); }

  /// Goes to an hour that counts.
  void seek(std::int64_t hour);

  /// The observation nearest in time (the earlier of two), [variable of the series, y / block, x / block].
  const std::vector<double>& nearest_observation() const;
  std::int64_t nearest_observed_hour() const;
  /// Observations, linear in time (constant before the first and after the last) and bilinear in space: the
  /// series' variables of the fields, [variable, y, x].
  void interpolate(std::span<double> fields) const;
  /// The same of their anomalies from the climatology's block means, with the hour's climatology added.
  /// @pre there is a climatology
  void interpolate_anomalies(std::span<double> fields) const;

 private:
  struct Observation {
    std::int64_t index = -1;
    std::vector<double> values;     ///< [variable of the series, y / block, x / block]
    std::vector<double> anomalies;  ///< the same shape; empty without a climatology
  };
  Observation read(std::int64_t index) const;
  std::vector<double> climate_of(std::int64_t hour) const;
  void interpolate(const std::vector<double>& before, const std::vector<double>& after,
                   std::span<double> fields) const;

  const Sources& sources_;
  const ObservationSeries& series_;
  const Climatology& climatology_;
  std::int64_t hour_ = 0;
  Observation before_, after_;
  double weight_ = 0;  ///< of the later observation
};

}  // namespace foehn::evaluation
