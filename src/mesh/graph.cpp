#include "foehn/mesh/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/mesh/icosphere.hpp"

namespace foehn::mesh {

namespace {

constexpr double kReach = 0.7;  // of the mesh's widest spacing
constexpr std::int64_t kMostData = 64, kNearestHidden = 3;

/// The largest chord from a node to its nearest neighbour.
double widest_spacing(const Icosphere& mesh) {
  std::vector<double> nearest(mesh.nodes.size(), std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < mesh.edges.source.size(); ++i) {
    const auto from = static_cast<std::size_t>(mesh.edges.source[i]),
               to = static_cast<std::size_t>(mesh.edges.destination[i]);
    nearest[to] = std::min(nearest[to], squared_chord(mesh.nodes[from], mesh.nodes[to]));
  }
  return std::sqrt(*std::max_element(nearest.begin(), nearest.end()));
}

/// Before a mesh is made that is far too fine: a level that a file asks for costs no memory.
void check_level(std::int64_t level, std::size_t data) {
  constexpr std::int64_t kMostPerCell = 64;  // within reach of a cell there are far fewer hidden nodes
  const auto most = kMostPerCell * static_cast<std::int64_t>(data);
  if (level < 0 || level > kFinestLevel) return;  // which refined_icosahedron refuses
  const std::int64_t nodes = 10 * (std::int64_t{1} << (2 * level)) + 2;
  if (nodes > most)
    throw core::Error(
        fmt::format("a hidden mesh of level {}: it has {} nodes, the domain {} cells; expected no finer mesh "
                    "than they are",
                    level, nodes, data));
}

/// Every hidden node must see data: one that sees none would know nothing but its own place.
void check_reached(const EdgeList& encoder, const Icosphere& mesh, std::size_t data, std::int64_t level) {
  std::vector<bool> is_reached(mesh.nodes.size(), false);
  for (const std::int64_t node : encoder.destination) is_reached[static_cast<std::size_t>(node)] = true;
  const auto first = std::find(is_reached.begin(), is_reached.end(), false);
  if (first == is_reached.end()) return;
  const Point& place = mesh.nodes[static_cast<std::size_t>(first - is_reached.begin())];
  throw core::Error(
      fmt::format("a hidden mesh of level {}: {} of its {} nodes have none of the domain's {} cells near "
                  "them, the first at {:.2f} "
                  "N {:.2f} E; expected cells that cover the globe, and no finer mesh than they are",
                  level, std::count(is_reached.begin(), is_reached.end(), false), mesh.nodes.size(), data,
                  latitude_of(place), longitude_of(place)));
}

Layer layer(EdgeList edges, const std::vector<Point>& sources, const std::vector<Point>& destinations) {
  auto features = edge_features(edges, sources, destinations);
  return {std::move(edges), std::move(features)};
}

}  // namespace

Graph make_graph(std::vector<Point> data, std::int64_t level) {
  check_level(level, data.size());
  Icosphere mesh = refined_icosahedron(level);
  EdgeList encoder = edges_within(data, mesh.nodes, kReach * widest_spacing(mesh), kMostData);
  check_reached(encoder, mesh, data.size(), level);
  Graph graph;
  graph.encoder = layer(std::move(encoder), data, mesh.nodes);
  graph.processor = layer(std::move(mesh.edges), mesh.nodes, mesh.nodes);
  graph.decoder = layer(edges_from_nearest(mesh.nodes, data, kNearestHidden), mesh.nodes, data);
  graph.data = std::move(data);
  graph.hidden = std::move(mesh.nodes);
  return graph;
}

}  // namespace foehn::mesh
