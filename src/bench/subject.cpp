#include "foehn/bench/subject.hpp"

#include <fmt/format.h>

#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::bench {

Subject full_network(const at::TensorOptions& tensors, model::Precision precision) {
  constexpr std::int64_t kSide = 128;
  const model::ScoreUnetArchitecture architecture{.window = 13,
                                                  .variables = 4,
                                                  .hidden = {128, 128, 256, 384, 512},
                                                  .blocks = {3, 3, 3, 3, 3},
                                                  .attention = {4},
                                                  .embedding = 512};
  return {.name = "full-size score network, random weights",
          .denoiser = std::make_unique<model::ScoreUnet>(architecture, model::random_tensors(architecture, 0),
                                                         tensors, precision),
          .gaussian = nullptr,
          .schedule = {},
          .markov_order = architecture.window / 2,
          .hour = {architecture.variables, kSide, kSide},
          .operations = static_cast<double>(model::window_flops(architecture, kSide, kSide))};
}

Subject subject_of(const std::string& path, model::PriorBundle prior) {
  const model::PriorDescription& described = prior.description;
  model::check_precision(prior.precision, described);
  if (described.coarse)
    throw core::UsageError(fmt::format(
        "prior.path: {}: expected a prior that samples without coarse fields, found one of kind {}", path,
        described.kind));
  const auto& domain = described.domain;
  prior.set_clock({domain.calendar, 0, domain.step_seconds});
  const auto ny = domain.grid.ny(), nx = domain.grid.nx();
  Subject subject{.name = fmt::format("{} prior {}", described.kind, path),
                  .denoiser = std::move(prior.denoiser),
                  .gaussian = std::move(prior.gaussian),
                  .schedule = described.schedule,
                  .markov_order = described.markov_order,
                  .gaussian_order = described.gaussian_order.value_or(0),
                  .hour = {static_cast<std::int64_t>(domain.variables.size()), ny, nx},
                  .step_seconds = domain.step_seconds,
                  .operations = {}};
  if (described.network)
    subject.operations = static_cast<double>(model::window_flops(*described.network, domain.grid));
  return subject;
}

}  // namespace foehn::bench
