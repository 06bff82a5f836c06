#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/conditioning/series.hpp"
#include "foehn/ingestion/plausible_range.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

/// Reads the values of a series, on the block means of a prior's domain, against which it is checked on
/// opening.
class SeriesReader {
 public:
  /// @throws core::Error naming the file and what is wrong: a grid that does not hold block means of the
  ///         domain's, or a time axis whose step is not a multiple of the domain's
  SeriesReader(io::CoarseSource source, const model::Domain& domain);

  const Series& series() const { return series_; }
  const calendar::TimeAxis& times() const { return source_.reader.times(); }
  std::int64_t size() const { return times().size(); }
  /// The shape of one observation, [variable, Y, X].
  std::vector<std::int64_t> shape() const;
  /// Observations [first, first + count), normalised: [observation, variable, Y, X], float32.
  /// Missing values are NaN.
  /// @throws core::Error naming the place of an infinite value, or one that is far from all that the prior
  ///         knows
  at::Tensor read(std::int64_t first, std::int64_t count) const;
  /// "coarse.nc: tas at 2019-03-26T00:00:00, lat 58, lon -3", or alike, of a value of an observation.
  /// @param value  its place in [variable, Y, X]
  std::string describe_missing(std::int64_t observation, std::int64_t value) const {
    return source_.reader.describe_missing(observation, value);
  }
  /// Of the series' variables.
  const std::string& variable_name(std::size_t i) const {
    return coarse_.variables[static_cast<std::size_t>(series_.variables[i])].name;
  }

 private:
  /// @param coarse  one observation, [variable, Y, X], physical units
  at::Tensor normalise(const at::Tensor& coarse, const io::TimeSpan& span) const;

  io::CoarseSource source_;
  Series series_;
  model::Domain coarse_;
  std::vector<ingestion::PlausibleRange> plausible_;  // [variable]
};

/// Opens the files of a run's observations, of some or all variables of the domain, in one calendar.
/// @throws core::Error naming the file and what is wrong, as SeriesReader and io::open_coarse_sources do
std::vector<SeriesReader> open_series(const std::vector<std::filesystem::path>& files,
                                      const model::Domain& domain);

}  // namespace foehn::conditioning
