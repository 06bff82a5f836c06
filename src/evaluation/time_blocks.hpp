#pragma once

#include <cstdint>
#include <vector>

#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// Consecutive hours [first, last) that are scored together: whole days, but for the first and the last.
struct TimeBlock {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t hours() const { return last - first; }
};

/// Cuts the hours that are scored into blocks of equally many days, at most 64 of them where no observed mean
/// forbids it: no mean over time is open where a block begins. They are the same on any number of ranks,
/// which share them, and what bootstrap intervals resample.
std::vector<TimeBlock> time_blocks(const Sources& sources);

}  // namespace foehn::evaluation
