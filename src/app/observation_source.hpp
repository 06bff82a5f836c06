#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/io/coarse_source.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/observation/observations.hpp"

namespace foehn::app {

/// The trajectory's place in time. Times are seconds since 1970-01-01 of the calendar.
struct Period {
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds = 0;
  std::int64_t step_seconds = 3600;
  std::int64_t hours = 0;

  std::int64_t seconds(std::int64_t hour) const { return first_seconds + hour * step_seconds; }
};

/// Coarse observations of some variables at the same times, snapshots or means, on the block means of a
/// prior's domain, checked against it on opening.
class ObservationSource {
 public:
  /// @throws core::Error naming the file and what is wrong: a grid that is no block mean of the domain's, or
  ///         a time axis that is no multiple of its step
  ObservationSource(io::CoarseSource source, const model::Domain& domain);

  std::int64_t block() const { return block_; }
  bool is_mean() const { return source_.is_mean; }
  /// Indices of the domain's, rising.
  const std::vector<std::int64_t>& variables() const { return source_.variables; }
  calendar::Calendar calendar() const { return source_.reader.times().calendar; }
  std::int64_t size() const { return source_.reader.times().size(); }
  /// The first and the last hour that an observation covers, seconds.
  std::int64_t first_seconds() const { return source_.spans.front().begin; }
  std::int64_t last_seconds() const;
  /// Every observation's hours of the trajectory, rising.
  /// @throws core::Error naming the first observation of another hour
  std::vector<observation::Interval> intervals_in(const Period& period) const;
  /// Hours between two observations; 1 if there is only one.
  std::int64_t period_hours() const;
  /// Observations [first, first + count), normalised: [observation, variable, Y, X], float32.
  /// Missing values are NaN.
  /// @throws core::Error naming the place of an infinite value, or one that is far from all that the prior
  ///         knows
  at::Tensor read(std::int64_t first, std::int64_t count) const;
  /// Reads everything once, so that what is wrong is found before hours of sampling, and logs how many of
  /// each variable's values are missing.
  /// @param missing_fraction  part of a variable's values, over all times and cells, that may be missing
  /// @throws core::Error as `read`, or naming file, variable, time and place of the first missing value of a
  ///         variable of which more is missing
  void check_values(double missing_fraction) const;

 private:
  std::string date(std::int64_t seconds) const;
  /// @param coarse  one observation, [variable, Y, X], physical units
  at::Tensor normalise(const at::Tensor& coarse, const io::TimeSpan& span) const;

  std::string name_;  // of the first file
  io::CoarseSource source_;
  std::int64_t step_seconds_;  // the domain's
  std::int64_t block_ = 0;
  model::Domain coarse_;
};

/// Opens the files of a run's observations, of some or all variables of the domain, in one calendar.
/// @throws core::Error naming the file and what is wrong, as ObservationSource and io::open_coarse_sources do
std::vector<ObservationSource> open_observations(const std::vector<std::filesystem::path>& files,
                                                 const model::Domain& domain);

}  // namespace foehn::app
