#include "foehn/grid/reduced_gaussian.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <numbers>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::grid {
namespace {

/// Points lie in even steps if none is off by more than this part of one.
constexpr double kEvenStep = 0.01;
/// Rows cover the sphere if their areas sum to 4 pi to within this part, as float32 in files leaves them.
constexpr double kWholeSphere = 1e-4;
/// A row lies where a Gaussian grid has it if it is no further off than this part of a step between rows.
constexpr double kSameLatitude = 0.01;

/// A Legendre polynomial and its derivative.
struct Legendre {
  double value = 0;
  double derivative = 0;
};

/// By (k + 1) P_{k+1} = (2 k + 1) x P_k - k P_{k-1}.
Legendre legendre(std::int64_t degree, double x) {
  double before = 1, value = x;
  for (std::int64_t k = 1; k < degree; ++k) {
    const auto n = static_cast<double>(k);
    const double next = ((2 * n + 1) * x * value - n * before) / (n + 1);
    before = value;
    value = next;
  }
  return {value, static_cast<double>(degree) * (before - x * value) / (1 - x * x)};
}

/// The first cell after those of its latitude.
std::size_t row_end(const std::vector<double>& latitude, std::size_t first) {
  std::size_t last = first + 1;
  while (last < latitude.size() && latitude[last] == latitude[first]) ++last;
  return last;
}

bool is_even_row(const std::vector<double>& longitude, std::size_t first, std::size_t last) {
  const double step = 360.0 / static_cast<double>(last - first);
  for (std::size_t i = first; i < last; ++i) {
    const double expected = longitude[first] + step * static_cast<double>(i - first);
    if (!(std::abs(std::remainder(longitude[i] - expected, 360.0)) <= kEvenStep * step)) return false;
  }
  return true;
}

}  // namespace

GaussianRows gaussian_rows(std::int64_t rows) {
  if (rows < 2) throw core::Error(fmt::format("a Gaussian grid of {} rows, expected at least 2", rows));
  const auto size = static_cast<std::size_t>(rows);
  GaussianRows result{std::vector<double>(size), std::vector<double>(size)};
  const auto n = static_cast<double>(rows);
  for (std::size_t i = 0; i < (size + 1) / 2; ++i) {
    // Newton's method in the angle from the pole, which is well conditioned next to it.
    double angle = std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5);
    constexpr int kMostSteps = 20;
    for (int step = 0; step < kMostSteps; ++step) {
      const Legendre at = legendre(rows, std::cos(angle));
      const double change = at.value / (at.derivative * std::sin(angle));
      angle += change;
      if (std::abs(change) < 1e-15) break;
    }
    const double slope = legendre(rows, std::cos(angle)).derivative * std::sin(angle);
    const std::size_t mirrored = size - 1 - i;
    result.latitude[i] = mirrored == i ? 0.0 : 90.0 - angle / kRadians;
    result.latitude[mirrored] = -result.latitude[i];
    result.weight[i] = result.weight[mirrored] = 2 / (slope * slope);
  }
  return result;
}

std::vector<std::int64_t> octahedral_row_sizes(std::int64_t n) {
  if (n < 1) throw core::Error(fmt::format("an octahedral grid O{}, expected O1 or finer", n));
  std::vector<std::int64_t> sizes;
  for (std::int64_t row = 0; row < 2 * n; ++row) sizes.push_back(20 + 4 * std::min(row, 2 * n - 1 - row));
  return sizes;
}

Grid reduced_gaussian_grid(std::span<const std::int64_t> row_sizes) {
  const GaussianRows rows = gaussian_rows(static_cast<std::int64_t>(row_sizes.size()));
  UnstructuredCells cells;
  for (std::size_t row = 0; row < row_sizes.size(); ++row) {
    if (row_sizes[row] < 1)
      throw core::Error(fmt::format("a reduced Gaussian grid: row {} has {} points, expected at least 1",
                                    row + 1, row_sizes[row]));
    const auto points = static_cast<double>(row_sizes[row]);
    for (std::int64_t i = 0; i < row_sizes[row]; ++i) {
      cells.centres.latitude.push_back(rows.latitude[row]);
      cells.centres.longitude.push_back(360.0 * static_cast<double>(i) / points);
      cells.areas.push_back(rows.weight[row] * 2 * std::numbers::pi / points);
    }
  }
  return {{}, {}, std::nullopt, std::move(cells)};
}

