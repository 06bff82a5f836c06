#include "diffusion/minimal_residual.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/diffusion/divergence.hpp"

namespace foehn::diffusion {

namespace {

constexpr double kNegligible = 1e-4;  // a relative residual that is not worth a product
constexpr std::size_t kMostVectors = 64;

double checked(double sum) {
  if (!std::isfinite(sum))
    throw core::CollectiveError(
        core::Scope::team,
        fmt::format("{}: the difference from the observations is not finite; use more sampler.steps",
                    kDiverged));
  return sum;
}

Solution refuse_if_unsolved(Solution solution, const SolverOptions& options) {
  const SolveReport& report = solution.report;
  if (options.tolerance && report.residual > *options.tolerance)
    throw core::CollectiveError(
        core::Scope::team,
        fmt::format(
            "the solver did not converge: relative residual {:.3g} after {} steps, expected at most "
            "sampler.solver_tolerance, {:.3g}; take more sampler.solver_steps, or leave the tolerance out",
            report.residual, report.products, *options.tolerance));
  return solution;
}

/// The least-squares problem of one cycle, min |beta e_1 - H y|: H, one column larger with every product, is
/// kept as a triangle by Givens rotations. Small, and the same on every rank.
class LeastSquares {
 public:
  explicit LeastSquares(double beta) : right_side_{beta} {}

  /// @param column  of H, down to below the diagonal
  void add(std::vector<double> column) {
    columns_.push_back(column);
    for (std::size_t i = 0; i < rotations_.size(); ++i) {
      const auto [c, s] = rotations_[i];
      const double upper = column[i];
      column[i] = c * upper + s * column[i + 1];
      column[i + 1] = c * column[i + 1] - s * upper;
    }
    const std::size_t last = rotations_.size();
    const double length = std::hypot(column[last], column[last + 1]);
    const Rotation rotation =
        length > 0 ? Rotation{column[last] / length, column[last + 1] / length} : Rotation{1, 0};
    column[last] = length;
    column.pop_back();
    triangle_.push_back(std::move(column));
    rotations_.push_back(rotation);
    right_side_.push_back(-rotation.s * right_side_[last]);
    right_side_[last] *= rotation.c;
  }
  double residual() const { return std::abs(right_side_.back()); }

  /// y. A column that adds nothing to those before it gets no weight.
  std::vector<double> solve() const {
    std::vector<double> y(triangle_.size());
    for (std::size_t i = y.size(); i-- > 0;) {
      double rest = right_side_[i];
      for (std::size_t j = i + 1; j < y.size(); ++j) rest -= triangle_[j][i] * y[j];
      y[i] = triangle_[i][i] > 0 ? rest / triangle_[i][i] : 0;
    }
    return y;
  }
  /// beta e_1 - H y.
  std::vector<double> residual_of(double beta, const std::vector<double>& y) const {
    std::vector<double> residual(y.size() + 1);
    residual[0] = beta;
    for (std::size_t j = 0; j < y.size(); ++j)
      for (std::size_t i = 0; i < columns_[j].size(); ++i) residual[i] -= columns_[j][i] * y[j];
    return residual;
  }

 private:
  struct Rotation {
    double c, s;
  };
  std::vector<std::vector<double>> columns_, triangle_;
  std::vector<Rotation> rotations_;
  std::vector<double> right_side_;
};

}  // namespace

Solution minimal_residual(const LinearSystem& system, const at::Tensor& b, const SolverOptions& options) {
  const auto dot = [&](const at::Tensor& x, const at::Tensor& y) {
    return checked(system.inner_product(x, y));
  };
  Solution solution{at::zeros_like(b), {}, {}};
  SolveReport& report = solution.report;
  const double length_of_b = std::sqrt(dot(b, b));
  report.residual = length_of_b > 0 ? 1 : 0;
  const double enough = options.tolerance.value_or(kNegligible);
  at::Tensor residual = b;
  double beta = length_of_b;
  const auto goes_on = [&] { return report.products < options.steps && report.residual > enough; };
  bool is_exhausted = false;  // nothing is left to be found
  while (goes_on()) {
    std::vector<at::Tensor> basis{residual / beta}, multiplied;
    LeastSquares least_squares(beta);
    while (goes_on() && multiplied.size() < kMostVectors) {
      const at::Tensor& latest = basis.back();
      multiplied.push_back(system.precondition ? system.precondition(latest) : latest);
      at::Tensor next = system.product(multiplied.back());
      ++report.products;
      std::vector<double> column;
      for (const at::Tensor& before : basis) {
        column.push_back(dot(next, before));
        next.sub_(before * column.back());
      }
      report.is_indefinite = report.products == 1 && !(column[0] > 0);
      if (report.is_indefinite) return refuse_if_unsolved(std::move(solution), options);
      column.push_back(std::sqrt(dot(next, next)));
      const double length = column.back();
      least_squares.add(std::move(column));
      report.residual = least_squares.residual() / length_of_b;
      is_exhausted = !(length > 0);
      if (is_exhausted) break;
      basis.push_back(next.div_(length));
    }
    const std::vector<double> y = least_squares.solve();
    for (std::size_t i = 0; i < y.size(); ++i) solution.v.add_(multiplied[i] * y[i]);
    solution.weights.insert(solution.weights.end(), y.begin(), y.end());
    if (!goes_on() || is_exhausted) break;
    const std::vector<double> left = least_squares.residual_of(beta, y);
    residual = at::zeros_like(b);
    for (std::size_t i = 0; i < left.size(); ++i) residual.add_(basis[i] * left[i]);
    beta = std::sqrt(dot(residual, residual));
  }
  report.steps = static_cast<std::int64_t>(solution.weights.size());
  return refuse_if_unsolved(std::move(solution), options);
}

}  // namespace foehn::diffusion
