#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "foehn/mesh/sphere.hpp"

namespace foehn::mesh {

/// Directed edges, by the numbers of the nodes that they join; sorted by destination, then by source.
struct EdgeList {
  std::vector<std::int64_t> source, destination;

  std::int64_t size() const { return static_cast<std::int64_t>(source.size()); }
  bool operator==(const EdgeList&) const = default;
};

/// To every destination from all sources within a chord, at most from the nearest ones. Of sources that are
/// equally near, to within rounding, those of smaller numbers come first.
/// @param reach  chord
/// @param most   edges per destination
/// @return       destinations without a source within reach have no edge
EdgeList edges_within(const std::vector<Point>& sources, const std::vector<Point>& destinations, double reach,
                      std::int64_t most);

/// To every destination from its nearest sources; ties as in edges_within.
/// @param count  edges per destination
/// @throws core::Error if there are fewer sources
EdgeList edges_from_nearest(const std::vector<Point>& sources, const std::vector<Point>& destinations,
                            std::int64_t count);

inline constexpr std::int64_t kEdgeFeatures = 3;

/// What a network knows of an edge: the angle between its ends, and where the destination lies as seen from
/// the source, a unit vector, when the globe is turned so that the source comes to the north pole by the
/// shortest way. Ends at the same place have no direction: (0, 0). Each number is divided by its standard
/// deviation over the edges, if it has any.
std::vector<std::array<double, kEdgeFeatures>> edge_features(const EdgeList& edges,
                                                             const std::vector<Point>& sources,
                                                             const std::vector<Point>& destinations);

}  // namespace foehn::mesh
