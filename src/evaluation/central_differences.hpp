#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// Central differences of fields [y, x] on the sphere, along the grid's own directions, at cells that have
/// neighbours on all sides and lie within 89 degrees of the grid's equator.
class CentralDifferences {
 public:
  explicit CentralDifferences(const grid::Grid& grid);

  /// The cells at which there are differences, in order.
  const std::vector<std::size_t>& cells() const { return cells_; }
  /// Per metre. @param cell  one of cells()
  double along_x(std::span<const double> field, std::size_t cell) const {
    return (field[cell + 1] - field[cell - 1]) / width_[cell];
  }
  double along_y(std::span<const double> field, std::size_t cell) const {
    return (field[cell + nx_] - field[cell - nx_]) / height_[cell];
  }
  /// The divergence of a vector field, per metre: du/dx + dv/dy - v tan(latitude) / radius of the Earth.
  double divergence(std::span<const double> u, std::span<const double> v, std::size_t cell) const {
    return along_x(u, cell) + along_y(v, cell) - v[cell] * curvature_[cell];
  }
  /// Its curl: dv/dx - du/dy + u tan(latitude) / radius of the Earth.
  double curl(std::span<const double> u, std::span<const double> v, std::size_t cell) const {
    return along_x(v, cell) - along_y(u, cell) + u[cell] * curvature_[cell];
  }

 private:
  std::size_t nx_;
  std::vector<std::size_t> cells_;
  std::vector<double> width_, height_;  ///< between the neighbours, m; negative where an axis falls
  std::vector<double> curvature_;       ///< tan(latitude) / radius, 1/m
};

}  // namespace foehn::evaluation
