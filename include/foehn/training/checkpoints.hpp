#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/training/training_state.hpp"

namespace foehn::training {

/// The checkpoints of a training: training_<step>.safetensors in a folder, of which the last two are kept.
/// For one rank alone, on a folder in which no other process writes.
class Checkpoints {
 public:
  /// @param identity  of options and data, lines "name = value": a checkpoint of another one is refused
  Checkpoints(std::filesystem::path folder, std::string identity);

  /// The newest checkpoint that is whole; nothing if the folder has no checkpoints. One that is not whole is
  /// passed over with a warning.
  /// @param form  a state of the network that is trained
  /// @throws core::Error if it is of another training, naming the first options that differ, or of another
  ///         form, naming the tensor; or if there are checkpoints and none is whole
  std::optional<TrainingState> load(const TrainingState& form);

  /// Writes one, and after that removes all but the last two of those that this object has read or written:
  /// what was passed over goes, and with it what is left of another training.
  /// @throws core::Error naming the file, such as on a full disk; existing ones stay
  void save(const TrainingState& state);

  std::filesystem::path path_of(std::int64_t step) const;

 private:
  std::filesystem::path folder_;
  std::string identity_;
  std::vector<std::int64_t> whole_;  // steps of those read or written, in the order of their making
};

}  // namespace foehn::training
