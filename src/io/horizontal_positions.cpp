#include "foehn/io/horizontal_positions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

/// The spellings of CF 4.1 and 4.2: degrees_north, degree_north, degrees_N, degree_N, degreesN, degreeN.
bool is_degrees_towards(const std::string& units, const std::string& direction) {
  std::string text = core::lower_case(units);
  if (!text.starts_with("degree")) return false;
  text.erase(0, text.starts_with("degrees") ? 7 : 6);
  const bool is_short = text.size() == 1 || text.size() == 2;
  if (text.starts_with('_')) text.erase(0, 1);
  return text == direction || (is_short && text == direction.substr(0, 1));
}

bool is_angle(const std::string& units) {
  return units.empty() || is_plain_degrees(units) || is_radians(units);
}

bool is_coordinate(const NetcdfVariable& variable, const std::string& quantity,
                   const std::string& direction) {
  const std::string units = variable.text("units").value_or("");
  return is_degrees_towards(units, direction) || (standard_name(variable) == quantity && is_angle(units));
}

/// Whether a variable gives one value for each cell of a field: [y, x], or [x] where there is but one row.
bool covers(const NetcdfVariable& variable, const NetcdfVariable& field, std::size_t horizontal) {
  const auto& own = variable.dimensions;
  const auto& all = field.dimensions;
  if (!variable.is_numeric || own.empty() || own.size() > horizontal || own.size() >= all.size())
    return false;
  if (own.size() < horizontal && (all.end() - 2)->size != 1) return false;
  return std::equal(own.rbegin(), own.rend(), all.rbegin(),
                    [](const auto& a, const auto& b) { return a.name == b.name; });
}

template <class Is>
std::optional<NetcdfVariable> find_positions(const NetcdfFile& file, const NetcdfVariable& field,
                                             std::size_t horizontal, Is&& is_wanted) {
  std::vector<std::string> names;
  std::istringstream words(field.text("coordinates").value_or(""));
  for (std::string word; words >> word;)
    if (file.has_variable(word)) names.push_back(word);
  for (const std::string& name : file.variable_names()) names.push_back(name);
  for (const std::string& name : names) {
    NetcdfVariable variable = file.variable(name);
    if (is_wanted(variable) && covers(variable, field, horizontal)) return variable;
  }
  return std::nullopt;
}

std::vector<double> read_degrees(const NetcdfFile& file, const NetcdfVariable& variable) {
  std::vector<double> values = read_coordinate(file, variable);
  if (is_radians(variable.text("units").value_or("")))
    for (double& value : values) value /= grid::kRadians;
  return values;
}

/// The first longitude that is more than two turns away.
std::optional<double> far_longitude(const std::vector<double>& values) {
  const auto found = std::find_if(values.begin(), values.end(), [](double v) { return std::abs(v) > 720; });
  return found == values.end() ? std::nullopt : std::optional(*found);
}

[[noreturn]] void refuse(const std::string& name, double value, const std::string& quantity) {
  throw core::Error(fmt::format("{}: {} is not a {} in degrees", name, value, quantity));
}

void leave_out_suppressed_cells(grid::Geographic& cells) {
  std::vector<double>& latitude = cells.latitude;
  std::vector<double>& longitude = cells.longitude;
  const auto is_at_zero = [&](std::size_t i) { return latitude[i] == 0 && longitude[i] == 0; };
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < latitude.size(); ++i) zeros += is_at_zero(i) ? 1 : 0;
  for (std::size_t i = 0; i < latitude.size(); ++i)
    if ((zeros > 1 && is_at_zero(i)) || !std::isfinite(latitude[i]) || !std::isfinite(longitude[i]))
      latitude[i] = longitude[i] = std::numeric_limits<double>::quiet_NaN();
}

/// The point of the unit sphere.
Vector to_vector(double latitude, double longitude) {
  const double phi = latitude * grid::kRadians, lambda = longitude * grid::kRadians;
  return {std::cos(phi) * std::cos(lambda), std::cos(phi) * std::sin(lambda), std::sin(phi)};
}

grid::Position to_position(const Vector& v) {
  return {std::atan2(v[2], std::hypot(v[0], v[1])) / grid::kRadians, std::atan2(v[1], v[0]) / grid::kRadians};
}

double dot(const Vector& a, const Vector& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

/// Degrees of a great circle, well conditioned at any distance.
double distance(const Vector& a, const Vector& b) {
  const Vector product = cross(a, b);
  return std::atan2(std::sqrt(dot(product, product)), dot(a, b)) / grid::kRadians;
}

/// The rotation closest to a matrix: Newton's iteration X <- (X + X^-T) / 2. Nothing where there is none.
std::optional<Matrix> closest_rotation(Matrix x) {
  constexpr int kMostIterations = 100;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    const Matrix cofactors{cross(x[1], x[2]), cross(x[2], x[0]), cross(x[0], x[1])};
    const double determinant = dot(x[0], cofactors[0]);
    if (!(determinant > 0)) return std::nullopt;
    double change = 0;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        const double next = 0.5 * (x[i][j] + cofactors[i][j] / determinant);
        change = std::max(change, std::abs(next - x[i][j]));
        x[i][j] = next;
      }
    if (change < 1e-14) return x;
  }
  return std::nullopt;
}

