#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/core/per_variable.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/training/trainer.hpp"

namespace foehn::training {

/// What a network learns.
enum class NetworkKind { gaussian_preconditioned, score_unet };

inline const TrainingOptions kTrainingDefaults;

/// What a training is told, in the words of `foehn train`.
struct Settings {
  std::vector<std::string> files, variables;
  core::PerVariable<io::TimeSampling> cell_methods;
  std::string start, end, crop;
  std::int64_t longest_gap = io::kLongestGap;
  double held_out_fraction = 0.1;
  std::string cache;
  std::string prior;
  NetworkKind kind = NetworkKind::gaussian_preconditioned;
  std::int64_t markov_order = kTrainingDefaults.markov_order;
  std::optional<std::int64_t> gaussian_order;  ///< of the Gaussian prior; absent: markov_order
  bool may_deviate = true;  ///< by cell, hour of day and season, as far as the record tells
  std::string normalisation = "quant95";
  std::string attribution;
  bool as_float16 = false;
  std::vector<std::int64_t> hidden{128, 128, 256, 384, 512};
  std::vector<std::int64_t> blocks{3, 3, 3, 3, 3};
  std::vector<std::int64_t> attention{4};
  std::int64_t embedding = 512;
  std::int64_t windows = 12'800'000;
  std::int64_t batch = kTrainingDefaults.batch;
  std::int64_t micro_batch = kTrainingDefaults.micro_batch;
  double learning_rate = kTrainingDefaults.learning_rate;
  double weight_decay = kTrainingDefaults.weight_decay;
  double average_decay = kTrainingDefaults.average_decay;
  double mixing = kTrainingDefaults.augmentation.mixing;
  double amplitude = kTrainingDefaults.augmentation.amplitude;
  double daily_cycle = kTrainingDefaults.augmentation.daily_cycle;
  std::int64_t evaluate_every = kTrainingDefaults.evaluate_every;
  std::int64_t held_out_windows = kTrainingDefaults.held_out_windows;
  std::int64_t patience = kTrainingDefaults.patience;
  std::int64_t seed = kTrainingDefaults.seed;
  std::string checkpoint;
  std::int64_t checkpoint_every = 1000;
  bool restart = false;
  model::Precision precision = model::Precision::fp32;  ///< of training steps

  std::string checkpoint_folder() const { return checkpoint.empty() ? prior : checkpoint; }
  bool corrects_gaussian() const { return kind == NetworkKind::gaussian_preconditioned; }
};

/// @throws core::UsageError for options that do not go together
void check(const Settings& settings);

/// What a trainer is told.
/// @param held_out_hours  at the end of the record
/// @param step_seconds    of the record
/// @param schedule        of the noise that hides the fields
TrainingOptions training_options(const Settings& settings, std::int64_t held_out_hours,
                                 std::int64_t step_seconds, const diffusion::VpCosine& schedule);

/// The network asked for.
/// @throws core::UsageError if no network can be like that
model::ScoreUnetArchitecture architecture_of(const Settings& settings, std::int64_t variables);

}  // namespace foehn::training
