#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "field_source.hpp"
#include "foehn/calendar/time_axis.hpp"
#include "foehn/io/field_values.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// The files that are open, so that variables of one file share it: one is kept for each variable, since
/// reads go forward in time, and a thousand files may be joined.
using OpenFile = std::shared_ptr<const NetcdfFile>;

/// One variable over time, joined from files that follow each other.
class JoinedVariable {
 public:
  /// @param sources  headers of the files that hold it, in any order, of this variable alone; at least one
  /// @throws Error naming both files where grid, calendar, standard name or step differ, where they overlap
  ///         in time, or do not join
  JoinedVariable(std::vector<FieldSource> sources, bool must_be_plausible);

  const Variable& variable() const { return sources_.front().layouts.front().variable; }
  const std::vector<FieldSource>& sources() const { return sources_; }
  const grid::Grid& grid() const { return sources_.front().grid; }
  const calendar::TimeAxis& times() const { return times_; }
  std::int64_t step_seconds() const { return step_seconds_; }

  /// Reads instants [first, first + count) of the crop; missing values become NaN.
  /// @param open    files that may be read from; the one that this variable reads takes its place
  /// @param values  room for count fields, `stride` numbers apart
  /// @return        how many values are missing
  /// @throws Error naming file, variable, time and cell of the first value that is infinite or not plausible
  std::int64_t read(std::vector<OpenFile>& open, std::size_t own_file, const grid::Crop& crop,
                    std::int64_t first, std::int64_t count, float* values, std::int64_t stride);
  /// Frees what was read ahead.
  void rest() { ahead_.rest(); }
  /// "file: variable: missing value at time, place".
  std::string describe_missing(std::int64_t instant, std::int64_t y, std::int64_t x) const;
  /// How its values stand in time, as all files say.
  /// @throws Error as find_sampling, or naming two files that differ
  Sampling sampling(std::optional<TimeSampling> as_told) const;

 private:
  void join();
  std::size_t source_of(std::int64_t instant) const;

  std::vector<FieldSource> sources_;  // in order of time
  calendar::TimeAxis times_;
  std::int64_t step_seconds_ = 0;
  std::vector<std::int64_t> first_index_;  // of each source in `times_`
  bool must_be_plausible_ = true;
  ReadAhead ahead_;
};

}  // namespace foehn::io
