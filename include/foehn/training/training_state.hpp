#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace foehn::comm {
class Communicator;
}

namespace foehn::training {

using Tensors = std::map<std::string, at::Tensor>;  ///< by the name of the network's parameter

/// Everything that the rest of a training depends on, apart from its options and data.
struct TrainingState {
  std::int64_t step = 0;  ///< steps done
  Tensors parameters;
  Tensors average;        ///< exponential moving average of the parameters
  Tensors first, second;  ///< moments of the gradient
  Tensors best;           ///< the average of least held-out loss
  double best_loss = std::numeric_limits<double>::infinity();
  std::int64_t best_step = 0;
  std::int64_t evaluations_since_best = 0;
  double loss_sum = 0;           ///< over the steps since the last evaluation
  std::int64_t losses = 0;       ///< number of these steps
  std::vector<std::string> log;  ///< rows of training.csv

  /// Hands the root's state to all ranks, whose tensors have the names and shapes of the root's.
  /// @note Collective.
  void broadcast(const comm::Communicator& ranks);
};

/// A state in a file, and the training that it belongs to.
struct SavedState {
  TrainingState state;
  std::string identity;  ///< of options and data: lines "name = value"
};

/// Writes a state whole or not at all, as safetensors, with a digest of all that the file says.
/// @throws core::Error naming the file, such as on a full disk
void save_state(const std::filesystem::path& path, const TrainingState& state, const std::string& identity);
/// @throws core::Error naming the file if it is broken: the digest is another, or a tensor not float32
SavedState load_state(const std::filesystem::path& path);
/// @param form  a state whose tensors have the names and shapes expected
/// @throws core::Error naming the first tensor that is missing, of another shape or not expected
void check_form(const TrainingState& state, const TrainingState& form);

}  // namespace foehn::training
