#include "foehn/job/self_check.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "foehn/core/text.hpp"

namespace foehn::job {
namespace {

constexpr double kFarthest = 2, kMostBeyond = 0.01, kStrongestJump = 1.5, kLeastSpread = 0.02;

/// Over cells and hours, from the 5 and 95 % quantiles as if values were Gaussian.
double standard_deviation(const model::Domain& domain, std::int64_t variable) {
  constexpr std::int64_t kLow = 2, kHigh = 6;  // of Domain::kQuantileLevels
  constexpr double kQuantile = 1.6449;         // 95 % of the standard normal distribution
  const at::Tensor quantiles = domain.quantiles[variable].to(at::kDouble);
  return (quantiles[kHigh].item<double>() - quantiles[kLow].item<double>()) / (2 * kQuantile);
}

/// The lowest or highest value of the data. @param level  0 or -1
double end_of(const model::Domain& domain, std::size_t variable, std::int64_t level) {
  return domain.quantiles[static_cast<std::int64_t>(variable)][level].item<double>();
}

bool is_jump(const std::optional<double>& ratio) {
  return ratio && (*ratio > kStrongestJump || *ratio < 1 / kStrongestJump);
}

}  // namespace

std::vector<std::string> describe(const SelfCheck& check, const std::vector<io::Variable>& variables) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const VariableCheck& found = check.variables[i];
    std::string line = fmt::format("{}:", variables[i].name);
    if (found.distance_rms)
      line += fmt::format(" {:.2f} standard deviations from the observations,", *found.distance_rms);
    line +=
        fmt::format(" {:.2g} % of the values beyond the range of the prior's data", 100 * found.beyond_range);
    if (found.jump_at_observations)
      line += fmt::format(", changes to observed hours {:.2f} times the others", *found.jump_at_observations);
    if (found.jump_at_windows)
      line += fmt::format(", changes between windows {:.2f} times those within", *found.jump_at_windows);
    if (found.spread_observed && found.spread_between)
      line +=
          fmt::format(", spread {:.3g} {} at observed hours and {:.3g} {} at others", *found.spread_observed,
                      variables[i].units, *found.spread_between, variables[i].units);
    else if (found.spread_observed || found.spread_between)
      line +=
          fmt::format(", spread {:.3g} {}", found.spread_observed.value_or(found.spread_between.value_or(0)),
                      variables[i].units);
    lines.push_back(line);
  }
  const auto named = [&](const std::string& file, std::int64_t variable, std::int64_t count) {
    return fmt::format("{} of {}: {}", variables[static_cast<std::size_t>(variable)].name,
                       std::filesystem::path(file).filename().string(), core::counted(count, "value"));
  };
  for (const SetCheck& found : check.points)
    lines.push_back(fmt::format("{}, {:.2f} standard deviations from them, {:+.2f} in the mean",
                                named(found.name, found.variable, found.count), found.distance_rms,
                                found.distance_mean));
  for (const WithheldScore& found : check.withheld) {
    const std::string& units = variables[static_cast<std::size_t>(found.variable)].units;
    std::string line =
        fmt::format("withheld {}, RMSE {:.3g} {}, bias {:.3g} {}",
                    named(found.name, found.variable, found.count), found.rmse, units, found.bias, units);
    if (found.fair_crps) line += fmt::format(", fair CRPS {:.3g} {}", *found.fair_crps, units);
    if (found.spread_skill) line += fmt::format(", spread/skill {:.2f}", *found.spread_skill);
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> warnings(const SelfCheck& check, const model::Domain& domain) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < domain.variables.size(); ++i) {
    const io::Variable& variable = domain.variables[i];
    const VariableCheck& one = check.variables[i];
    const double usual = standard_deviation(domain, static_cast<std::int64_t>(i));
    if (one.distance_rms && !(*one.distance_rms <= kFarthest))
      found.push_back(
          fmt::format("{}: members lie {:.1f} standard deviations of the observation error from the "
                      "observations; about 1 is expected",
                      variable.name, *one.distance_rms));
    if (!(one.beyond_range <= kMostBeyond))
      found.push_back(fmt::format(
          "{}: {:.1f} % of the members' values lie beyond the lowest and highest value of the "
          "data that the prior was learnt from, {:.6g} and {:.6g} {}: they reach from {:.6g} to {:.6g}",
          variable.name, 100 * one.beyond_range, end_of(domain, i, 0), end_of(domain, i, -1), variable.units,
          one.lowest, one.highest));
    if (is_jump(one.jump_at_observations))
      found.push_back(
          fmt::format("{}: changes from the hour before are {:.2f} times as strong at observed hours as at "
                      "others",
                      variable.name, *one.jump_at_observations));
    if (is_jump(one.jump_at_windows))
      found.push_back(
          fmt::format("{}: changes from the hour before are {:.2f} times as strong between windows as "
                      "within; a smaller sampler.stride joins them more smoothly",
                      variable.name, *one.jump_at_windows));
    // Few values may make up all the variance of such a variable, of which quantiles then say nothing.
    const auto& transforms = domain.normalisation.transforms();
    if (!transforms.empty() && !transforms[i].is_none()) continue;
    if (one.spread_between && !(*one.spread_between <= usual))
      found.push_back(
          fmt::format("{}: members spread by {:.3g} {}, more than the data of the prior vary, {:.3g} {}",
                      variable.name, *one.spread_between, variable.units, usual, variable.units));
    if (one.spread_between && !(*one.spread_between >= kLeastSpread * usual))
      found.push_back(fmt::format(
          "{}: members hardly differ: their spread is {:.2g} {}, where the data of the prior vary "
          "by {:.3g} {}",
          variable.name, *one.spread_between, variable.units, usual, variable.units));
  }
  return found;
}

}  // namespace foehn::job
