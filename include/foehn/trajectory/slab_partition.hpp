#pragma once

#include <cstdint>
#include <vector>

namespace foehn::trajectory {

/// The contiguous hours [first, last) that one rank owns; may be empty.
struct Slab {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t size() const { return last - first; }
  bool contains(std::int64_t hour) const { return first <= hour && hour < last; }
};

/// Shares the hours of a trajectory out among the ranks of a team, in order.
///
/// Slabs are cut at the borders of observation periods alone, so that an operator over a period stays local;
/// with fewer periods than ranks some ranks own nothing.
class SlabPartition {
 public:
  /// @param hours         length of the trajectory
  /// @param ranks         size of the team
  /// @param first_border  an hour at which a period begins
  /// @param period        hours between two borders; 1: slabs may be cut anywhere
  SlabPartition(std::int64_t hours, int ranks, std::int64_t first_border = 0, std::int64_t period = 1);
  /// @param borders  hours at which slabs may be cut, rising, where periods differ
  SlabPartition(std::int64_t hours, int ranks, const std::vector<std::int64_t>& borders);

  std::int64_t hours() const { return hours_; }
  int ranks() const { return static_cast<int>(borders_.size()) - 1; }
  Slab slab(int rank) const;
  /// The rank that owns an hour.
  int owner(std::int64_t hour) const;

 private:
  std::int64_t hours_;
  std::vector<std::int64_t> borders_;  // rank r owns [borders_[r], borders_[r + 1])
};

}  // namespace foehn::trajectory
