#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "foehn/io/coarse_source.hpp"
#include "foehn/model/domain.hpp"
#include "observation_times.hpp"
#include "plausible_range.hpp"

namespace foehn::app {

/// Coarse observations of some variables at the same times, snapshots or means, on the block means of a
/// prior's domain, checked against it on opening.
class ObservationSource {
 public:
  /// @throws core::Error naming the file and what is wrong: a grid that is no block mean of the domain's, or
  ///         a time axis that is no multiple of its step
  ObservationSource(io::CoarseSource source, const model::Domain& domain);

  const ObservationTimes& times() const { return times_; }
  bool is_mean() const { return times_.is_mean; }
  /// Indices of the domain's, rising.
  const std::vector<std::int64_t>& variables() const { return times_.variables; }
  calendar::Calendar calendar() const { return times_.calendar; }
  const calendar::TimeAxis& time_axis() const { return source_.reader.times(); }
  std::int64_t size() const { return source_.reader.times().size(); }
  /// Observations [first, first + count), normalised: [observation, variable, Y, X], float32.
  /// Missing values are NaN.
  /// @throws core::Error naming the place of an infinite value, or one that is far from all that the prior
  ///         knows
  at::Tensor read(std::int64_t first, std::int64_t count) const;
  /// Reads everything once, so that what is wrong is found before hours of sampling, and logs how many of
  /// each variable's values are missing.
  /// @param missing_fraction  part of a variable's values, over all times and cells, that may be missing
  /// @param going_on          called at every observation
  /// @throws core::Error as `read`, or naming file, variable, time and place of the first missing value of a
  ///         variable of which more is missing
  void check_values(double missing_fraction, const std::function<void()>& going_on) const;

 private:
  /// @param coarse  one observation, [variable, Y, X], physical units
  at::Tensor normalise(const at::Tensor& coarse, const io::TimeSpan& span) const;

  io::CoarseSource source_;
  ObservationTimes times_;
  model::Domain coarse_;
  std::vector<PlausibleRange> plausible_;  // [variable]
};

/// Opens the files of a run's observations, of some or all variables of the domain, in one calendar.
/// @throws core::Error naming the file and what is wrong, as ObservationSource and io::open_coarse_sources do
std::vector<ObservationSource> open_observations(const std::vector<std::filesystem::path>& files,
                                                 const model::Domain& domain);

}  // namespace foehn::app
