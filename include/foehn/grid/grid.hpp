#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foehn::grid {

/// One horizontal coordinate of a rectilinear grid.
struct Axis {
  std::string name;           ///< dimension and variable name in files, such as "lat"
  std::string standard_name;  ///< CF standard name: latitude, longitude, grid_latitude, grid_longitude
  std::string units;          ///< degrees_north, degrees_east, degrees
  std::vector<double> values;
  /// Where each cell begins and ends, [size, 2], as a file has them; empty: half-way between the values. Only
  /// conservative regridding from the grid looks at them.
  std::vector<double> bounds{};

  std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }
};

/// A rotated pole (CF grid mapping `rotated_latitude_longitude`), in degrees.
struct RotatedPole {
  double pole_latitude = 90;
  double pole_longitude = 0;
  double north_pole_grid_longitude = 0;
  bool operator==(const RotatedPole&) const = default;
};

/// Geographic latitude and longitude of every cell of a grid, each [y, x] row-major, degrees; longitudes of a
/// rotated grid lie in [-180, 180].
struct Geographic {
  std::vector<double> latitude;
  std::vector<double> longitude;
};

/// The cells of a grid without rows and columns: of a reduced Gaussian or an icosahedral one, or any other
/// list.
struct UnstructuredCells {
  std::string name = "cell";  ///< their dimension in files
  Geographic centres;         ///< [cell], degrees
  /// [cell], of the unit sphere, positive: 4 pi in all for a global grid. The weights of means over cells.
  std::vector<double> areas;
  /// The corners of each cell, [cell, corner], degrees, as a file has them; empty: not known.
  Geographic corners{};

  std::int64_t size() const { return static_cast<std::int64_t>(areas.size()); }
};

/// A rectilinear grid in geographic or rotated latitude and longitude, whose fields are [y, x]; or a list of
/// cells, whose fields are one row of all cells, [1, cell].
struct Grid {
  Axis y;  ///< of a rectilinear grid
  Axis x;  ///< of a rectilinear grid
  std::optional<RotatedPole> rotated_pole;
  std::optional<UnstructuredCells> unstructured{};  ///< there: the grid is this list, and has no axes

  std::int64_t ny() const { return unstructured ? 1 : y.size(); }
  std::int64_t nx() const { return unstructured ? unstructured->size() : x.size(); }
  std::int64_t cells() const { return ny() * nx(); }
};

Geographic geographic_coordinates(const Grid& grid);

/// The area of every cell, [y, x], of the unit sphere. Cells of a rectilinear grid reach as far as in
/// conservative_weights.
/// @throws Error if the grid is rectilinear with fewer than 2 rows or columns, or has bounds that leave gaps
std::vector<double> cell_areas(const Grid& grid);

/// The dimensions of a field on the grid in files: of rows and columns, or of cells.
std::vector<std::string> dimension_names(const Grid& grid);

/// Where a cell lies, in the grid's own coordinates, for messages: "lat 50.25, lon 3.5".
/// @param cell  y * nx + x
std::string cell_text(const Grid& grid, std::int64_t cell);

/// "33 x 49 (lat x lon)" or "40320 (cell)", for messages.
std::string size_text(const Grid& grid);

/// @param purpose  what needs rows and columns, and what to use instead: "means over blocks: ..."
/// @throws Error saying so of a grid without rows
void require_rows(const Grid& grid, const std::string& purpose);

/// Moves latitudes that rounding (of float32, or packed in 16 bits) has carried beyond a pole back onto it;
/// NaN stays. Readers call it once, so that no other part needs to know.
/// @return the first value that lies too far beyond a pole to be a latitude; nothing if all are latitudes
std::optional<double> settle_latitudes(std::vector<double>& latitudes);

/// Rows [y0, y1) and columns [x0, x1) of a grid; of a list of cells [x0, x1), and the row 0:1.
struct Crop {
  std::int64_t y0 = 0, y1 = 0, x0 = 0, x1 = 0;

  std::int64_t cells() const { return (y1 - y0) * (x1 - x0); }
  bool operator==(const Crop&) const = default;
};

/// Reads "y0:y1,x0:x1". @throws Error if the text is not of that form or a range is empty
Crop parse_crop(const std::string& text);

/// @throws Error naming the crop and the grid's size if it does not fit inside
Grid crop_grid(const Grid& grid, const Crop& crop);

/// The grid of the means over blocks of `block` x `block` cells: coordinates are the means of the block's
/// coordinates.
/// @throws Error if the block does not divide both sides, or has more than 1 cell on a grid without rows
Grid block_mean_grid(const Grid& grid, std::int64_t block);

/// What differs between two grids, for a message ("lat: 33 points, expected 32"); empty if they are the same
/// to within a thousandth of a grid step. Longitudes are compared modulo 360 degrees; bounds where both grids
/// have them; areas not, which files round or give for other radii.
std::optional<std::string> difference(const Grid& expected, const Grid& found);

}  // namespace foehn::grid
