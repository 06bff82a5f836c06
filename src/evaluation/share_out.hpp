#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "foehn/evaluation/ranks.hpp"

namespace foehn::evaluation {

/// Works through items 0, 1, ... on all ranks in turn, and hands what each item gives to the root in the
/// order of items, so that the root's sums have the same bits on any number of ranks. A rank holds the
/// numbers of one item at a time.
///
/// @param work  what an item gives; without communication
/// @param take  called on the root alone
/// @throws as Ranks::agree if work fails on a rank
/// @note Collective.
void share_out(const Ranks& ranks, std::int64_t items,
               const std::function<std::vector<double>(std::int64_t)>& work,
               const std::function<void(std::int64_t, std::span<const double>)>& take);

}  // namespace foehn::evaluation
