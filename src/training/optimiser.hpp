#pragma once

#include <ATen/core/Tensor.h>

#include "foehn/training/trainer.hpp"
#include "foehn/training/training_state.hpp"

namespace foehn::training {

/// Puts tensors one behind the other into a single one, in the order of their names, and leaves views of it
/// in their place, so that all of them can be computed with at once.
/// @return  [values of all], float32, on `device`
at::Tensor pack(Tensors& tensors, at::Device device);

/// AdamW (Loshchilov & Hutter 2019), and the moving average of the parameters,
/// of decay min(average_decay, (1 + n)/(10 + n)) after n steps.
class Optimiser {
 public:
  /// Packs the tensors of the state, which from then on are views of what is computed with here.
  Optimiser(TrainingState& state, const TrainingOptions& options, at::Device device);
  /// Takes the step that makes `steps_done` steps of a stage.
  /// @param gradient  of the parameters, packed as they are
  void step(const at::Tensor& gradient, const Stage& stage, std::int64_t steps_done);

 private:
  TrainingOptions options_;
  at::Tensor parameters_, average_, first_, second_;
};

}  // namespace foehn::training
