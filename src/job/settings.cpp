#include "foehn/job/settings.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"

namespace foehn::job {

diffusion::SamplerOptions sampler_options(const Settings& settings) {
  if (settings.method == diffusion::Method::dpmpp_2m && settings.steps < 2)
    throw core::UsageError(fmt::format("sampler.steps: dpmpp-2m needs at least 2, found {}", settings.steps));
  return {.method = settings.method,
          .steps = settings.steps,
          .spacing = settings.spacing,
          .t_first = settings.t_first.value_or(settings.is_conditioned() ? kGuidedFrom : 1),
          .corrections = settings.corrections,
          .tau = settings.tau};
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

std::string stride_text(const std::optional<std::int64_t>& stride) {
  return stride ? std::to_string(*stride) : "auto";
}

}  // namespace foehn::job
