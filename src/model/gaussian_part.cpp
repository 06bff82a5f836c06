#include "foehn/model/gaussian_part.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/transformed_fields.hpp"

namespace foehn::model {

namespace {

/// What keeps a Gaussian prior of one domain from being a part of a prior of another; empty: nothing.
std::string mismatch(const Domain& gaussian, const Domain& prior) {
  const auto text = [](const io::Variable& variable) {
    return fmt::format("{} [{}]", variable.name, variable.units);
  };
  const auto list = [&](const Domain& domain) {
    std::string all;
    for (const io::Variable& variable : domain.variables) all += (all.empty() ? "" : ", ") + text(variable);
    return all;
  };
  if (const std::string found = list(gaussian), expected = list(prior); found != expected)
    return fmt::format("expected the prior's variables, {}, found {}", expected, found);
  if (const auto difference = grid::difference(prior.grid, gaussian.grid))
    return fmt::format("expected the prior's grid: {}", *difference);
  if (gaussian.step_seconds != prior.step_seconds)
    return fmt::format("expected the prior's step, {}, found {}", calendar::format_step(prior.step_seconds),
                       calendar::format_step(gaussian.step_seconds));
  const auto transforms = [](const Domain& domain) {
    const std::string found = text_of(domain.normalisation.transforms(), domain.variables);
    return found.empty() ? std::string("none") : found;
  };
  if (const std::string found = transforms(gaussian), expected = transforms(prior); found != expected)
    return fmt::format("expected the prior's data.transforms, {}, found {}", expected, found);
  if (gaussian.normalisation.deviation() != nullptr)
    return "expected anomalies with one deviation for all cells, as the prior's fields have; found one that "
           "varies: fit it with prior.deviation one";
  return "";
}

}  // namespace

GaussianPart load_gaussian_part(const std::filesystem::path& folder, const Domain& domain) {
  const GaussianBundle bundle = load_gaussian_prior(folder);
  if (const std::string wrong = mismatch(bundle.domain, domain); !wrong.empty())
    throw core::Error(fmt::format("the Gaussian prior {}: {}", folder.string(), wrong));
  const at::Tensor unit = bundle.domain.normalisation.scale() / domain.normalisation.scale();
  const auto variables = unit.size(0);
  return {(bundle.lag_covariance.size(0) - 1) / 2,
          bundle.lag_covariance * at::outer(unit, unit).reshape({1, variables, variables, 1, 1}),
          bundle.digest};
}

}  // namespace foehn::model