double smallest_step(const std::vector<double>& values) {
  double smallest = 360;
  for (std::size_t i = 1; i < values.size(); ++i)
    smallest = std::min(smallest, std::abs(values[i] - values[i - 1]));
  return smallest;
}

}  // namespace

bool is_latitude(const NetcdfVariable& variable) {
  return is_coordinate(variable, "latitude", "north");
}

bool is_longitude(const NetcdfVariable& variable) {
  return is_coordinate(variable, "longitude", "east");
}

bool is_radians(const std::string& units) {
  return core::lower_case(units) == "radian" || core::lower_case(units) == "radians";
}

bool is_plain_degrees(const std::string& units) {
  return core::lower_case(units) == "degrees" || core::lower_case(units) == "degree";
}

bool has_positions(const NetcdfFile& file, const NetcdfVariable& field, std::size_t horizontal_dimensions) {
  return find_positions(file, field, horizontal_dimensions, is_latitude) &&
         find_positions(file, field, horizontal_dimensions, is_longitude);
}

std::optional<HorizontalPositions> read_positions(const NetcdfFile& file, const NetcdfVariable& field,
                                                  std::size_t horizontal_dimensions) {
  const auto latitude = find_positions(file, field, horizontal_dimensions, is_latitude);
  const auto longitude = find_positions(file, field, horizontal_dimensions, is_longitude);
  if (!latitude || !longitude) return std::nullopt;
  HorizontalPositions positions{
      latitude->name, longitude->name, {read_degrees(file, *latitude), read_degrees(file, *longitude)}};
  if (const auto wrong = grid::settle_latitudes(positions.cells.latitude))
    refuse(latitude->name, *wrong, "latitude");
  if (const auto wrong = far_longitude(positions.cells.longitude))
    refuse(longitude->name, *wrong, "longitude");
  leave_out_suppressed_cells(positions.cells);
  return positions;
}

std::optional<MisplacedCell> find_misplaced(const grid::Grid& grid, const grid::Geographic& positions) {
  const double most = kMostOff * std::min(smallest_step(grid.y.values), smallest_step(grid.x.values));
  const grid::Geographic expected = grid::geographic_coordinates(grid);
  constexpr std::size_t kMostCompared = 10007;  // prime: hardly a multiple of a row
  const std::size_t stride = expected.latitude.size() / kMostCompared + 1;
  for (std::size_t i = 0; i < expected.latitude.size(); i += stride) {
    if (!std::isfinite(positions.latitude[i]) || !std::isfinite(positions.longitude[i])) continue;
    const double off = distance(to_vector(expected.latitude[i], expected.longitude[i]),
                                to_vector(positions.latitude[i], positions.longitude[i]));
    const auto cell = static_cast<std::int64_t>(i);
    if (off > most) return MisplacedCell{cell / grid.nx(), cell % grid.nx(), off};
  }
  return std::nullopt;
}

std::optional<grid::RotatedPole> find_rotated_pole(const grid::Grid& grid,
                                                   const grid::Geographic& positions) {
  Matrix sum{};  // over cells: geographic times rotated, transposed
  double cells = 0;
  std::size_t cell = 0;
  for (const double y : grid.y.values)
    for (const double x : grid.x.values) {
      const double latitude = positions.latitude[cell], longitude = positions.longitude[cell];
      ++cell;
      if (!std::isfinite(latitude) || !std::isfinite(longitude)) continue;
      const Vector geographic = to_vector(latitude, longitude), rotated = to_vector(y, x);
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) sum[i][j] += geographic[i] * rotated[j];
      ++cells;
    }
  if (cells == 0) return std::nullopt;
  for (Vector& row : sum)
    for (double& value : row) value /= cells;
  const auto rotation = closest_rotation(sum);
  if (!rotation) return std::nullopt;
  const Matrix& r = *rotation;
  // Where the pole of each system lies in the other.
  const grid::Position pole = to_position({r[0][2], r[1][2], r[2][2]}), north = to_position(r[2]);
  grid::Grid rotated{grid.y, grid.x, grid::RotatedPole{pole.latitude, pole.longitude, north.longitude}};
  if (find_misplaced(rotated, positions)) return std::nullopt;
  return rotated.rotated_pole;
}

}  // namespace foehn::io
