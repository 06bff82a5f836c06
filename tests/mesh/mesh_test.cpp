#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>

#include "foehn/core/error.hpp"
#include "foehn/mesh/graph.hpp"
#include "foehn/mesh/icosphere.hpp"

namespace foehn::mesh::mesh_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Rows of 20, 24, ... cells from either pole, as an octahedral reduced Gaussian grid has, evenly in
/// latitude.
std::vector<Point> octahedral(std::int64_t rows_to_equator) {
  std::vector<Point> points;
  const std::int64_t rows = 2 * rows_to_equator;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t count = 20 + 4 * std::min(row, rows - 1 - row);
    for (std::int64_t i = 0; i < count; ++i)
      points.push_back(on_sphere(90 - 180 * (static_cast<double>(row) + 0.5) / static_cast<double>(rows),
                                 360 * static_cast<double>(i) / static_cast<double>(count)));
  }
  return points;
}

std::vector<Point> random_points(std::size_t count) {
  std::mt19937 engine(7);
  std::normal_distribution<double> normal;
  std::vector<Point> points;
  while (points.size() < count) {
    Point point{normal(engine), normal(engine), normal(engine)};
    const double length = std::sqrt(inner_product(point, point));
    for (double& coordinate : point) coordinate /= length;
    points.push_back(point);
  }
  return points;
}

/// The sources of every destination's edges.
std::vector<std::vector<std::int64_t>> sources_of(const EdgeList& edges, std::size_t destinations) {
  std::vector<std::vector<std::int64_t>> sources(destinations);
  for (std::size_t i = 0; i < edges.source.size(); ++i)
    sources[static_cast<std::size_t>(edges.destination[i])].push_back(edges.source[i]);
  return sources;
}

bool is_sorted(const EdgeList& edges) {
  for (std::size_t i = 1; i < edges.source.size(); ++i)
    if (std::pair(edges.destination[i - 1], edges.source[i - 1]) >=
        std::pair(edges.destination[i], edges.source[i]))
      return false;
  return true;
}

TEST(Icosphere, HasTheNodesAndEdgesOfItsLevel) {
  std::int64_t parts = 1;
  for (std::int64_t level = 0; level <= 6; ++level, parts *= 4) {
    const Icosphere mesh = refined_icosahedron(level);
    EXPECT_EQ(static_cast<std::int64_t>(mesh.nodes.size()), 10 * parts + 2);
    EXPECT_EQ(mesh.edges.size(), 60 * parts);
    EXPECT_TRUE(is_sorted(mesh.edges));
  }
  EXPECT_THAT([] { refined_icosahedron(11); }, ThrowsMessage<core::Error>(HasSubstr("0 to 10, found 11")));
}

TEST(Icosphere, HasTwelveNodesOfFiveNeighboursAndElseSix) {
  const Icosphere mesh = refined_icosahedron(3);
  std::map<std::size_t, int> counts;
  double shortest = 4, longest = 0;
  const auto sources = sources_of(mesh.edges, mesh.nodes.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    ++counts[sources[i].size()];
    for (const std::int64_t source : sources[i]) {
      const auto& back = sources[static_cast<std::size_t>(source)];
      EXPECT_TRUE(std::binary_search(back.begin(), back.end(), static_cast<std::int64_t>(i)));
      const double chord = squared_chord(mesh.nodes[i], mesh.nodes[static_cast<std::size_t>(source)]);
      shortest = std::min(shortest, chord);
      longest = std::max(longest, chord);
    }
  }
  EXPECT_EQ(counts, (std::map<std::size_t, int>{{5, 12}, {6, 630}}));
  EXPECT_LT(std::sqrt(longest / shortest), 1.25);
}

TEST(Icosphere, GoesFromNorthToSouthAndThenEast) {
  const Icosphere mesh = refined_icosahedron(4);
  for (std::size_t i = 1; i < mesh.nodes.size(); ++i) {
    const double fall = latitude_of(mesh.nodes[i - 1]) - latitude_of(mesh.nodes[i]);
    EXPECT_GT(fall, -1e-8);
    const bool is_one_row = fall<1e-8, begins_at_180 = std::abs(longitude_of(mesh.nodes[i - 1]))> 180 - 1e-8;
    if (is_one_row && !begins_at_180) {
      EXPECT_LT(longitude_of(mesh.nodes[i - 1]), longitude_of(mesh.nodes[i]));
    }
  }
  // Mirrored at the equator, it is the same.
  for (std::size_t i = 0; i < mesh.nodes.size(); ++i)
    EXPECT_NEAR(latitude_of(mesh.nodes[i]), -latitude_of(mesh.nodes[mesh.nodes.size() - 1 - i]), 1e-9);
}

