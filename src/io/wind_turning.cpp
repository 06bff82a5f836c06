#include "foehn/io/wind_turning.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/grid/winds.hpp"

namespace foehn::io {

std::optional<WindTurning> WindTurning::of(const std::vector<Variable>& variables, const grid::Grid& grid) {
  if (!grid.rotated_pole) return std::nullopt;
  std::optional<std::size_t> found[2];  // of u and v
  for (std::size_t i = 0; i < variables.size(); ++i)
    if (const auto component = grid::wind_component(variables[i].standard_name))
      if (component->is_along_grid) found[component->is_first ? 0 : 1] = i;
  if (!found[0] && !found[1]) return std::nullopt;
  if (!found[0] || !found[1]) {
    const Variable& one = variables[found[0] ? *found[0] : *found[1]];
    throw core::Error(fmt::format(
        "variable {} ({}): the archive's winds are geographic; to turn it, the other component is needed",
        one.name, one.standard_name));
  }
  return WindTurning(*found[0], *found[1], grid);
}

WindTurning::WindTurning(std::size_t u, std::size_t v, const grid::Grid& grid)
    : u_(u), v_(v), angles_(grid::grid_angles(grid)) {}

void WindTurning::operator()(std::span<float> instant) const {
  const std::size_t cells = angles_.size();
  grid::rotate_winds_to_geographic(angles_, instant.subspan(u_ * cells, cells),
                                   instant.subspan(v_ * cells, cells));
}

}  // namespace foehn::io
