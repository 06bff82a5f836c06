#pragma once

#include <functional>
#include <vector>

#include "foehn/evaluation/ranks.hpp"

namespace foehn::testing {

/// Runs collective work on so many ranks one after the other: those beyond the root first, keeping what they
/// would send.
/// @return  what the root's work returns
template <class Work>
auto on_ranks_in_turn(int size, Work&& work) {
  using evaluation::Ranks;
  std::vector<std::vector<Ranks::Numbers>> sent(static_cast<std::size_t>(size));
  for (int rank = size - 1; rank > 0; --rank) {
    Ranks ranks{.rank = rank, .size = size};
    ranks.gather = [&, rank](const Ranks::Numbers& mine) {
      sent[static_cast<std::size_t>(rank)].push_back(mine);
      return std::vector<Ranks::Numbers>{};
    };
    work(ranks);
  }
  Ranks root{.rank = 0, .size = size};
  std::size_t round = 0;
  root.gather = [&](const Ranks::Numbers& mine) {
    std::vector<Ranks::Numbers> all = {mine};
    for (int rank = 1; rank < size; ++rank) all.push_back(sent[static_cast<std::size_t>(rank)][round]);
    ++round;
    return all;
  };
  return work(root);
}

}  // namespace foehn::testing
