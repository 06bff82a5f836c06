#include "mesh/neighbours.hpp"

#define BOOST_ALLOW_DEPRECATED_HEADERS  // that Boost itself includes
#include <algorithm>
#include <boost/geometry.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <cmath>
#include <iterator>
#include <utility>

namespace foehn::mesh {

namespace {

namespace bg = boost::geometry;
using TreePoint = bg::model::point<double, 3, bg::cs::cartesian>;
using Entry = std::pair<TreePoint, std::int64_t>;

/// Of squared chords, beyond what rounding makes of equal ones.
constexpr double kRounding = 1e-12;

TreePoint tree_point(const Point& point) {
  return {point[0], point[1], point[2]};
}

}  // namespace

struct Neighbours::Tree {
  bg::index::rtree<Entry, bg::index::rstar<16>> of;
};

Neighbours::Neighbours(const std::vector<Point>& points) : points_(points) {
  std::vector<Entry> entries;
  entries.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i)
    entries.emplace_back(tree_point(points[i]), static_cast<std::int64_t>(i));
  tree_ = std::make_unique<Tree>(Tree{decltype(Tree::of)(entries)});
}

Neighbours::~Neighbours() = default;

std::vector<std::int64_t> Neighbours::within(const Point& place, double reach) const {
  const double most = reach * reach + kRounding, side = std::sqrt(most);
  const bg::model::box<TreePoint> box(tree_point({place[0] - side, place[1] - side, place[2] - side}),
                                      tree_point({place[0] + side, place[1] + side, place[2] + side}));
  std::vector<Entry> inside;
  tree_->of.query(bg::index::intersects(box), std::back_inserter(inside));
  std::vector<std::pair<std::int64_t, std::int64_t>> found;  // distance in steps of rounding, number
  for (const auto& [point, number] : inside)
    if (const double square = squared_chord(points_[static_cast<std::size_t>(number)], place); square <= most)
      found.emplace_back(std::llround(square / kRounding), number);
  std::sort(found.begin(), found.end());
  std::vector<std::int64_t> numbers;
  for (const auto& [distance, number] : found) numbers.push_back(number);
  return numbers;
}

std::vector<std::int64_t> Neighbours::nearest(const Point& place, std::int64_t count) const {
  std::vector<Entry> some;
  tree_->of.query(bg::index::nearest(tree_point(place), static_cast<unsigned>(count)),
                  std::back_inserter(some));
  double reach = 0;
  for (const auto& [point, number] : some)
    reach = std::max(reach, squared_chord(points_[static_cast<std::size_t>(number)], place));
  // Which of those equally far are in, the tree does not say.
  std::vector<std::int64_t> numbers = within(place, std::sqrt(reach));
  numbers.resize(static_cast<std::size_t>(count));
  return numbers;
}

}  // namespace foehn::mesh
