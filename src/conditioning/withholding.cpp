#include "conditioning/withholding.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"

namespace foehn::conditioning {

std::set<std::string> choose_withheld(const std::set<std::string>& keys, double share, std::int64_t seed,
                                      const std::string& what) {
  const auto count = static_cast<std::size_t>(std::llround(share * static_cast<double>(keys.size())));
  if (count == 0 || count >= keys.size())
    throw core::Error(fmt::format("observation.withhold: {:.3g} of {} {} is {}, which leaves nothing to {}",
                                  share, keys.size(), what, count == 0 ? "none" : "all of them",
                                  count == 0 ? "score" : "condition on"));
  std::map<std::string, std::string> by_rank;
  for (const std::string& key : keys) by_rank[core::sha256(fmt::format("{}:{}", seed, key))] = key;
  std::set<std::string> chosen;
  for (auto next = by_rank.begin(); chosen.size() < count; ++next) chosen.insert(next->second);
  return chosen;
}

}  // namespace foehn::conditioning
