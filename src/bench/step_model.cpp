#include "foehn/bench/step_model.hpp"

#include <algorithm>
#include <cmath>

namespace foehn::bench {

namespace {

std::int64_t divided_up(std::int64_t count, std::int64_t by) {
  return (count + by - 1) / by;
}

}  // namespace

double Passes::seconds(std::int64_t hours, bool has_neighbours) const {
  const std::int64_t windows = divided_up(hours, every),
                     apart = has_neighbours ? std::min(border, windows) : 0;
  const double calls =
      is_padded ? static_cast<double>(divided_up(apart, batch) + divided_up(windows - apart, batch))
                : static_cast<double>(windows) / static_cast<double>(batch);
  return per_step * calls * seconds_per_call;
}

StepCost predict(const StepParts& parts, const LinkSpeed& link, std::int64_t hours, std::int64_t ranks) {
  const std::int64_t slab =
      std::min(hours, divided_up(divided_up(hours, parts.period), ranks) * parts.period);
  StepCost cost;
  for (const Passes& passes : parts.passes) cost.denoisers += passes.seconds(slab, ranks > 1);
  cost.outside = parts.fixed_seconds + parts.hour_seconds * static_cast<double>(slab);
  if (ranks == 1) return cost;
  cost.exchanges = parts.messages * link.message_seconds +
                   (ranks == 2 ? parts.end_bytes : parts.bytes) / link.bytes_per_second +
                   parts.sums * (link.sum_seconds * std::log2(static_cast<double>(ranks)) +
                                 link.sum_hour_seconds * static_cast<double>(hours));
  return cost;
}

std::optional<std::int64_t> ranks_of_share(const StepParts& parts, const LinkSpeed& link, std::int64_t hours,
                                           double share, std::int64_t most) {
  for (std::int64_t ranks = 2; ranks <= std::min(most, divided_up(hours, parts.period)); ++ranks)
    if (predict(parts, link, hours, ranks).exchanged_share() >= share) return ranks;
  return std::nullopt;
}

}  // namespace foehn::bench
