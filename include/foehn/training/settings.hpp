#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/core/per_variable.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/network_architecture.hpp"
#include "foehn/training/trainer.hpp"

namespace foehn::training {

/// Cells per side of the blocks whose means a conditional-residual is given, unless told.
inline constexpr std::int64_t kCoarseBlock = 8;

/// What a network learns.
enum class NetworkKind { gaussian_preconditioned, score_unet, conditional_residual, graph_transformer };
/// Which network learns it.
enum class NetworkChoice { automatic, unet, graph_transformer };
/// Of what noise the prior is.
enum class ScheduleKind { vp_cosine, edm };

inline const TrainingOptions kTrainingDefaults;

/// What a training is told, in the words of `foehn train`.
struct Settings {
  std::vector<std::string> files, variables, transforms;
  core::PerVariable<io::TimeSampling> cell_methods;
  std::string start, end, crop;
  std::int64_t longest_gap = io::kLongestGap;
  double held_out_fraction = 0.1;
  std::string cache;
  std::string prior;
  NetworkKind kind = NetworkKind::gaussian_preconditioned;
  std::int64_t markov_order = kTrainingDefaults.markov_order;
  std::optional<std::int64_t> gaussian_order;  ///< of the Gaussian prior; absent: markov_order
  bool may_deviate = true;  ///< by cell, hour of day and season, as far as the record tells
  std::string normalisation = "quant95";
  ScheduleKind schedule = ScheduleKind::vp_cosine;
  double sigma_min = diffusion::Edm{}.sigma_min;  ///< of the schedule edm, as the next two
  double sigma_max = diffusion::Edm{}.sigma_max;
  std::optional<double> sigma_data;  ///< of a network without another prior; absent: of the fields trained on
  std::string attribution;
  bool as_float16 = false;
  NetworkChoice network = NetworkChoice::automatic;  ///< automatic: a U-Net, but for graph_transformer
  std::vector<std::int64_t> hidden{128, 128, 256, 384, 512};
  std::vector<std::int64_t> blocks{3, 3, 3, 3, 3};
  std::vector<std::int64_t> attention{4};
  std::int64_t embedding = 512;
  std::int64_t mesh_level = 6;  ///< of a graph transformer, as the next three
  std::int64_t width = 512;
  std::int64_t heads = 8;
  std::int64_t layers = 16;
  bool dates = false;  ///< known to the network
  model::NetworkForm form = model::NetworkForm::climate2weather;
  std::vector<std::int64_t> tile;            ///< rows and columns that a U-Net sees at once; empty: all
  std::optional<std::int64_t> tile_overlap;  ///< cells; absent: a quarter of the shorter side
  std::vector<std::string> static_files, static_fields;  ///< known to the network, and where they are
  bool positions = false;                                ///< latitude and longitude, likewise
  /// Of the coarse fields that a conditional-residual is given; empty: of kCoarseBlock, unless coarse_grid is
  /// given.
  std::vector<std::int64_t> coarse_blocks;
  std::string coarse_grid;                    ///< whose cells they are means over; empty: blocks
  std::vector<std::int64_t> coarse_every{6};  ///< likewise, hours
  std::string start_from;  ///< folder of a prior with whose weights it begins; empty: random ones
  std::vector<std::int64_t> windows{12'800'000};  ///< of each stage
  std::int64_t batch = kTrainingDefaults.batch;
  std::int64_t micro_batch = kTrainingDefaults.micro_batch;
  std::vector<double> learning_rate{Stage().learning_rate};  ///< of all stages, or of each
  std::vector<NoiseKind> noise;                              ///< likewise; empty: as the schedule has it
  double noise_mean = NoiseDistribution().mean;
  double noise_std = NoiseDistribution().std;
  Decay decay = kTrainingDefaults.decay;
  std::int64_t warm_up = kTrainingDefaults.warm_up;
  double most_gradient = kTrainingDefaults.most_gradient;
  bool weighs_area = false;              ///< the loss, by the cosine of latitude or the areas of cells
  std::vector<double> variable_weights;  ///< in the loss, one per variable; empty: all alike
  double weight_decay = kTrainingDefaults.weight_decay;
  double average_decay = kTrainingDefaults.average_decay;
  double mixing = kTrainingDefaults.augmentation.mixing;
  double amplitude = kTrainingDefaults.augmentation.amplitude;
  double daily_cycle = kTrainingDefaults.augmentation.daily_cycle;
  double drawn = kTrainingDefaults.augmentation.drawn;
  double dropout = kTrainingDefaults.dropout;
  std::int64_t evaluate_every = kTrainingDefaults.evaluate_every;
  std::int64_t held_out_windows = kTrainingDefaults.held_out_windows;
  std::int64_t patience = kTrainingDefaults.patience;
  std::int64_t seed = kTrainingDefaults.seed;
  std::string checkpoint;
  std::int64_t checkpoint_every = 1000;
  bool restart = false;
  model::Precision precision = model::Precision::fp32;  ///< of training steps

  std::string checkpoint_folder() const { return checkpoint.empty() ? prior : checkpoint; }
  bool corrects_gaussian() const { return kind == NetworkKind::gaussian_preconditioned; }
  bool is_conditional() const { return kind == NetworkKind::conditional_residual; }
  /// Whether its network is a graph transformer, for which no Gaussian prior is fitted.
  bool has_graph() const {
    return kind == NetworkKind::graph_transformer || network == NetworkChoice::graph_transformer;
  }
  /// Whether its network answers for fields of any size.
  bool has_sigma_data() const {
    return schedule == ScheduleKind::edm &&
           (kind == NetworkKind::score_unet || kind == NetworkKind::graph_transformer);
  }
};

/// @throws core::UsageError for options that do not go together
void check(const Settings& settings);

/// Which coarse fields a conditional-residual is given, without their scale.
/// @throws core::UsageError if train.coarse_grid is no grid
model::CoarseForm coarse_form(const Settings& settings);

/// The hours that a window and what it is given are made of.
std::int64_t hours_seen(const Settings& settings);

/// The Markov order of the Gaussian prior that is fitted on the way.
std::int64_t gaussian_order(const Settings& settings);

/// What a trainer is told.
/// @param held_out_hours  at the end of the record
/// @param domain          of the record
/// @param schedule        of the noise that hides the fields
TrainingOptions training_options(const Settings& settings, std::int64_t held_out_hours,
                                 const model::Domain& domain, const diffusion::Schedule& schedule);

/// What noise hides the fields, and a prior's samples begin with.
/// @param sigma_data  of edm
diffusion::Schedule schedule_of(const Settings& settings, double sigma_data);

/// Refuses lists that do not have a value per variable.
/// @throws core::UsageError
void check_variables(const Settings& settings, std::size_t variables);

/// The network asked for.
/// @throws core::UsageError if no network can be like that
model::NetworkArchitecture architecture_of(const Settings& settings, std::int64_t variables);

}  // namespace foehn::training
