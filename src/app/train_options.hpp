#pragma once

#include <cstdint>

#include "foehn/config/option_table.hpp"
#include "foehn/training/settings.hpp"
#include "option_names.hpp"
#include "options.hpp"

namespace foehn::app {

/// Everything that `foehn train` can be told.
struct TrainOptions : training::Settings {
  Deviating deviation = Deviating::automatic;
  process::HardwareChoice hardware = {};
  std::int64_t space_ranks = 1;
  std::int64_t threads = 1;
  double timeout_minutes = kTimeoutMinutes;

  /// @throws UsageError if ranks are to share out cells that the network does not share out
  void check_space_ranks() const;
  /// With what the words mean.
  training::Settings settings() const;
};

/// Binds the options to the fields of `options`, which must outlive the table.
void declare_train_options(config::OptionTable& table, TrainOptions& options);

}  // namespace foehn::app