Grid named_grid(const std::string& name) {
  constexpr std::int64_t kFinest = 8000;  // about 1 km
  std::int64_t n = 0;
  const char* end = name.data() + name.size();
  const bool has_letter = name.starts_with('O') || name.starts_with('o');
  const bool is_named = has_letter && std::from_chars(name.data() + 1, end, n).ptr == end && n >= 1;
  if (!is_named || n > kFinest)
    throw core::Error(fmt::format(
        "grid '{}': expected an octahedral reduced Gaussian grid, O1 to O{}, such as O96", name, kFinest));
  return reduced_gaussian_grid(octahedral_row_sizes(n));
}

std::optional<CellRows> find_rows(const UnstructuredCells& cells) {
  const auto& [latitude, longitude] = cells.centres;
  CellRows rows;
  for (std::size_t first = 0; first < latitude.size();) {
    const std::size_t last = row_end(latitude, first);
    if (!rows.latitude.empty() && !(latitude[first] < rows.latitude.back())) return std::nullopt;
    if (!is_even_row(longitude, first, last)) return std::nullopt;
    rows.latitude.push_back(latitude[first]);
    rows.first_longitude.push_back(longitude[first]);
    rows.first_cell.push_back(static_cast<std::int64_t>(first));
    first = last;
  }
  if (rows.latitude.size() < 2) return std::nullopt;
  rows.first_cell.push_back(cells.size());
  return rows;
}

std::optional<std::vector<double>> row_edges(const CellRows& rows, std::span<const double> areas) {
  std::vector<double> sums{0};
  for (std::size_t row = 0; row < rows.latitude.size(); ++row) {
    double sum = sums.back();
    for (auto i = rows.first_cell[row]; i < rows.first_cell[row + 1]; ++i)
      sum += areas[static_cast<std::size_t>(i)];
    sums.push_back(sum);
  }
  constexpr double kSphere = 4 * std::numbers::pi;
  if (!(std::abs(sums.back() / kSphere - 1) <= kWholeSphere)) return std::nullopt;
  std::vector<double> edges;
  for (const double sum : sums) edges.push_back(1 - 2 * sum / sums.back());
  for (std::size_t row = 0; row < rows.latitude.size(); ++row) {
    const double sine = std::sin(rows.latitude[row] * kRadians);
    if (!(sine < edges[row] && sine > edges[row + 1])) return std::nullopt;
  }
  return edges;
}

std::optional<std::string> reduced_gaussian_name(const UnstructuredCells& cells) {
  const auto rows = find_rows(cells);
  if (!rows || rows->rows() % 2 != 0) return std::nullopt;
  const std::int64_t n = rows->rows() / 2;
  const std::vector<std::int64_t> octahedral = octahedral_row_sizes(n);
  const GaussianRows gaussian = gaussian_rows(rows->rows());
  const double most = kSameLatitude * (gaussian.latitude[0] - gaussian.latitude[1]);
  bool is_octahedral = true;
  for (std::size_t row = 0; row < octahedral.size(); ++row) {
    if (!(std::abs(rows->latitude[row] - gaussian.latitude[row]) <= most)) return std::nullopt;
    is_octahedral = is_octahedral && rows->size(static_cast<std::int64_t>(row)) == octahedral[row];
  }
  return fmt::format("{}{}", is_octahedral ? "O" : "N", n);
}

std::string cells_text(const Grid& grid) {
  if (!grid.unstructured) return fmt::format("{} x {} cells", grid.ny(), grid.nx());
  const auto name = reduced_gaussian_name(*grid.unstructured);
  return fmt::format("{}{} cells", name ? *name + ", " : "", grid.cells());
}

}  // namespace foehn::grid
