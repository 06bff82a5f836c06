#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "evaluation/plots.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {
namespace {

/// Lines of the map: "longitude latitude step step ...", in hundredths of a degree.
constexpr std::array kCoastlines = std::to_array<std::string_view>({
#include "evaluation/coastlines.inc"
});

std::vector<grid::Position> positions_of(std::string_view line) {
  std::vector<grid::Position> positions;
  int longitude = 0, latitude = 0;
  const char* next = line.data();
  const char* end = next + line.size();
  const auto read = [&] {
    int number = 0;
    while (next < end && *next == ' ') ++next;
    next = std::from_chars(next, end, number).ptr;
    return number;
  };
  while (next < end) {
    longitude += read();
    latitude += read();
    positions.push_back({latitude / 100.0, longitude / 100.0});
  }
  return positions;
}

/// Where a coordinate lies among an axis' cells: i + 0.5 in the middle of cell i; beyond the ends as far as
/// the outermost step goes on.
double place_on(const std::vector<double>& values, double coordinate) {
  const bool rises = values.back() > values.front();
  const auto is_before = [rises](double value, double wanted) {
    return rises ? value < wanted : value > wanted;
  };
  const auto above = std::lower_bound(values.begin() + 1, values.end() - 1, coordinate, is_before);
  const auto below = above - 1;
  return static_cast<double>(below - values.begin()) + 0.5 + (coordinate - *below) / (*above - *below);
}

struct Place {
  double x = 0, y = 0;
};

/// Positions nearer to one another in the picture are left out: nobody sees them.
constexpr double kSmallestStep = 0.7;

/// A position in cells of the map as it is shown.
Place place_of(const grid::Grid& grid, const grid::Position& position) {
  const grid::Position own = grid.rotated_pole ? grid::to_rotated(*grid.rotated_pole, position) : position;
  const double middle = (grid.x.values.front() + grid.x.values.back()) / 2;
  const double x = place_on(grid.x.values, middle + std::remainder(own.longitude - middle, 360.0));
  const double y = place_on(grid.y.values, own.latitude);
  const bool is_south_first = grid.y.values.back() > grid.y.values.front();
  return {x, is_south_first ? static_cast<double>(grid.ny()) - y : y};
}

/// Whether a step of a line may touch the map; steps across the whole world are none.
bool may_touch(const grid::Grid& grid, const Place& one, const Place& two) {
  const auto nx = static_cast<double>(grid.nx()), ny = static_cast<double>(grid.ny());
  const double half_world = 180 / std::abs(grid.x.values[1] - grid.x.values[0]);
  return std::max(one.x, two.x) >= 0 && std::min(one.x, two.x) <= nx && std::max(one.y, two.y) >= 0 &&
         std::min(one.y, two.y) <= ny && std::abs(one.x - two.x) < half_world;
}

}  // namespace

std::string coastline_path(const grid::Grid& of, double width, double height) {
  if (of.ny() < 2 || of.nx() < 2) return "";
  grid::Grid grid = of;
  // Longitudes that go on across the date line.
  for (std::size_t i = 1; i < grid.x.values.size(); ++i)
    grid.x.values[i] = grid.x.values[i - 1] + std::remainder(grid.x.values[i] - grid.x.values[i - 1], 360.0);
  const double across = width / static_cast<double>(grid.nx()),
               down = height / static_cast<double>(grid.ny());
  std::string path;
  for (const std::string_view line : kCoastlines) {
    const std::vector<grid::Position> positions = positions_of(line);
    bool is_down = false;
    Place before = place_of(grid, positions.front());
    for (std::size_t i = 1; i < positions.size(); ++i) {
      const Place here = place_of(grid, positions[i]);
      const bool is_near =
          std::hypot(across * (here.x - before.x), down * (here.y - before.y)) < kSmallestStep;
      if (is_near && i + 1 < positions.size()) continue;
      const bool is_shown = may_touch(grid, before, here);
      if (is_shown && !is_down) path += fmt::format("M{:.1f} {:.1f}", across * before.x, down * before.y);
      if (is_shown) path += fmt::format("L{:.1f} {:.1f}", across * here.x, down * here.y);
      is_down = is_shown;
      before = here;
    }
  }
  return path;
}

}  // namespace foehn::evaluation
