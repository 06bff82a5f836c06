#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/training/drawn_windows.hpp"
#include "foehn/training/field_cache.hpp"
#include "foehn/training/objective.hpp"
#include "foehn/training/settings.hpp"

namespace foehn::training {

/// How long a record is, and when it begins.
struct Span {
  std::int64_t hours = 0;
  std::int64_t held_out = 0;       ///< of these, at the end
  std::int64_t first_seconds = 0;  ///< since 1970-01-01 of its calendar

  std::int64_t trained() const { return hours - held_out; }
};

/// The reanalysis, and what part of it is used.
struct Record {
  /// @throws core::Error if it does not fit the network or is too short
  explicit Record(const Settings& settings);
  /// Nothing may be known of the hours held out.
  io::IndexRange trained() const { return {period.first, period.last - held_out}; }
  Span span() const;

  std::vector<std::filesystem::path> files;
  io::FieldReader reader;
  io::IndexRange period;
  std::int64_t held_out;
  std::vector<double> static_fields;  ///< as read_static
};

/// What is trained on, and for.
struct Material {
  Span span;
  model::Domain domain;
  at::Tensor lag_covariance;  // undefined for networks that correct no Gaussian prior
  diffusion::Schedule schedule;
  std::optional<model::CoarseForm> coarse = {};    // that a conditional-residual is given
  at::Tensor static_fields = {};                   // that the network knows, [field, y, x]; undefined: none
  std::shared_ptr<const DrawnWindows> drawn = {};  // null: none
};

/// Called after every few hours of the record that were worked on: what it throws ends the work, which leaves
/// nothing half-written.
using Interruption = std::function<void()>;

/// Fits the Gaussian prior and leaves it beside the prior to come: of use by itself, and for the other ranks
/// to read.
/// @return  GaussianFit::inflation
at::Tensor fit_gaussian(const Record& record, const Settings& settings, const std::filesystem::path& folder,
                        const Interruption& interruption);

/// Fits what the fields of a conditional-residual are normalised by, and leaves it beside the Gaussian prior.
/// @param gaussian  the folder that fit_gaussian wrote to
/// @return          ResidualFit::inflation
at::Tensor fit_residuals(const Record& record, const Settings& settings,
                         const std::filesystem::path& gaussian, const Interruption& interruption);

/// SHA-256 of what fit_residuals wrote; empty for other kinds of priors.
std::string residuals_digest(const Settings& settings, const std::filesystem::path& gaussian);

/// In the place of both, for a network that neither needs: fits what anomalies are normalised by.
/// @param gaussian  the folder to write to
void fit_anomalies(const Record& record, const Settings& settings, const std::filesystem::path& gaussian,
                   const Interruption& interruption);

/// A digest of what was fitted.
/// @param gaussian  the folder that it was written to
std::string fitted_digest(const Settings& settings, const std::filesystem::path& gaussian);

/// @param gaussian  the folder that the fit wrote to
/// @throws core::Error naming a variable that cannot be normalised as asked for
Material read_material(const Settings& settings, const std::filesystem::path& gaussian, const Span& span);

/// Windows to draw from the Gaussian prior; null if none are asked for.
/// @param gaussian  the folder that fit_gaussian wrote to
std::shared_ptr<const DrawnWindows> make_drawn_windows(const Settings& settings, const Material& material,
                                                       const std::filesystem::path& gaussian);

/// Makes the cache where there is none of this data.
/// @return  its digest
std::string make_cache(const std::filesystem::path& path, const Record& record, const Material& material,
                       const FieldCache::Known& known, const Interruption& interruption);

/// The prior that train.start_from names.
/// @param variables  of this training
/// @throws core::Error naming that prior, if its kind, network, variables or schedule are not those of this
///         training
model::NetworkBundle load_start(const Settings& settings, const std::vector<io::Variable>& variables);

/// The scale of the fields that a network on the schedule edm sees: as asked for; as that of the weights that
/// it starts from; or the fields' root mean square. 1 for networks that take no scale.
/// @param start  null: random weights
/// @throws core::Error naming the file if the fields cannot be read
double choose_sigma_data(const Settings& settings, const Material& material, const FieldCache& fields,
                         const model::NetworkBundle* start);

/// The scale of the coarse fields that a conditional-residual is given: as that of the weights that it starts
/// from; or the root mean square of each variable's fields.
/// @param start  null: random weights
/// @throws core::Error naming the file if the fields cannot be read
std::vector<double> choose_coarse_scale(const Material& material, const FieldCache& fields,
                                        const model::NetworkBundle* start);

/// Puts the weights of another training into a state before its first step.
void start_from(const model::NetworkBundle& start, TrainingState& state);

/// What the network, as it is before the first step, is to learn.
std::unique_ptr<Objective> make_objective(const Settings& settings, const Material& material,
                                          const at::TensorOptions& tensors);

/// Writes the best network as a prior.
/// @param loss_without_network  on the hours held out
void save_prior(const Settings& settings, const Material& material, const TrainingState& state,
                double loss_without_network, const std::string& option_values);

}  // namespace foehn::training
