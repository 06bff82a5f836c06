#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/tensor_sum.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/training/objective.hpp"
#include "foehn/training/training_state.hpp"
#include "foehn/training/windows.hpp"

namespace foehn::training {

class Optimiser;

/// Defaults are Climate2Weather's.
struct TrainingOptions {
  std::int64_t steps = 100000;
  std::int64_t batch = 128;      ///< windows per step, over all ranks
  std::int64_t micro_batch = 8;  ///< windows per pass of each rank; gradients of several passes add up
  double learning_rate = 1e-4;   ///< at first; falls linearly to 0
  double weight_decay = 1e-3;
  double average_decay = 0.9999;  ///< of the parameters' moving average; less in the first steps
  Augmentation augmentation = {};
  model::Precision precision = model::Precision::fp32;  ///< of steps; parameters and averages are float32
  std::int64_t seed = 0;
  std::int64_t markov_order = 6;
  diffusion::VpCosine schedule = {};  ///< of the noise that hides the fields
  std::int64_t held_out_hours = 0;    ///< at the end of the record, never trained on
  std::int64_t evaluate_every = 1000;
  std::int64_t held_out_windows = 24;  ///< scored at every noise level
  std::int64_t patience = 0;           ///< stop after this many evaluations without improvement; 0 disables
};

/// Noise levels at which the held-out loss is reported.
inline constexpr std::int64_t kScoredLevels = 8;

/// The one number by which held-out losses are reported and compared.
/// @param losses  one per noise level
double mean_over_levels(const std::vector<double>& losses);

/// Trains the network of an objective, data-parallel over the ranks of a communicator.
///
/// The windows of a step, their noise and their noise levels, t ~ U(0, 1), depend on seed and step alone,
/// whatever the number of ranks, which share them out. Gradients are added in the order of ranks and handed
/// to all, so that all ranks have the same parameters, bit for bit. A training that was interrupted and
/// continues on the same ranks ends in the same parameters as one that was not.
class Trainer {
 public:
  /// What happens around the steps.
  struct Events {
    std::function<void(const TrainingState&, double loss)> step_done;
    std::function<void(const TrainingState&, const std::vector<double>& held_out)>
        evaluated;                                   ///< one loss per level
    std::function<bool()> must_stop;                 ///< asked after every step; one rank's yes stops all
    std::function<bool()> must_save;                 ///< likewise; save is called
    std::function<void(const TrainingState&)> save;  ///< on the root
  };

  /// @param windows  normalised fields; outlives this, as the others do
  /// @throws core::Error if the record has too few hours
  Trainer(const comm::Communicator& ranks, Objective& objective, const FieldCache& fields,
          const TrainingOptions& options);

  /// The state before the first step: the network's tensors as they are.
  TrainingState start() const;
  /// Trains until the last step, until patience ends or until it must stop. The state's tensors become views
  /// of a few large ones on the network's device.
  /// @return whether the training is done
  /// @throws core::CollectiveError if the loss is not finite, or the state cannot be
  /// saved
  /// @note Collective over the ranks.
  bool run(TrainingState& state, const Events& events);

  /// Loss of the averaged parameters on held-out windows, one per noise level.
  /// @note Collective over the ranks.
  std::vector<double> held_out_loss(const TrainingState& state);
  /// The loss of a network that always answers 0, to compare with: about 1 if the hours held out are like the
  /// rest.
  /// @note Collective over the ranks.
  std::vector<double> held_out_loss_without_network();

 private:
  /// A window and the noise that hides it.
  struct Task {
    TrainingWindow window;
    core::NoiseKey noise;
  };
  Lesson lesson(std::span<const Task> tasks, std::uint32_t draw);
  at::Tensor answer_to(const Lesson& lesson, model::Precision precision);
  double step(TrainingState& state, Optimiser& optimiser);
  /// @param error  answer minus target
  std::vector<double> mean_square_on_held_out(const std::function<at::Tensor(const Lesson&)>& error);
  void set(const Tensors& tensors);

  const comm::Communicator& ranks_;
  Objective& objective_;
  const FieldCache& fields_;
  TrainingOptions options_;
  std::optional<TrainingWindows> windows_;
  std::optional<comm::TensorSum> sum_;  // of gradients; making it is collective, as run is
  std::vector<at::Tensor> leaves_;
  at::Tensor gradient_;                     // of all leaves, packed
  std::vector<at::Tensor> gradient_parts_;  // views of it, one per leaf
};

}  // namespace foehn::training
