#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::app {

/// The trajectory's place in time. Times are seconds since 1970-01-01 of the calendar.
struct Period {
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds = 0;
  std::int64_t step_seconds = 3600;
  std::int64_t hours = 0;

  std::int64_t seconds(std::int64_t hour) const { return first_seconds + hour * step_seconds; }
};

/// Coarse observations on the block means of a prior's domain, checked against it on opening.
class ObservationFile {
 public:
  /// @throws core::Error naming the file and what is wrong: a variable that is missing or in another
  /// quantity, a grid
  ///         that is no block mean of the domain's, a time axis that repeats, has a gap, or is no multiple of
  ///         its step
  ObservationFile(const std::filesystem::path& path, const model::Domain& domain);

  std::int64_t block() const { return block_; }
  const io::FieldReader& reader() const { return reader_; }
  /// Every observation's hour in the trajectory, rising.
  /// @throws core::Error naming the first observation that is no hour of it
  std::vector<std::int64_t> hours_in(const Period& period) const;
  /// Hours between two observations; 1 if there is only one.
  std::int64_t period_hours() const;
  /// Observations [first, first + count), normalised: [observation, variable, Y, X], float32.
  /// @throws core::Error naming the place of a missing value
  at::Tensor read(std::int64_t first, std::int64_t count) const;

 private:
  std::filesystem::path path_;
  io::FieldReader reader_;
  std::int64_t step_seconds_;  // the domain's
  std::int64_t block_ = 0;
  model::Domain coarse_;
};

}  // namespace foehn::app
