#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/conditioning/series_reader.hpp"

namespace foehn::conditioning {

/// Values of all series together that are kept in memory, bytes: decades of a few variables on a coarse grid.
inline constexpr std::int64_t kMostKeptBytes = std::int64_t{1} << 30;

/// A series all of whose values have been read once and found good. They are kept, normalised; where they are
/// too many for that, a digest of each observation is, and what is read again must have it.
class CheckedSeries {
 public:
  /// Reads everything, shows that it makes progress, and logs how many of each variable's values are missing.
  /// @param missing_fraction  part of a variable's values, over all times and cells, that may be missing
  /// @throws core::Error as SeriesReader::read, or naming file, variable, time and place of the first missing
  ///         value of a variable of which more is missing
  CheckedSeries(SeriesReader reader, double missing_fraction, bool is_kept);

  const Series& series() const { return reader_.series(); }
  std::int64_t size() const { return reader_.size(); }
  /// Observations [first, first + count): [observation, variable, Y, X], float32; NaN is missing.
  /// @throws core::Error naming an observation that is no longer what it was when it was checked
  at::Tensor read(std::int64_t first, std::int64_t count) const;
  /// The same values lie in a file of another name now.
  void move_to(SeriesReader reader) { reader_ = std::move(reader); }

 private:
  SeriesReader reader_;
  at::Tensor kept_;                   // undefined: they are read again
  std::vector<std::string> digests_;  // of each observation, where they are not kept
};

/// Reads and checks series, and keeps them if they fit together.
std::vector<CheckedSeries> check_series(std::vector<SeriesReader> readers, double missing_fraction,
                                        std::int64_t most_kept_bytes = kMostKeptBytes);

}  // namespace foehn::conditioning
