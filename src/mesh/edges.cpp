#include "foehn/mesh/edges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "foehn/core/error.hpp"
#include "mesh/neighbours.hpp"

namespace foehn::mesh {

namespace {

/// Adds the edges to a destination that comes after all others so far.
void append(EdgeList& edges, std::int64_t destination, std::vector<std::int64_t> sources) {
  std::sort(sources.begin(), sources.end());
  edges.source.insert(edges.source.end(), sources.begin(), sources.end());
  edges.destination.insert(edges.destination.end(), sources.size(), destination);
}

/// The horizontal part of `to` when the sphere is turned so that `from` comes to the north pole n by the
/// shortest way: t - (f + n) ((f + n) . t)/(1 + f . n) + 2 n (f . t), by Rodrigues. From the south pole about
/// the x axis.
std::array<double, 2> turned_to_pole(const Point& from, const Point& to) {
  constexpr double kAtSouthPole = 1e-12;
  if (1 + from[2] < kAtSouthPole) return {to[0], -to[1]};
  const double along = (inner_product(from, to) + to[2]) / (1 + from[2]);
  return {to[0] - along * from[0], to[1] - along * from[1]};
}

}  // namespace

EdgeList edges_within(const std::vector<Point>& sources, const std::vector<Point>& destinations, double reach,
                      std::int64_t most) {
  const Neighbours neighbours(sources);
  EdgeList edges;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    std::vector<std::int64_t> found = neighbours.within(destinations[i], reach);
    found.resize(std::min(found.size(), static_cast<std::size_t>(most)));
    append(edges, static_cast<std::int64_t>(i), std::move(found));
  }
  return edges;
}

EdgeList edges_from_nearest(const std::vector<Point>& sources, const std::vector<Point>& destinations,
                            std::int64_t count) {
  if (static_cast<std::int64_t>(sources.size()) < count)
    throw core::Error(fmt::format("edges from the nearest {} nodes: expected as many or more, found {}",
                                  count, sources.size()));
  const Neighbours neighbours(sources);
  EdgeList edges;
  for (std::size_t i = 0; i < destinations.size(); ++i)
    append(edges, static_cast<std::int64_t>(i), neighbours.nearest(destinations[i], count));
  return edges;
}

std::vector<std::array<double, kEdgeFeatures>> edge_features(const EdgeList& edges,
                                                             const std::vector<Point>& sources,
                                                             const std::vector<Point>& destinations) {
  constexpr double kSamePlace = 1e-9;  // of a radius: 6 mm on Earth
  std::vector<std::array<double, kEdgeFeatures>> features;
  features.reserve(edges.source.size());
  for (std::size_t i = 0; i < edges.source.size(); ++i) {
    const Point &from = sources[static_cast<std::size_t>(edges.source[i])],
                &to = destinations[static_cast<std::size_t>(edges.destination[i])];
    const auto [x, y] = turned_to_pole(from, to);
    const double length = std::hypot(x, y);
    const bool has_direction = length > kSamePlace;
    features.push_back(
        {great_circle_angle(from, to), has_direction ? x / length : 0, has_direction ? y / length : 0});
  }
  for (std::size_t k = 0; k < kEdgeFeatures; ++k) {
    const auto count = static_cast<double>(features.size());
    double sum = 0, squares = 0;
    for (const auto& feature : features) sum += feature[k];
    const double mean = sum / count;
    for (const auto& feature : features) squares += (feature[k] - mean) * (feature[k] - mean);
    const double deviation = std::sqrt(squares / count);
    if (!(deviation > kSamePlace)) continue;
    for (auto& feature : features) feature[k] /= deviation;
  }
  return features;
}

}  // namespace foehn::mesh
