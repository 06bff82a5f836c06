#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::io {

/// Turns two wind components along a rotated grid to geographic directions, which archives want.
class WindTurning {
 public:
  /// Nothing if there are no such winds.
  /// @throws core::Error naming a component without the other, which it cannot be turned without
  static std::optional<WindTurning> of(const std::vector<Variable>& variables, const grid::Grid& grid);

  /// @param instant  the fields of one, [variable, y, x]
  void operator()(std::span<float> instant) const;

 private:
  WindTurning(std::size_t u, std::size_t v, const grid::Grid& grid);

  std::size_t u_, v_;           // places among the variables
  std::vector<double> angles_;  // [cell], of the grid's directions
};

}  // namespace foehn::io
