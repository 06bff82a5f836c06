#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/conditioning/point_input.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/ingestion/preparation_options.hpp"
#include "foehn/io/cordex_metadata.hpp"
#include "foehn/model/precision.hpp"

namespace foehn::job {

/// How observations enter.
enum class Guidance { none, sda, sda_exact, mmps };
/// Whose posterior covariance of clean fields guides: that of the Gaussian part of a prior, that of the whole
/// prior, or the latter with the former as a preconditioner.
enum class Covariance { gaussian, network, preconditioned };
/// What a coarse value is: the mean over a block of the prior's cells, or over those under a cell of the
/// model's own grid.
enum class ObservationOperator { blocks, native };
/// The files of a member.
enum class Layout { member, cordex };

inline const diffusion::SamplerOptions kSamplerDefaults;

/// Stands for the name of a coarse ensemble's member in the names of files.
inline constexpr const char* kCoarseMember = "{member}";

/// What a job is told, in the words of `foehn sample`.
struct Settings {
  std::string prior;                      ///< folder of a prior bundle
  std::string gaussian;                   ///< folder of a Gaussian prior that is lent to it; empty: none
  std::vector<std::string> observations;  ///< files or globs of observations, or
  ingestion::PreparationOptions
      preparation;                        ///< of a climate model's files, and how they become observations
  std::vector<std::string> stations;      ///< files or globs of observations at points
  std::vector<std::string> station_std;   ///< of those that do not state their error, "variable=value"
  std::vector<std::string> station_bias;  ///< standard deviations of biases, "variable=value"
  std::vector<std::string> station_correlation;  ///< hours, likewise
  std::string orography;                         ///< file with the heights of the prior's cells; empty: none
  double lapse_rate = conditioning::kLapseRate;  ///< K km-1
  std::string land_mask;                         ///< file with their shares of land; empty: none
  conditioning::Interpolation interpolation = conditioning::Interpolation::bilinear;
  double withheld = 0;  ///< share of stations or times that is kept back to be scored
  conditioning::WithheldUnit withheld_unit = conditioning::WithheldUnit::stations;
  std::int64_t withheld_seed = 0;
  ObservationOperator observation_operator = ObservationOperator::blocks;
  std::string native_weights;   ///< file with the prior's cells in those of the observations; empty: none
  double missing_fraction = 0;  ///< of a variable's coarse values that may be missing
  std::string start;            ///< first hour; empty: the first observation's
  std::int64_t hours = 0;       ///< 0: up to the last observation
  std::vector<double> observation_std;             ///< of the errors, one per variable in its unit, or
  std::vector<double> observation_std_normalised;  ///< in units of normalised fields, one or one per variable
  double inflation = 1;  ///< factor on the standard deviations of all observations' errors
  std::optional<double> gamma;
  diffusion::Method method = kSamplerDefaults.method;
  std::int64_t steps = kSamplerDefaults.steps;
  std::optional<diffusion::Spacing> spacing;  ///< absent: as the method has it
  std::optional<double> t_first;
  std::int64_t corrections = kSamplerDefaults.corrections;
  double tau = kSamplerDefaults.tau;
  diffusion::Churn churn;
  Guidance guidance = Guidance::mmps;
  std::optional<Covariance> covariance;  ///< absent: as the prior has it
  std::optional<std::int64_t> solver_steps;
  std::optional<double> solver_tolerance;
  std::optional<std::int64_t> stride = 1;  ///< absent: as many as the noise level allows ("auto")
  std::int64_t batch = 8;
  model::Precision precision = model::Precision::fp32;  ///< of the prior's network
  std::int64_t members = 1;                             ///< driven by each member of a coarse ensemble
  std::int64_t first_member = 0;
  /// Names of the members of a coarse ensemble, which kCoarseMember in `observations` stands for; empty:
  /// there is no such ensemble.
  std::vector<std::string> coarse_members;
  std::int64_t seed = 0;
  std::int64_t ranks_per_member = 0;  ///< 0: all
  std::string output;                 ///< folder
  Layout layout = Layout::member;
  std::string metadata;                          ///< file that `simulation` was read from
  std::optional<io::CordexMetadata> simulation;  ///< of the layout cordex
  std::int64_t chunk_hours = 24;
  std::int64_t compression = 1;
  std::int64_t significant_digits = 0;  ///< 0: all
  std::string checkpoint;               ///< folder; empty: "checkpoint" in the output folder
  double checkpoint_minutes = 10;
  std::int64_t checkpoint_every = 0;
  bool restart = false;

  std::string result_values;      ///< the options that change the result, as canonical text; not empty
  std::string all_values = "{}";  ///< every option, a JSON object, for the record of the run

  /// Where the checkpoints of all members lie.
  std::filesystem::path checkpoint_folder() const {
    return checkpoint.empty() ? std::filesystem::path(output) / "checkpoint"
                              : std::filesystem::path(checkpoint);
  }
  bool prepares() const { return !preparation.files.empty(); }
  /// Whether there are coarse observations.
  bool has_coarse() const { return !observations.empty() || prepares(); }
  /// Whether these lie on the model's own grid.
  bool has_native() const {
    return observation_operator == ObservationOperator::native && !observations.empty();
  }
  /// Of all members that are asked for, rising. They count through the coarse ensemble's, whose index is the
  /// remainder by their number (Plan::driver_of).
  std::vector<std::int64_t> member_numbers() const;
  bool is_conditioned() const { return (has_coarse() || !stations.empty()) && guidance != Guidance::none; }
};

/// What a sampler is told.
/// @param schedule  of the prior
/// @throws core::UsageError if there are too few steps for the method, or what is asked for is of another
/// method
///         or schedule
diffusion::SamplerOptions sampler_options(const Settings& settings, const diffusion::Schedule& schedule);

/// The time t of vp-cosine at which sampling begins by default where observations guide.
inline constexpr double kGuidedFrom = 0.97;
/// The solver's steps with which samples are calibrated.
std::int64_t calibrated_steps(Covariance covariance);
/// Where sampling begins: "0.97", a time, or "sigma_max", the noisiest level.
std::string first_level_text(const diffusion::SamplerOptions& options);
/// "5", or "auto".
std::string stride_text(const std::optional<std::int64_t>& stride);

}  // namespace foehn::job
