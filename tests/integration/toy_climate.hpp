#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"
#include "outcome.hpp"

namespace foehn::testing {

/// Ten days of toy weather on 16 x 24 cells, a prior of Markov order 3 fitted to it, and a day of 6-hourly
/// means over 8 x 8 cells.
struct ToyClimate {
  using Run = std::function<Outcome(const std::string& subcommand, const Options& options)>;
  ToyClimate(const std::filesystem::path& folder, const Run& run);

  std::filesystem::path truth, prior, observations;

  // Options of runs that succeed, for tests to change.
  Options sample_options(const std::filesystem::path& output) const;
  Options unconditional_options(const std::filesystem::path& output, std::int64_t hours) const;
  Options fit_options(const std::filesystem::path& prior_path) const;
  Options coarsen_options(const std::filesystem::path& output) const;
  /// The truth as if it were a simulation's: a day of it, hour by hour.
  Options prepare_options(const std::filesystem::path& output) const;
  Options train_options(const std::filesystem::path& prior_path) const;
};

/// The toy climate of this program of tests, made on first use.
const ToyClimate& toy_climate();

/// Fields of a file in memory, to be bent into any shape a test needs and written again.
struct ToyFields {
  explicit ToyFields(const std::filesystem::path& path);

  grid::Grid grid;
  std::vector<io::Variable> variables;
  std::vector<double> hours;   ///< since 2001-01-01
  std::vector<float> values;   ///< [time, variable, y, x]; NaN is missing
  std::string cell_methods;    ///< of every variable; empty: none
  std::vector<double> bounds;  ///< of the hours, [time, 2]; empty: none

  /// A variable at an instant: [y, x].
  std::span<float> field(std::size_t time, std::size_t variable);
  void write(const std::filesystem::path& path) const;
};

}  // namespace foehn::testing
