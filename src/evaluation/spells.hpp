#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace foehn::evaluation {

/// Why the longest spell has no interval.
inline constexpr const char* kNoLongerSpell =
    "days drawn anew hold no longer spell than the longest, however uncertain that is";

/// Runs of consecutive steps in which something holds, cell by cell.
class Spells {
 public:
  /// @param shortest  shorter runs do not count
  Spells(std::size_t cells, std::int64_t shortest) : shortest_(shortest), current_(cells, 0) {}

  void add(std::size_t cell, bool holds) {
    if (holds)
      ++current_[cell];
    else
      end(cell);
  }
  /// Ends the runs that are still open.
  void finish() {
    for (std::size_t cell = 0; cell < current_.size(); ++cell) end(cell);
  }

  std::int64_t count() const { return count_; }      ///< of all cells
  std::int64_t steps() const { return steps_; }      ///< in runs that count, of all cells
  std::int64_t longest() const { return longest_; }  ///< of any cell

 private:
  void end(std::size_t cell) {
    const std::int64_t length = current_[cell];
    current_[cell] = 0;
    if (length == 0 || length < shortest_) return;
    ++count_;
    steps_ += length;
    longest_ = std::max(longest_, length);
  }

  std::int64_t shortest_;
  std::vector<std::int64_t> current_;
  std::int64_t count_ = 0, steps_ = 0, longest_ = 0;
};

}  // namespace foehn::evaluation
