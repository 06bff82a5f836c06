#pragma once

#include <functional>
#include <span>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

/// Hands every rank's numbers to `use` on the root, one rank after the other, in their order: the root holds
/// those of one rank beside its own.
/// @param use  must not throw, since the other ranks would wait
/// @note Collective.
void gather_in_turn(const Communicator& communicator, std::span<const double> mine,
                    const std::function<void(std::span<const double>)>& use);

}  // namespace foehn::comm
