#include "evaluation/structural_similarity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace foehn::evaluation {
namespace {

/// Sums of products of two fields over square windows.
class WindowSums {
 public:
  WindowSums(std::int64_t ny, std::int64_t nx)
      : nx_(nx), table_(static_cast<std::size_t>((ny + 1) * (nx + 1)), 0) {}

  /// @param product  of a cell, by its place in the field
  template <class Product>
  void set(Product&& product) {
    const std::int64_t ny = static_cast<std::int64_t>(table_.size()) / (nx_ + 1) - 1;
    for (std::int64_t y = 0; y < ny; ++y) {
      double row = 0;
      for (std::int64_t x = 0; x < nx_; ++x) {
        row += product(static_cast<std::size_t>(y * nx_ + x));
        at(y + 1, x + 1) = at(y, x + 1) + row;
      }
    }
  }
  /// Over the window whose first cell is (y, x).
  double sum(std::int64_t y, std::int64_t x, std::int64_t side) const {
    return at(y + side, x + side) - at(y, x + side) - at(y + side, x) + at(y, x);
  }

 private:
  double& at(std::int64_t y, std::int64_t x) { return table_[static_cast<std::size_t>(y * (nx_ + 1) + x)]; }
  double at(std::int64_t y, std::int64_t x) const {
    return table_[static_cast<std::size_t>(y * (nx_ + 1) + x)];
  }

  std::int64_t nx_;
  std::vector<double> table_;  ///< [y, x] sums over all rows before y and columns before x
};

}  // namespace

double structural_similarity(std::span<const double> field, std::span<const double> truth, std::int64_t ny,
                             std::int64_t nx) {
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  std::int64_t side = std::min({kSimilarityWindow, ny, nx});
  if (side % 2 == 0) --side;
  const auto is_nan = [](double value) { return std::isnan(value); };
  if (side < 3 || std::any_of(field.begin(), field.end(), is_nan) ||
      std::any_of(truth.begin(), truth.end(), is_nan))
    return undefined;
  const auto [lowest, highest] = std::minmax_element(truth.begin(), truth.end());
  const double range = *highest - *lowest, origin = *lowest;
  if (!(range > 0)) return undefined;

  // Counted from the lowest value, so that squares do not cancel; means get it back.
  WindowSums a(ny, nx), b(ny, nx), aa(ny, nx), bb(ny, nx), ab(ny, nx);
  const auto first = [&](std::size_t cell) { return field[cell] - origin; };
  const auto second = [&](std::size_t cell) { return truth[cell] - origin; };
  a.set(first);
  b.set(second);
  aa.set([&](std::size_t cell) { return first(cell) * first(cell); });
  bb.set([&](std::size_t cell) { return second(cell) * second(cell); });
  ab.set([&](std::size_t cell) { return first(cell) * second(cell); });

  const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
  const auto cells = static_cast<double>(side * side);
  double sum = 0;
  for (std::int64_t y = 0; y + side <= ny; ++y) {
    for (std::int64_t x = 0; x + side <= nx; ++x) {
      const double mean_a = a.sum(y, x, side) / cells, mean_b = b.sum(y, x, side) / cells;
      const double unbiased = cells / (cells - 1);
      const double variance_a = unbiased * (aa.sum(y, x, side) / cells - mean_a * mean_a);
      const double variance_b = unbiased * (bb.sum(y, x, side) / cells - mean_b * mean_b);
      const double covariance = unbiased * (ab.sum(y, x, side) / cells - mean_a * mean_b);
      const double full_a = mean_a + origin, full_b = mean_b + origin;
      sum += (2 * full_a * full_b + c1) * (2 * covariance + c2) /
             ((full_a * full_a + full_b * full_b + c1) * (variance_a + variance_b + c2));
    }
  }
  return sum / static_cast<double>((ny - side + 1) * (nx - side + 1));
}

}  // namespace foehn::evaluation