TEST(Edges, AreThoseOfASearchThroughAllPairs) {
  const std::vector<Point> sources = random_points(300), destinations = random_points(120);
  constexpr double kReach = 0.3;
  constexpr std::size_t kMost = 5;
  const EdgeList within = edges_within(sources, destinations, kReach, kMost);
  const EdgeList nearest = edges_from_nearest(sources, destinations, 3);
  EXPECT_TRUE(is_sorted(within));
  EXPECT_TRUE(is_sorted(nearest));
  const auto found_within = sources_of(within, destinations.size()),
             found_nearest = sources_of(nearest, destinations.size());
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    std::vector<std::pair<double, std::int64_t>> all;
    for (std::size_t j = 0; j < sources.size(); ++j)
      all.emplace_back(squared_chord(sources[j], destinations[i]), static_cast<std::int64_t>(j));
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> expected_within, expected_nearest;
    for (const auto& [square, number] : all) {
      if (square <= kReach * kReach && expected_within.size() < kMost) expected_within.push_back(number);
      if (expected_nearest.size() < 3) expected_nearest.push_back(number);
    }
    std::sort(expected_within.begin(), expected_within.end());
    std::sort(expected_nearest.begin(), expected_nearest.end());
    EXPECT_EQ(found_within[i], expected_within);
    EXPECT_EQ(found_nearest[i], expected_nearest);
  }
}

TEST(Edges, TakeTheSmallerNumbersOfThoseEquallyFar) {
  std::vector<Point> ring;
  for (int i = 0; i < 12; ++i) ring.push_back(on_sphere(80, 30 * i));
  EXPECT_THAT(edges_from_nearest(ring, {on_sphere(90, 0)}, 3).source, ElementsAre(0, 1, 2));
  EXPECT_THAT(edges_within(ring, {on_sphere(90, 0)}, 1, 4).source, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT([&] { edges_from_nearest(ring, {ring[0]}, 13); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("nearest 13"), HasSubstr("found 12"))));
}

TEST(EdgeFeatures, AreAngleAndDirection) {
  // From the pole nothing is turned: the direction is the longitude.
  const std::vector<Point> pole{on_sphere(90, 0)};
  const std::vector<Point> around{on_sphere(60, 20), on_sphere(80, 110), on_sphere(70, -50),
                                  on_sphere(90, 0)};
  const auto from_pole = edge_features(edges_from_nearest(pole, around, 1), pole, around);
  const double angles[] = {30, 10, 20, 0}, longitudes[] = {20, 110, -50};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(from_pole[i][0] / from_pole[0][0], angles[i] / angles[0], 1e-12);
    // Both numbers of the direction are divided by deviations of their own.
    EXPECT_EQ(from_pole[i][1] > 0, std::cos(longitudes[i] * std::numbers::pi / 180) > 0);
    EXPECT_EQ(from_pole[i][2] > 0, std::sin(longitudes[i] * std::numbers::pi / 180) > 0);
  }
  EXPECT_THAT(from_pole[3], ElementsAre(0, 0, 0));
  // At 0 E a target further north lies in the direction -x, and the globe is turned in the plane of x and z.
  const std::vector<Point> here{on_sphere(0, 0)};
  const std::vector<Point> north{on_sphere(10, 0), on_sphere(-10, 0), on_sphere(0, 10)};
  const auto features = edge_features(edges_from_nearest(here, north, 1), here, north);
  EXPECT_LT(features[0][1], 0);
  EXPECT_NEAR(features[1][1], -features[0][1], 1e-12);
  EXPECT_NEAR(features[2][1], 0, 1e-12);
  EXPECT_GT(features[2][2], 0);
}

TEST(EdgeFeatures, HaveUnitDeviation) {
  const Icosphere mesh = refined_icosahedron(2);
  const auto features = edge_features(mesh.edges, mesh.nodes, mesh.nodes);
  for (std::size_t k = 0; k < kEdgeFeatures; ++k) {
    double sum = 0, squares = 0;
    for (const auto& feature : features) sum += feature[k], squares += feature[k] * feature[k];
    const auto count = static_cast<double>(features.size());
    EXPECT_NEAR(squares / count - sum / count * (sum / count), 1, 1e-9) << k;
  }
}

TEST(Graph, ReachesAllNodesBothWays) {
  const std::vector<Point> data = octahedral(16);
  ASSERT_EQ(data.size(), 4U * 16 * 25);
  const Graph graph = make_graph(data, 3);
  EXPECT_EQ(graph.hidden.size(), 642U);
  EXPECT_EQ(graph.decoder.edges.size(), 3 * 1600);
  for (const auto& sources : sources_of(graph.decoder.edges, data.size())) EXPECT_EQ(sources.size(), 3U);
  for (const auto& sources : sources_of(graph.encoder.edges, graph.hidden.size())) {
    EXPECT_GE(sources.size(), 1U);
    EXPECT_LE(sources.size(), 64U);
  }
  for (const Layer* layer : {&graph.encoder, &graph.processor, &graph.decoder})
    EXPECT_EQ(layer->features.size(), layer->edges.source.size());
  // Data in the middle of a triangle are within reach of its corners.
  std::vector<bool> is_seen(data.size(), false);
  for (const std::int64_t source : graph.encoder.edges.source)
    is_seen[static_cast<std::size_t>(source)] = true;
  EXPECT_EQ(std::count(is_seen.begin(), is_seen.end(), false), 0);
}

TEST(Graph, RefusesAMeshThatDataDoNotCover) {
  EXPECT_THAT([] { make_graph(octahedral(4), 4); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("level 4"), HasSubstr("of its 2562 nodes"), HasSubstr("208 cells"))));
  std::vector<Point> north = octahedral(16);
  std::erase_if(north, [](const Point& point) { return point[2] < 0; });
  EXPECT_THAT([&] { make_graph(north, 2); }, ThrowsMessage<core::Error>(HasSubstr("cover the globe")));
}

}  // namespace
}  // namespace foehn::mesh::mesh_test
