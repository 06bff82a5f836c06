#include "foehn/job/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/diffusion/names.hpp"

namespace foehn::job {

std::vector<std::int64_t> Settings::member_numbers() const {
  const auto drivers = static_cast<std::int64_t>(std::max<std::size_t>(coarse_members.size(), 1));
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(members * drivers));
  std::iota(numbers.begin(), numbers.end(), first_member * drivers);
  return numbers;
}

namespace {

/// The level of the schedule at which sampling begins; nothing: the noisiest.
std::optional<double> first_time(const Settings& settings, const diffusion::Schedule& schedule) {
  if (schedule.vp_cosine() != nullptr)
    return settings.t_first.value_or(settings.is_conditioned() ? kGuidedFrom : 1);
  if (settings.t_first)
    throw core::UsageError(
        "sampler.t_first: expected a prior with the schedule vp-cosine, found edm, whose sigma_max is where "
        "sampling begins");
  return {};
}

void check_churn(const Settings& settings) {
  const diffusion::Churn& churn = settings.churn;
  if (churn.amount > 0 && settings.method != diffusion::Method::heun)
    throw core::UsageError(
        fmt::format("sampler.churn: expected sampler.method heun, found {}", core::name_of(settings.method)));
  if (churn.most && *churn.most < churn.least)
    throw core::UsageError(
        fmt::format("sampler.churn_max: expected at least sampler.churn_min, {:g}, found {:g}", churn.least,
                    *churn.most));
}

}  // namespace

diffusion::SamplerOptions sampler_options(const Settings& settings, const diffusion::Schedule& schedule) {
  const bool is_heun = settings.method == diffusion::Method::heun;
  if (settings.method == diffusion::Method::dpmpp_2m && settings.steps < 2)
    throw core::UsageError(fmt::format("sampler.steps: dpmpp-2m needs at least 2, found {}", settings.steps));
  check_churn(settings);
  return {.method = settings.method,
          .steps = settings.steps,
          .spacing =
              settings.spacing.value_or(is_heun ? diffusion::Spacing::power : diffusion::Spacing::log_ratio),
          .t_first = first_time(settings, schedule),
          .corrections = settings.corrections,
          .tau = settings.tau,
          .churn = settings.churn};
}

std::int64_t calibrated_steps(Covariance covariance) {
  switch (covariance) {
    case Covariance::gaussian:
      return 8;
    case Covariance::network:
      return 3;
    case Covariance::preconditioned:
      return 2;
  }
  throw core::Error("unknown covariance");
}

std::string first_level_text(const diffusion::SamplerOptions& options) {
  return options.t_first ? fmt::format("{}", *options.t_first) : "sigma_max";
}

std::string stride_text(const std::optional<std::int64_t>& stride) {
  return stride ? std::to_string(*stride) : "auto";
}

}  // namespace foehn::job
