#include "foehn/mesh/icosphere.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <tuple>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::mesh {

namespace {

using Triangle = std::array<std::int64_t, 3>;

struct Triangles {
  std::vector<Point> nodes;
  std::vector<Triangle> triangles;
};

Point normalised(const Point& point) {
  const double length = std::sqrt(inner_product(point, point));
  return {point[0] / length, point[1] / length, point[2] / length};
}

Triangles icosahedron() {
  Triangles made;
  for (const double one : {-1.0, 1.0})
    for (const double phi : {-std::numbers::phi, std::numbers::phi})
      for (const Point& point : {Point{0, one, phi}, Point{one, phi, 0}, Point{phi, 0, one}})
        made.nodes.push_back(normalised(point));
  // The faces are the triples of nodes that are neighbours of each other.
  const auto count = static_cast<std::int64_t>(made.nodes.size());
  const auto are_neighbours = [&](std::int64_t a, std::int64_t b) {
    return inner_product(made.nodes[static_cast<std::size_t>(a)], made.nodes[static_cast<std::size_t>(b)]) >
           0;
  };
  for (std::int64_t a = 0; a < count; ++a)
    for (std::int64_t b = a + 1; b < count; ++b)
      for (std::int64_t c = b + 1; c < count; ++c)
        if (are_neighbours(a, b) && are_neighbours(b, c) && are_neighbours(a, c))
          made.triangles.push_back({a, b, c});
  return made;
}

/// Divides each triangle into four, by the middles of its sides.
void refine(Triangles& mesh) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> middles;
  const auto middle = [&](std::int64_t a, std::int64_t b) {
    const auto next = static_cast<std::int64_t>(mesh.nodes.size());
    const auto [found, is_new] = middles.try_emplace(std::minmax(a, b), next);
    if (is_new) {
      const Point &p = mesh.nodes[static_cast<std::size_t>(a)], &q = mesh.nodes[static_cast<std::size_t>(b)];
      mesh.nodes.push_back(normalised({p[0] + q[0], p[1] + q[1], p[2] + q[2]}));
    }
    return found->second;
  };
  std::vector<Triangle> finer;
  finer.reserve(4 * mesh.triangles.size());
  for (const auto& [a, b, c] : mesh.triangles) {
    const std::int64_t ab = middle(a, b), bc = middle(b, c), ca = middle(c, a);
    for (const Triangle& part : {Triangle{a, ab, ca}, {ab, b, bc}, {ca, bc, c}, {ab, bc, ca}})
      finer.push_back(part);
  }
  mesh.triangles = std::move(finer);
}

/// Where a node comes: from north to south, then by rising longitude. Nodes of one latitude differ in it by
/// rounding alone, and a longitude of 180 degrees may have either sign.
std::tuple<std::int64_t, std::int64_t> order_of(const Point& point) {
  constexpr double kSteps = 1e9;  // per degree
  const std::int64_t turn = std::llround(360 * kSteps);
  std::int64_t longitude = std::llround(longitude_of(point) * kSteps);
  if (2 * longitude >= turn) longitude -= turn;
  return {-std::llround(latitude_of(point) * kSteps), longitude};
}

}  // namespace

Icosphere refined_icosahedron(std::int64_t level) {
  if (level < 0 || level > kFinestLevel)
    throw core::Error(
        fmt::format("the level of a refined icosahedron: expected 0 to {}, found {}", kFinestLevel, level));
  Triangles mesh = icosahedron();
  for (std::int64_t i = 0; i < level; ++i) refine(mesh);

  std::vector<std::tuple<std::int64_t, std::int64_t, std::size_t>> sorted;
  for (std::size_t i = 0; i < mesh.nodes.size(); ++i)
    sorted.push_back(std::tuple_cat(order_of(mesh.nodes[i]), std::tuple(i)));
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> number(sorted.size());
  Icosphere made;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::size_t before = std::get<2>(sorted[i]);
    number[before] = static_cast<std::int64_t>(i);
    made.nodes.push_back(mesh.nodes[before]);
  }

  std::vector<std::pair<std::int64_t, std::int64_t>> edges;  // destination, source
  for (const Triangle& triangle : mesh.triangles)
    for (std::size_t side = 0; side < 3; ++side) {
      const std::int64_t a = number[static_cast<std::size_t>(triangle[side])],
                         b = number[static_cast<std::size_t>(triangle[(side + 1) % 3])];
      edges.emplace_back(a, b);  // twice, of the triangles on both sides
      edges.emplace_back(b, a);
    }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  for (const auto& [destination, source] : edges) {
    made.edges.destination.push_back(destination);
    made.edges.source.push_back(source);
  }
  return made;
}

}  // namespace foehn::mesh
