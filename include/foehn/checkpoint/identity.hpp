#pragma once

#include <string>

namespace foehn::checkpoint {

/// In what two identities differ, lines "name = value" both: "sampler.steps: 16 there, 32 here", at most
/// three of them; empty if they are the same.
std::string difference(const std::string& there, const std::string& here);

}  // namespace foehn::checkpoint
