#pragma once

#include <functional>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// The ranks that share an evaluation, as far as this module sees them; by default one alone.
struct Ranks {
  int rank = 0;
  int size = 1;
  /// Runs work without communication on every rank; if it throws on one, all throw the same message.
  /// @note Collective.
  std::function<void(const std::function<void()>&)> agree = [](const std::function<void()>& work) { work(); };
  /// Hands every rank's numbers to `use` on rank 0, one rank after the other. @note Collective.
  std::function<void(std::span<const double> mine, const std::function<void(std::span<const double>)>& use)>
      gather = [](std::span<const double> mine, const auto& use) { use(mine); };
  /// Makes every rank's numbers those of rank 0. @note Collective.
  std::function<void(std::vector<double>&)> broadcast = [](std::vector<double>&) {};

  bool is_root() const { return rank == 0; }
};

}  // namespace foehn::evaluation
