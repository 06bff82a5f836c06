#include "spherical_harmonics.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "foehn/grid/rotation.hpp"

namespace foehn::model {
namespace {

/// Appends P_lm for an order m, l from m to `highest`.
/// @param sectoral  P_mm
void append_order(std::int64_t m, std::int64_t highest, double sine, double sectoral,
                  std::vector<double>& values) {
  double before = 0, value = sectoral, scale_before = 1;
  values.push_back(value);
  const auto order = static_cast<double>(m);
  for (std::int64_t l = m + 1; l <= highest; ++l) {
    const auto degree = static_cast<double>(l);
    const double scale = std::sqrt((4 * degree * degree - 1) / (degree * degree - order * order));
    const double next = scale * (sine * value - before / scale_before);
    before = value;
    value = next;
    scale_before = scale;
    values.push_back(value);
  }
}

}  // namespace

SphericalHarmonics::SphericalHarmonics(grid::CellRows rows, std::int64_t highest_degree)
    : rows_(std::move(rows)), degree_(highest_degree) {
  for (const double latitude : rows_.latitude) {
    const double sine = std::sin(latitude * grid::kRadians), cosine = std::cos(latitude * grid::kRadians);
    double sectoral = 1;
    for (std::int64_t m = 0; m <= degree_; ++m) {
      const auto order = static_cast<double>(m);
      if (m == 1) sectoral *= std::sqrt(3.0) * cosine;
      if (m > 1) sectoral *= std::sqrt((2 * order + 1) / (2 * order)) * cosine;
      append_order(m, degree_, sine, sectoral, legendre_);
    }
  }
}

void SphericalHarmonics::synthesise(std::span<const double> coefficients, std::span<double> field) const {
  const double* legendre = legendre_.data();
  std::vector<double> even(static_cast<std::size_t>(degree_ + 1)), odd(even.size()), cosine, sine;
  for (std::int64_t row = 0; row < rows_.rows(); ++row) {
    for (std::int64_t m = 0; m <= degree_; ++m) {
      double of_cosine = 0, of_sine = 0;
      for (std::int64_t l = m; l <= degree_; ++l, ++legendre) {
        of_cosine += *legendre * coefficients[static_cast<std::size_t>(index(l, m))];
        if (m > 0) of_sine += *legendre * coefficients[static_cast<std::size_t>(index(l, -m))];
      }
      even[static_cast<std::size_t>(m)] = of_cosine;
      odd[static_cast<std::size_t>(m)] = of_sine;
    }
    // Points lie in even steps: cos(m longitude) is a value of one table of the row.
    const auto i = static_cast<std::size_t>(row);
    const auto size = static_cast<std::size_t>(rows_.size(row));
    cosine.resize(size);
    sine.resize(size);
    for (std::size_t k = 0; k < size; ++k) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
      cosine[k] = std::cos(angle);
      sine[k] = std::sin(angle);
    }
    const double first = rows_.first_longitude[i] * grid::kRadians;
    for (std::size_t m = 0; m < even.size(); ++m) {  // turned so that the first point lies at longitude 0
      const double turn = static_cast<double>(m) * first;
      const double turned_even = even[m] * std::cos(turn) + odd[m] * std::sin(turn);
      odd[m] = odd[m] * std::cos(turn) - even[m] * std::sin(turn);
      even[m] = turned_even;
    }
    double* target = field.data() + rows_.first_cell[i];
    for (std::size_t k = 0; k < size; ++k) {
      double sum = 0;
      for (std::size_t m = 0; m < even.size(); ++m) {
        const std::size_t at = m * k % size;
        sum += even[m] * cosine[at] + odd[m] * sine[at];
      }
      target[k] = sum;
    }
  }
}

std::vector<double> legendre_polynomials(std::int64_t highest, double x) {
  std::vector<double> values{1, x};
  for (std::int64_t k = 1; k < highest; ++k) {
    const auto n = static_cast<double>(k);
    const auto i = static_cast<std::size_t>(k);
    values.push_back(((2 * n + 1) * x * values[i] - n * values[i - 1]) / (n + 1));
  }
  values.resize(static_cast<std::size_t>(highest + 1));
  return values;
}

}  // namespace foehn::model
