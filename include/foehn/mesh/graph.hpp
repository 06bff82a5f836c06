#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "foehn/mesh/edges.hpp"
#include "foehn/mesh/sphere.hpp"

namespace foehn::mesh {

/// Edges, and what a network knows of them.
struct Layer {
  EdgeList edges;
  std::vector<std::array<double, kEdgeFeatures>> features;  ///< of each edge
};

/// The nodes and edges on which a graph network computes: from the places of data to a hidden mesh, over that
/// mesh, and back. Source: the graph of ECMWF's Anemoi, as described in arXiv 2604.03303.
struct Graph {
  std::vector<Point> data, hidden;
  Layer encoder;    ///< data -> hidden: data within 0.7 of the hidden mesh's widest spacing, at most the
                    ///< nearest 64
  Layer processor;  ///< hidden -> hidden, along the sides of the icosphere's triangles
  Layer decoder;    ///< hidden -> data: from the nearest 3
};

/// @param data   places of data, which cover the globe
/// @param level  of the hidden mesh, as in refined_icosahedron
/// @throws core::Error if a hidden node has no data within reach: the mesh is too fine for the data, or they
/// do not
///         cover the globe
Graph make_graph(std::vector<Point> data, std::int64_t level);

}  // namespace foehn::mesh
