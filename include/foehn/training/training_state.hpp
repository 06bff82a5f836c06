#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace foehn::training {

using Tensors = std::map<std::string, at::Tensor>;  ///< by the name of the network's parameter

/// Everything that the rest of a training depends on, beside its options and data.
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

  /// Written whole or not at all, as safetensors.
  /// @param digest  of options and data
  void save(const std::filesystem::path& path, const std::string& digest) const;
  /// @throws core::Error naming the file if it is broken, or of another digest
  static TrainingState load(const std::filesystem::path& path, const std::string& digest);
};

}  // namespace foehn::training
