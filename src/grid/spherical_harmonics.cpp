#include "foehn/grid/spherical_harmonics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "foehn/grid/rotation.hpp"

namespace foehn::grid {
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

/// Cosines and sines of the even steps of a row: cos(m longitude) of all its points is among them.
struct Turns {
  std::vector<double> cosine, sine;
};

Turns turns(std::size_t size) {
  Turns row;
  for (std::size_t k = 0; k < size; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
    row.cosine.push_back(std::cos(angle));
    row.sine.push_back(std::sin(angle));
  }
  return row;
}

}  // namespace

SphericalHarmonics::SphericalHarmonics(CellRows rows, std::int64_t highest_degree)
    : rows_(std::move(rows)), degree_(highest_degree) {
  for (const double latitude : rows_.latitude) {
    const double sine = std::sin(latitude * kRadians), cosine = std::cos(latitude * kRadians);
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
  std::vector<double> even(static_cast<std::size_t>(degree_ + 1)), odd(even.size());
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
    const auto i = static_cast<std::size_t>(row);
    const auto size = static_cast<std::size_t>(rows_.size(row));
    const auto [cosine, sine] = turns(size);
    const double first = rows_.first_longitude[i] * kRadians;
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

void SphericalHarmonics::analyse(std::span<const double> field, std::span<const double> areas,
                                 std::span<double> coefficients) const {
  constexpr double kSphere = 4 * std::numbers::pi;
  std::fill(coefficients.begin(), coefficients.end(), 0.0);
  const double* legendre = legendre_.data();
  for (std::int64_t row = 0; row < rows_.rows(); ++row) {
    const auto i = static_cast<std::size_t>(row);
    const auto size = static_cast<std::size_t>(rows_.size(row)),
               from = static_cast<std::size_t>(rows_.first_cell[i]);
    const auto [cosine, sine] = turns(size);
    const double first = rows_.first_longitude[i] * kRadians;
    for (std::int64_t m = 0; m <= degree_; ++m) {
      const std::int64_t degrees = degree_ - m + 1;
      const auto order = static_cast<std::size_t>(m);
      if (2 * order >= size) {  // a row of so few points takes this order for another
        legendre += degrees;
        continue;
      }
      double even = 0, odd = 0;
      for (std::size_t k = 0, at = 0; k < size; ++k, at = (at + order) % size) {
        const double part = areas[from + k] / kSphere * field[from + k];
        even += part * cosine[at];
        odd += part * sine[at];
      }
      // Turned from longitudes that are counted from the row's first point.
      const double turn = static_cast<double>(m) * first;
      const double of_cosine = even * std::cos(turn) - odd * std::sin(turn);
      const double of_sine = odd * std::cos(turn) + even * std::sin(turn);
      for (std::int64_t l = m; l <= degree_; ++l, ++legendre) {
        coefficients[static_cast<std::size_t>(index(l, m))] += *legendre * of_cosine;
        if (m > 0) coefficients[static_cast<std::size_t>(index(l, -m))] += *legendre * of_sine;
      }
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

}  // namespace foehn::grid
