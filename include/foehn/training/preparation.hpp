#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/process/output_lock.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/training/material.hpp"
#include "foehn/training/settings.hpp"

namespace foehn::training {

/// Keeps the folders that a training writes to, prior.path and checkpoint.directory, for this one.
class TrainLocks {
 public:
  /// Makes the folders where absent; with `validate_only` they are gone again, and nothing is locked.
  /// @throws core::Error naming the option, and the folder that cannot be written to or who holds it
  TrainLocks(const Settings& settings, bool validate_only);

 private:
  std::optional<process::OutputLock> prior_, checkpoints_;
};

/// Where the root leaves what all ranks read before the first step.
struct PreparedPaths {
  explicit PreparedPaths(const Settings& settings);
  std::filesystem::path gaussian;  // folder
  std::filesystem::path cache;
};

/// What lies there.
struct PreparedData {
  Span span;
  // Digests; of residuals as residuals_digest.
  std::string gaussian, residuals, cache;
  std::vector<double> static_fields;  ///< as read_static

  /// [field, y, x], float32; undefined if there are none.
  at::Tensor static_tensor(const grid::Grid& grid) const;
  /// Of these; "none" if there are none.
  std::string static_digest() const;

  /// Hands the root's to all ranks. @note Collective.
  void broadcast(const comm::Communicator& ranks);
};

/// Fits the Gaussian prior and makes the cache of normalised fields, where there is none.
/// @return  empty if it was asked to stop before both were there
PreparedData prepare(const Record& record, const Settings& settings, const PreparedPaths& paths,
                     const process::StopToken& stop);

/// @throws core::Error naming the files if what this rank sees there is not what the root made
void check_prepared(const PreparedData& prepared, const Settings& settings, const PreparedPaths& paths);

}  // namespace foehn::training
