#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/baseline.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// One hour's fields, each [variable, y, x].
struct HourFields {
  std::vector<std::span<const float>> members;
  std::span<const float> truth;               ///< empty without a reference
  std::vector<double> interpolation;          ///< of the observations; NaN where one that it needs is missing
  std::vector<double> anomaly_interpolation;  ///< empty without a climatology
  std::vector<double> climatology;            ///< of the hour; likewise
};

/// The fields of an hour that outlive their chunk.
struct KeptHour {
  explicit KeptHour(const HourFields& fields);

  std::vector<std::vector<float>> members;
  std::vector<float> truth;
  std::vector<double> interpolation;
};

/// Some hours of every member and of the reference.
class FieldChunk {
 public:
  /// @param first  one of the hours that are scored
  FieldChunk(const Sources& sources, std::int64_t first, std::int64_t count);

  /// The fields of one of the hours; they live as long as the chunk.
  /// @param baselines  of the sources' observations; are sent to the hour
  HourFields fields(std::int64_t hour, std::vector<Baseline>& baselines) const;

 private:
  std::span<const float> at(const std::vector<float>& values, std::int64_t hour) const;

  const Sources& sources_;
  std::int64_t first_;
  std::size_t hour_size_;
  std::vector<std::vector<float>> members_;
  std::vector<float> truth_;
};

/// Reads hours [first, first + count) of the reference, each [variable, y, x].
/// @param first  one of the hours that are scored
/// @pre there is a reference
void read_reference(const Sources& sources, std::int64_t first, std::int64_t count, std::span<float> values);

/// How many hours of so many trajectories are read at once, so that they stay below a number of values.
std::int64_t hours_per_chunk(const Sources& sources, std::size_t trajectories, std::int64_t values_in_memory);

}  // namespace foehn::evaluation
