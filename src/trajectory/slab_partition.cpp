#include "foehn/trajectory/slab_partition.hpp"

#include <algorithm>

namespace foehn::trajectory {

namespace {

std::vector<std::int64_t> periodic_borders(std::int64_t hours, std::int64_t first, std::int64_t period) {
  std::vector<std::int64_t> borders;
  for (std::int64_t hour = first % period; hour < hours; hour += period) borders.push_back(hour);
  return borders;
}

/// The border nearest to an hour, the earlier of two; both ends of the trajectory are borders too.
std::int64_t nearest_border(const std::vector<std::int64_t>& borders, std::int64_t hours, std::int64_t hour) {
  const auto after = std::lower_bound(borders.begin(), borders.end(), hour);
  const std::int64_t low = after == borders.begin() ? 0 : *(after - 1);
  const std::int64_t high = after == borders.end() ? hours : *after;
  return hour - low <= high - hour ? low : high;
}

}  // namespace

SlabPartition::SlabPartition(std::int64_t hours, int ranks, std::int64_t first_border, std::int64_t period)
    : SlabPartition(hours, ranks, periodic_borders(hours, first_border, period)) {}

SlabPartition::SlabPartition(std::int64_t hours, int ranks, const std::vector<std::int64_t>& borders)
    : hours_(hours) {
  borders_.push_back(0);
  for (int rank = 1; rank < ranks; ++rank)
    borders_.push_back(nearest_border(borders, hours, hours * rank / ranks));
  borders_.push_back(hours);
}

Slab SlabPartition::slab(int rank) const {
  const auto i = static_cast<std::size_t>(rank);
  return {borders_[i], borders_[i + 1]};
}

int SlabPartition::owner(std::int64_t hour) const {
  // The last rank that begins at or before the hour: empty slabs before it begin there too but end there.
  const auto after = std::upper_bound(borders_.begin(), borders_.end() - 1, hour);
  return static_cast<int>(after - borders_.begin()) - 1;
}

}  // namespace foehn::trajectory
