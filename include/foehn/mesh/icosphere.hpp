#pragma once

#include <cstdint>
#include <vector>

#include "foehn/mesh/edges.hpp"
#include "foehn/mesh/sphere.hpp"

namespace foehn::mesh {

/// How often an icosahedron may be refined: 10 * 4^10 + 2 nodes lie 8 km apart.
inline constexpr std::int64_t kFinestLevel = 10;

/// An icosahedron, each of whose triangles was divided into four `level` times, on the unit sphere.
struct Icosphere {
  std::vector<Point> nodes;  ///< 10 * 4^level + 2, from north to south, then by rising longitude
  EdgeList edges;            ///< both ways along the sides of the smallest triangles: 60 * 4^level
};

/// The icosahedron has its twelve nodes at (0, +-1, +-phi) and its cyclic permutations, phi being the golden
/// ratio.
/// @throws core::Error if the level is not from 0 to kFinestLevel
Icosphere refined_icosahedron(std::int64_t level);

}  // namespace foehn::mesh
