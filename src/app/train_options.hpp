#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/training/trainer.hpp"
#include "options.hpp"

namespace foehn::app {

/// Everything that `foehn train` can be told.
struct TrainOptions {
  std::vector<std::string> files, variables, cell_methods;
  std::string start, end, crop;
  std::int64_t longest_gap = kLongestGap;
  double held_out_fraction = 0.1;
  std::string cache;
  std::string prior;
  std::string kind = "gaussian-preconditioned";
  std::string deviation = "auto";
  std::string normalisation = "quant95";
  std::string attribution;
  bool as_float16 = false;
  std::vector<double> hidden{128, 128, 256, 384, 512};
  std::vector<double> blocks{3, 3, 3, 3, 3};
  std::vector<double> attention{4};
  std::int64_t embedding = 512;
  std::int64_t windows = 12'800'000;
  training::TrainingOptions training;
  std::string checkpoint;
  std::int64_t checkpoint_every = 1000;
  bool restart = false;
  std::string device = "auto";
  std::string precision = "fp32";
  std::int64_t threads = 1;
  double timeout_minutes = kTimeoutMinutes;

  std::string checkpoint_folder() const { return checkpoint.empty() ? prior : checkpoint; }
  bool corrects_gaussian() const { return kind == "gaussian-preconditioned"; }
};

/// Binds the options to the fields of `options`, which must outlive the table.
config::OptionTable train_option_table(TrainOptions& options);

/// The network asked for.
/// @throws core::UsageError if a number is not whole; core::Error if no network can be like that
model::ScoreUnetArchitecture architecture_of(const TrainOptions& options, std::int64_t variables);

}  // namespace foehn::app
