#pragma once

#include <functional>
#include <vector>

namespace foehn::evaluation {

/// The ranks that share an evaluation, as far as this module sees them; by default one alone.
struct Ranks {
  using Numbers = std::vector<double>;

  int rank = 0;
  int size = 1;
  /// Runs work without communication on every rank; if it throws on one, all throw the same message.
  /// @note Collective.
  std::function<void(const std::function<void()>&)> agree = [](const std::function<void()>& work) { work(); };
  /// Every rank's numbers, in the order of ranks, on rank 0; empty on the others. @note Collective.
  std::function<std::vector<Numbers>(const Numbers&)> gather = [](const Numbers& mine) {
    return std::vector<Numbers>{mine};
  };

  bool is_root() const { return rank == 0; }
};

}  // namespace foehn::evaluation
