#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/tensor_sum.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/model/tiling.hpp"
#include "foehn/training/noise_distribution.hpp"
#include "foehn/training/objective.hpp"
#include "foehn/training/training_state.hpp"
#include "foehn/training/windows.hpp"

namespace foehn::training {

class Optimiser;

/// Who trains.
struct TrainingRanks {
  // NOLINTNEXTLINE(google-explicit-constructor): each rank computes windows of its own
  TrainingRanks(const comm::Communicator& ranks) : all(ranks), windows(ranks) {}
  /// @param among  the ranks that share out windows with this one. Others compute these windows with it, each
  ///               of them some of the cells, and so have the same losses and gradients
  TrainingRanks(const comm::Communicator& ranks, const comm::Communicator& among)
      : all(ranks), windows(among) {}

  const comm::Communicator &all, &windows;
};

/// How the learning rate falls from a stage's first step to its last.
enum class Decay { linear, cosine };

/// A part of a training, with noise and a rate of its own. It begins with the best weights of the stage
/// before, and with an optimiser that knows nothing of that stage.
struct Stage {
  std::int64_t steps = 100000;
  double learning_rate = 1e-4;  ///< at most
  NoiseDistribution noise = {};
};

/// Defaults are Climate2Weather's.
struct TrainingOptions {
  std::vector<Stage> stages{Stage()};
  std::int64_t batch = 128;      ///< windows per step, over all ranks
  std::int64_t micro_batch = 8;  ///< windows per pass of each rank; gradients of several passes add up
  Decay decay = Decay::linear;
  std::int64_t warm_up = 0;  ///< steps of a stage in which the rate rises to its own
  double most_gradient = 0;  ///< to which a larger norm of the gradient is cut; 0: none is
  double weight_decay = 1e-3;
  double average_decay = 0.9999;  ///< of the parameters' moving average; less in the first steps
  Augmentation augmentation = {};
  double dropout = 0;                                   ///< of numbers within the network's blocks, in steps
  model::Precision precision = model::Precision::fp32;  ///< of steps; parameters and averages are float32
  comm::TransportKind transport = comm::TransportKind::mpi;  ///< of gradients between ranks
  std::int64_t seed = 0;
  std::int64_t markov_order = 6;
  diffusion::Schedule schedule = {};  ///< of the noise that hides the fields
  std::int64_t held_out_hours = 0;    ///< at the end of the record, never trained on
  std::int64_t evaluate_every = 1000;
  std::int64_t held_out_windows = 24;  ///< scored at every noise level
  std::int64_t patience = 0;           ///< stop after this many evaluations without improvement; 0 disables
  /// Of squared errors in the loss, [variable, y, x], float32, of mean 1; undefined: all alike.
  at::Tensor loss_weights = {};
  model::TileForm tile = {};  ///< parts of the domain that the network is trained on
  bool goes_round = false;    ///< the domain's columns

  /// Of all stages.
  std::int64_t steps() const;
};

/// The rate of the step that makes `steps_done` steps of a stage.
double learning_rate(const TrainingOptions& options, const Stage& stage, std::int64_t steps_done);

/// The noise levels at which the held-out loss is reported, whatever noise a stage trains on: the middles of
/// bands even in t.
std::vector<diffusion::NoiseLevel> scored_levels(const diffusion::Schedule& schedule);

/// The one number by which held-out losses are reported and compared.
/// @param losses  one per noise level
double mean_over_levels(const std::vector<double>& losses);

/// Trains the network of an objective, data-parallel over the ranks of a communicator.
///
/// The windows of a step, their noise and their noise levels depend on seed and step alone,
/// whatever the number of ranks, which share them out. Ranks that share out cells answer as one. Gradients
/// are added in the order of ranks and handed to all, so that all ranks have the same parameters, bit for
/// bit. A training that was interrupted and continues on the same ranks ends in the same parameters as one
/// that was not.
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

  /// @param fields  normalised; outlives this, as the others do
  /// @param drawn   windows of hours_seen(), where the augmentation asks for some
  /// @throws core::Error if the record has too few hours
  Trainer(const TrainingRanks& ranks, Objective& objective, const FieldCache& fields,
          const TrainingOptions& options, const DrawnWindows* drawn = nullptr);

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
    diffusion::NoiseLevel level;
    core::NoiseKey noise;
  };
  /// Where a training stands: a stage, and the step at which that began.
  struct Place {
    const Stage* stage;
    std::int64_t first_step;
  };
  Place place_of(std::int64_t step) const;
  /// Of a window, and of what its lesson looks at beside.
  std::int64_t hours_seen() const;
  static void begin_stage(TrainingState& state);
  Lesson lesson(std::span<const Task> tasks, std::uint32_t draw);
  /// @param dropout  null: none
  at::Tensor answer_to(const Lesson& lesson, model::Precision precision, const model::Dropout* dropout);
  double step(TrainingState& state, Optimiser& optimiser);
  void cut_gradient();
  /// The mean of squared errors, weighted.
  /// @param error  answer minus target, [window, channel, y, x]
  /// The part of each window that its task asks for, of networks that see tiles.
  Lesson cut(const Lesson& whole, std::span<const Task> tasks) const;
  static at::Tensor loss_of(const at::Tensor& error, const Lesson& lesson);
  void evaluate(TrainingState& state, const Events& events);
  /// @param error  answer minus target
  std::vector<double> mean_square_on_held_out(const std::function<at::Tensor(const Lesson&)>& error);
  void set(const Tensors& tensors);

  TrainingRanks ranks_;
  Objective& objective_;
  const FieldCache& fields_;
  TrainingOptions options_;
  std::optional<TrainingWindows> windows_;
  std::optional<comm::TensorSum> sum_;  // of gradients; making it is collective, as run is
  std::vector<at::Tensor> leaves_;
  at::Tensor loss_weights_;                 // [channel, y, x], on the network's device
  at::Tensor gradient_;                     // of all leaves, packed
  std::vector<at::Tensor> gradient_parts_;  // views of it, one per leaf
};

}  // namespace foehn::training
