#include "foehn/training/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/calendar/date_time.hpp"
#include "foehn/core/error.hpp"

namespace foehn::training {

void check(const Settings& settings) {
  const bool is_augmented = settings.mixing > 0 || settings.amplitude > 0 || settings.daily_cycle > 0;
  if (is_augmented && !settings.corrects_gaussian())
    throw core::UsageError(
        "train.mixing, train.amplitude, train.daily_cycle: expected prior.kind gaussian-preconditioned, "
        "whose "
        "fields are anomalies");
  if (!settings.gaussian_order) return;
  if (!settings.corrects_gaussian())
    throw core::UsageError(
        "prior.gaussian_order: expected prior.kind gaussian-preconditioned, whose priors have a Gaussian "
        "part");
  if (*settings.gaussian_order < settings.markov_order)
    throw core::UsageError(
        fmt::format("prior.gaussian_order: expected at least prior.markov_order, {}, found {}",
                    settings.markov_order, *settings.gaussian_order));
}

TrainingOptions training_options(const Settings& settings, std::int64_t held_out_hours,
                                 std::int64_t step_seconds, const diffusion::VpCosine& schedule) {
  TrainingOptions training;
  training.steps = (settings.windows + settings.batch - 1) / settings.batch;
  training.batch = settings.batch;
  training.micro_batch = settings.micro_batch;
  training.learning_rate = settings.learning_rate;
  training.weight_decay = settings.weight_decay;
  training.average_decay = settings.average_decay;
  training.augmentation = {settings.mixing, settings.amplitude, settings.daily_cycle,
                           std::max<std::int64_t>(1, calendar::kSecondsPerDay / step_seconds)};
  training.precision = settings.precision;
  training.seed = settings.seed;
  training.markov_order = settings.markov_order;
  training.held_out_hours = held_out_hours;
  training.schedule = schedule;
  training.evaluate_every = settings.evaluate_every;
  training.held_out_windows = settings.held_out_windows;
  training.patience = settings.patience;
  return training;
}

model::ScoreUnetArchitecture architecture_of(const Settings& settings, std::int64_t variables) {
  model::ScoreUnetArchitecture architecture;
  architecture.window = 2 * settings.markov_order + 1;
  architecture.variables = variables;
  architecture.hidden = settings.hidden;
  architecture.blocks = settings.blocks;
  architecture.attention = settings.attention;
  architecture.embedding = settings.embedding;
  architecture.inputs = settings.corrects_gaussian() ? 2 : 1;
  try {
    model::check_architecture(architecture);
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format(
        "network.hidden, network.blocks, network.attention, network.embedding: {}", error.what()));
  }
  return architecture;
}

}  // namespace foehn::training
