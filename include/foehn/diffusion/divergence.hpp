#pragma once

namespace foehn::diffusion {

/// How the message of a run begins whose values became infinite or cannot be weather: its settings are at
/// fault, not its input.
inline constexpr const char* kDiverged = "sampling diverged";

}  // namespace foehn::diffusion
