#include "foehn/trajectory/slab_partition.hpp"

#include <algorithm>

namespace foehn::trajectory {

SlabPartition::SlabPartition(std::int64_t hours, int ranks, std::int64_t first_border, std::int64_t period)
    : hours_(hours) {
  borders_.push_back(0);
  for (int rank = 1; rank < ranks; ++rank) {
    // The border nearest to an even share.
    const std::int64_t even = hours * rank / ranks;
    const std::int64_t offset = even - first_border % period;
    const std::int64_t below = offset >= 0 ? offset / period : 0;
    const std::int64_t low = first_border % period + below * period;
    const std::int64_t border = even - low <= low + period - even ? low : low + period;
    // A border before the first period or at its start gives that piece to the first rank.
    borders_.push_back(std::clamp(offset < 0 ? 0 : border, borders_.back(), hours));
  }
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
