#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "foehn/grid/regridding.hpp"
#include "foehn/io/field_layout.hpp"

namespace foehn::ingestion {

/// The grid of a climate model's field: rectilinear (latitude-longitude or rotated pole), or known by the
/// centres of its cells alone (curvilinear, or a mesh, which is one row).
struct SourceGrid {
  std::optional<grid::Grid> rectilinear;
  grid::CellCentres centres;  ///< of all cells where the grid is not rectilinear; else empty
  bool is_mesh = false;

  std::int64_t ny() const { return rectilinear ? rectilinear->ny() : centres.ny; }
  std::int64_t nx() const { return rectilinear ? rectilinear->nx() : centres.nx; }
  /// "row 3, column 5 (lat 51.2, lon 6.1)", for messages.
  std::string place(std::int64_t y, std::int64_t x) const;
};

/// Reads it from coordinate variables, or from the latitudes and longitudes that the variable's `coordinates`
/// name, in degrees or radians.
///
/// On a grid that is not rectilinear, cells without a position (a fill value; or 0, 0 for several cells) do
/// not exist.
/// @throws Error naming file and variable: coordinates that are missing, of another unit or out of range
SourceGrid read_source_grid(const io::NetcdfFile& file, const io::FieldLayout& layout);

/// What differs, for a message; empty if they are the same.
std::optional<std::string> difference(const SourceGrid& expected, const SourceGrid& found);

}  // namespace foehn::ingestion
