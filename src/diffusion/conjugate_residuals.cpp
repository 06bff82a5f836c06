#include "diffusion/conjugate_residuals.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "foehn/core/error.hpp"

namespace foehn::diffusion {

namespace {

constexpr double kNegligible = 1e-4;  // a relative residual that is not worth a product

}  // namespace

SolveReport conjugate_residuals(const LinearSystem& system, const at::Tensor& b, const SolverOptions& options,
                                const SolutionFollower& follower) {
  const auto dot = [&](const at::Tensor& x, const at::Tensor& y) {
    const double sum = system.inner_product(x, y);
    if (!std::isfinite(sum))
      throw core::CollectiveError(
          core::Scope::team,
          "the difference from the observations is not finite: the sample diverged; take more sampler.steps");
    return sum;
  };
  SolveReport report;
  const double b_square = dot(b, b);
  if (b_square == 0) {
    report.residual = 0;
    return report;
  }
  const double enough = options.tolerance.value_or(kNegligible);
  at::Tensor residual = b.clone();
  at::Tensor image;  // M times the direction
  double image_square = 0;
  report.residual = 1;
  while (report.products < options.steps && report.residual > enough) {
    at::Tensor product = system.product(residual);
    ++report.products;
    const double weight = image.defined() ? -dot(product, image) / image_square : 0;
    follower.direct(weight);
    image = image.defined() ? image.mul_(weight).add_(product) : product;
    image_square = dot(image, image);
    const double descent = dot(residual, image);
    if (!(descent > 0)) {
      report.is_indefinite = true;
      break;
    }
    const double step = descent / image_square;
    follower.accept(step);
    ++report.steps;
    residual.sub_(image * step);
    report.residual = std::sqrt(dot(residual, residual) / b_square);
  }
  if (options.tolerance && report.residual > *options.tolerance)
    throw core::CollectiveError(
        core::Scope::team,
        fmt::format(
            "the solver did not converge: relative residual {:.3g} after {} steps, expected at most "
            "sampler.solver_tolerance, {:.3g}; take more sampler.solver_steps, or leave the tolerance out",
            report.residual, report.products, *options.tolerance));
  return report;
}

}  // namespace foehn::diffusion
