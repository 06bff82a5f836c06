#include "evaluation/spatial_spectrum.hpp"

#include <fmt/format.h>

#include "foehn/grid/reduced_gaussian.hpp"

namespace foehn::evaluation {
namespace {

const std::vector<double> kNoNumbers;

}  // namespace

SpatialSpectrum::SpatialSpectrum(const grid::Grid& grid) {
  if (!grid.unstructured) {
    radial_.emplace(grid.ny(), grid.nx());
    return;
  }
  const auto rows = grid::find_rows(*grid.unstructured);
  if (!rows)
    obstacle_ = "the cells lie in no rows of latitude round the globe";
  else if (const std::int64_t highest = DegreeSpectrum::highest_degree(*rows, grid.unstructured->areas);
           highest < 1)
    obstacle_ = "the rows and the areas of the cells do not carry spherical harmonics";
  else
    by_degree_.emplace(*rows, grid.unstructured->areas, highest);
}

const std::vector<double>& SpatialSpectrum::wavelengths() const {
  return radial_ ? radial_->wavelengths() : kNoNumbers;
}

const std::vector<double>& SpatialSpectrum::degrees() const {
  return by_degree_ ? by_degree_->degrees() : kNoNumbers;
}

std::vector<double> SpatialSpectrum::power(std::span<const double> field) const {
  if (radial_) return radial_->power(field);
  return by_degree_ ? by_degree_->power(field) : std::vector<double>();
}

}  // namespace foehn::evaluation
