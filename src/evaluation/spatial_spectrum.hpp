#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/evaluation/spectrum.hpp"
#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// The spectrum in space of fields on any grid: by wavelength on rows and columns (RadialSpectrum); by degree
/// of spherical harmonics on a globe whose cells lie in rows (DegreeSpectrum); none on other lists of cells.
class SpatialSpectrum {
 public:
  explicit SpatialSpectrum(const grid::Grid& grid);

  /// How many numbers a field's spectrum has.
  std::size_t size() const { return wavelengths().size() + degrees().size(); }
  /// In cells, falling; empty but on rows and columns.
  const std::vector<double>& wavelengths() const;
  /// Rising; empty but on a globe.
  const std::vector<double>& degrees() const;
  /// [size()], in the square of the field's unit. @param field  [cell]
  std::vector<double> power(std::span<const double> field) const;
  /// Why there is none; empty where there is one.
  const std::string& obstacle() const { return obstacle_; }

 private:
  std::optional<RadialSpectrum> radial_;
  std::optional<DegreeSpectrum> by_degree_;
  std::string obstacle_;
};

}  // namespace foehn::evaluation
