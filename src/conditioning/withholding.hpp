#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace foehn::conditioning {

/// Chooses a share of keys by a rule that depends on the seed and on what the keys are, not on their order:
/// they are ranked by the SHA-256 of "SEED:KEY", and the first are taken, as many as `share` says, to the
/// nearest whole number.
/// @param what  that keys are, for messages, such as "stations"
/// @throws core::Error if that is none of them, or all
std::set<std::string> choose_withheld(const std::set<std::string>& keys, double share, std::int64_t seed,
                                      const std::string& what);

}  // namespace foehn::conditioning
