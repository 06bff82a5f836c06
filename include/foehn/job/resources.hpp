#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foehn/conditioning/observation_input.hpp"
#include "foehn/conditioning/point_input.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/process/output_folder.hpp"
#include "foehn/process/output_lock.hpp"

namespace foehn::job {

/// What drives members (Plan::drivers).
struct DrivingData {
  std::unique_ptr<conditioning::ObservationInput> input;  ///< until they are read; null: none of blocks
  conditioning::CheckedObservations observations;         ///< their series until ranks have theirs
  conditioning::PlacedPoints points;                      ///< until ranks have theirs
  /// Fields on cells that the prior is given (NativeInput::coarse_fields), until ranks have theirs;
  /// undefined: none.
  at::Tensor coarse;
  std::string points_digest;  ///< of those used; empty: there are none
};

/// What the root alone has of a job, as long as it lasts.
struct Resources {
  explicit Resources(Settings what) : settings(std::move(what)) {}

  Settings settings;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();  ///< of the run
  std::vector<std::unique_ptr<process::OutputFolder>> folders;  ///< of results and checkpoints
  std::vector<std::unique_ptr<process::OutputLock>> locks;      ///< of each; given up before
  std::vector<std::filesystem::path> inputs;                    ///< files that nothing may be written over
  std::vector<DrivingData> drivers;                             ///< of each of the plan's
  std::string options_digest;                                   ///< of the options that change the result
  std::string made;  ///< lines on files that were made on the way, for people

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  }
};

}  // namespace foehn::job
