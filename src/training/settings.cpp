#include "foehn/training/settings.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "foehn/calendar/date_time.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/model/conditional_residual.hpp"
#include "foehn/training/names.hpp"
#include "foehn/training/static_fields.hpp"

namespace foehn::training {

namespace {

/// A value of a list that has one for all stages, or one for each.
template <class Value>
const Value& of_stage(const std::vector<Value>& values, std::size_t stage) {
  return values.size() == 1 ? values.front() : values[stage];
}

NoiseKind noise_of_stage(const Settings& settings, std::size_t stage) {
  if (!settings.noise.empty()) return of_stage(settings.noise, stage);
  return settings.schedule == ScheduleKind::edm ? NoiseKind::log_normal : NoiseKind::uniform;
}

void check_stages(const Settings& settings) {
  const std::size_t stages = settings.windows.size();
  const auto check_count = [&](const char* option, std::size_t count) {
    if (count != 1 && count != stages)
      throw core::UsageError(fmt::format("{}: expected 1 value or as many as train.windows, {}, found {}",
                                         option, stages, count));
  };
  check_count("train.learning_rate", settings.learning_rate.size());
  if (!settings.noise.empty()) check_count("train.noise", settings.noise.size());
  if (settings.patience > 0 && stages > 1)
    throw core::UsageError(fmt::format(
        "train.patience: expected 0 where train.windows has several stages, found {}", settings.patience));
  for (const NoiseKind noise : settings.noise)
    if ((noise == NoiseKind::uniform) != (settings.schedule == ScheduleKind::vp_cosine))
      throw core::UsageError(
          fmt::format("train.noise: expected {} with prior.schedule {}, found {}",
                      settings.schedule == ScheduleKind::edm ? "log-normal or high" : "uniform",
                      core::name_of(settings.schedule), core::name_of(noise)));
}

void check_schedule(const Settings& settings) {
  if (settings.schedule == ScheduleKind::edm && settings.sigma_max <= settings.sigma_min)
    throw core::UsageError(
        fmt::format("prior.sigma_max: expected more than prior.sigma_min, {:g}, found {:g}",
                    settings.sigma_min, settings.sigma_max));
  if ((settings.is_conditional() || settings.has_graph()) && settings.schedule != ScheduleKind::edm)
    throw core::UsageError(fmt::format("prior.schedule: expected edm with prior.kind {}, found {}",
                                       core::name_of(settings.kind), core::name_of(settings.schedule)));
  if (settings.sigma_data && !settings.has_sigma_data())
    throw core::UsageError(
        "prior.sigma_data: expected prior.kind score-unet or graph-transformer and prior.schedule edm");
}

/// Refuses numbers of a network other than the one that is asked for.
void check_network(const Settings& settings) {
  const Settings defaults;
  const auto refuse = [&](const char* option, bool is_given, const char* of_kind) {
    if (is_given)
      throw core::UsageError(
          fmt::format("{}: expected {}, found prior.kind {}", option, of_kind, core::name_of(settings.kind)));
  };
  if (settings.network == NetworkChoice::graph_transformer)
    refuse("network.kind", settings.kind == NetworkKind::score_unet || settings.corrects_gaussian(),
           "prior.kind conditional-residual or graph-transformer with a graph-transformer");
  if (settings.network == NetworkChoice::unet)
    refuse("network.kind", settings.kind == NetworkKind::graph_transformer,
           "a kind of prior whose network may be a U-Net");
  if (settings.has_graph()) {
    constexpr const char* kUnets = "a kind of prior whose network is a U-Net";
    refuse("network.hidden", settings.hidden != defaults.hidden, kUnets);
    refuse("network.blocks", settings.blocks != defaults.blocks, kUnets);
    refuse("network.attention", settings.attention != defaults.attention, kUnets);
    refuse("network.embedding", settings.embedding != defaults.embedding, kUnets);
    refuse("network.form", settings.form != defaults.form, kUnets);
    refuse("network.tile", !settings.tile.empty(), kUnets);
    refuse("network.tile_overlap", settings.tile_overlap.has_value(), kUnets);
    refuse("network.positions", settings.positions,
           "a network that does not know the places of cells, as graph transformers do");
    refuse("train.dropout", settings.dropout > 0, kUnets);
    refuse("train.drawn", settings.drawn > 0, "a kind of prior for which a Gaussian prior is fitted");
    return;
  }
  constexpr const char* kGraphs =
      "prior.kind graph-transformer, or network.kind graph-transformer with "
      "prior.kind conditional-residual";
  refuse("network.mesh_level", settings.mesh_level != defaults.mesh_level, kGraphs);
  refuse("network.width", settings.width != defaults.width, kGraphs);
  refuse("network.heads", settings.heads != defaults.heads, kGraphs);
  refuse("network.layers", settings.layers != defaults.layers, kGraphs);
}

/// The weight of each cell in the loss, [y, x].
at::Tensor area_weights(const grid::Grid& grid) {
  const std::vector<std::int64_t> shape{grid.ny(), grid.nx()};
  if (grid.unstructured) return at::tensor(grid.unstructured->areas, at::kDouble).reshape(shape);
  const at::Tensor latitude = at::tensor(grid::geographic_coordinates(grid).latitude, at::kDouble);
  return (latitude * (std::numbers::pi / 180)).cos().reshape(shape);
}

/// @throws core::UsageError if there are not two sides, or none and an overlap
model::TileForm tile_of(const Settings& settings) {
  if (settings.tile.empty()) {
    if (settings.tile_overlap)
      throw core::UsageError("network.tile_overlap: applies only with network.tile, which was not given");
    return {};
  }
  if (settings.tile.size() != 2)
    throw core::UsageError(fmt::format(
        "network.tile: expected rows and columns, such as 64 64, found {} numbers", settings.tile.size()));
  constexpr std::int64_t kPart = 4;
  const std::int64_t ny = settings.tile[0], nx = settings.tile[1];
  return {ny, nx, settings.tile_overlap.value_or(std::min(ny, nx) / kPart)};
}

/// The U-Net asked for, not yet checked.
model::ScoreUnetArchitecture unet_of(const Settings& settings, std::int64_t variables) {
  model::ScoreUnetArchitecture architecture;
  architecture.window = 2 * settings.markov_order + 1;
  architecture.variables = variables;
  architecture.hidden = settings.hidden;
  architecture.blocks = settings.blocks;
  architecture.attention = settings.attention;
  architecture.embedding = settings.embedding;
  architecture.dates = settings.dates;
  architecture.form = settings.form;
  architecture.tile = tile_of(settings);
  architecture.static_fields = static_names(settings);
  architecture.inputs = settings.kind == NetworkKind::score_unet ? 1 : 2;
  if (settings.is_conditional())
    architecture.extra_inputs = model::ConditionalResidual::extra_inputs(architecture.window);
  return architecture;
}

/// Likewise.
model::GraphTransformerArchitecture graph_of(const Settings& settings, std::int64_t variables) {
  const std::int64_t window = 2 * settings.markov_order + 1;
  return {.window = window,
          .variables = variables,
          .mesh_level = settings.mesh_level,
          .width = settings.width,
          .heads = settings.heads,
          .layers = settings.layers,
          .inputs = settings.is_conditional() ? 2 : 1,
          .extra_inputs = settings.is_conditional() ? model::ConditionalResidual::extra_inputs(window) : 0,
          .dates = settings.dates,
          .static_fields = static_names(settings)};
}

/// Refuses what only a conditional-residual has.
void check_coarse(const Settings& settings) {
  const Settings defaults;
  if (settings.is_conditional()) {
    if (!settings.coarse_grid.empty() && !settings.coarse_blocks.empty())
      throw core::UsageError("train.block, train.coarse_grid: expected one of them, found both");
    coarse_form(settings);
    return;
  }
  for (const auto& [is_given, name] :
       {std::pair(!settings.coarse_blocks.empty(), "train.block"),
        std::pair(!settings.coarse_grid.empty(), "train.coarse_grid"),
        std::pair(settings.coarse_every != defaults.coarse_every, "train.every")})
    if (is_given)
      throw core::UsageError(fmt::format(
          "{}: expected prior.kind conditional-residual, whose priors are given coarse fields", name));
}

/// Points of each row of the grid that train.coarse_grid names.
std::vector<std::int64_t> row_sizes_of(const std::string& name) {
  try {
    const grid::CellRows rows = grid::find_rows(*grid::named_grid(name).unstructured).value();
    std::vector<std::int64_t> sizes;
    for (std::int64_t row = 0; row < rows.rows(); ++row) sizes.push_back(rows.size(row));
    return sizes;
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format("train.coarse_grid: {}", error.what()));
  }
}

/// Weights of squared errors, of mean 1; undefined if all are alike.
/// @return  [variable, y, x], float32
at::Tensor loss_weights(const Settings& settings, const model::Domain& domain) {
  if (!settings.weighs_area && settings.variable_weights.empty()) return {};
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  at::Tensor weights = at::ones({variables, domain.grid.ny(), domain.grid.nx()}, at::kDouble);
  if (!settings.variable_weights.empty())
    weights.mul_(at::tensor(settings.variable_weights, at::kDouble).reshape({variables, 1, 1}));
  if (settings.weighs_area) weights.mul_(area_weights(domain.grid));
  return weights.div_(weights.mean()).to(at::kFloat);
}

}  // namespace

void check_variables(const Settings& settings, std::size_t variables) {
  if (const auto found = settings.variable_weights.size(); found != 0 && found != variables)
    throw core::UsageError(fmt::format(
        "train.variable_weights: expected one value per variable, {}, found {}", variables, found));
}

void check(const Settings& settings) {
  check_schedule(settings);
  check_stages(settings);
  check_network(settings);
  const bool is_augmented =
      settings.mixing > 0 || settings.amplitude > 0 || settings.daily_cycle > 0 || settings.drawn > 0;
  if (is_augmented && settings.kind == NetworkKind::score_unet)
    throw core::UsageError(
        "train.mixing, train.amplitude, train.daily_cycle, train.drawn: expected prior.kind "
        "gaussian-preconditioned, conditional-residual or graph-transformer, whose fields are anomalies");
  if (settings.static_files.empty() != settings.static_fields.empty())
    throw core::UsageError(fmt::format(
        "network.static, network.static_files: expected both or neither, found {} names and {} files",
        settings.static_fields.size(), settings.static_files.size()));
  check_coarse(settings);
  if (!settings.transforms.empty() && settings.has_graph())
    throw core::UsageError(
        "data.transforms: expected a prior with network.kind u-net, found graph-transformer, which does not "
        "learn transformed variables");
  if (!settings.transforms.empty() && !settings.coarse_grid.empty())
    throw core::UsageError(
        "data.transforms, train.coarse_grid: expected one of them, found both; priors of transformed "
        "variables "
        "are given means over blocks (train.block)");
  if (!settings.gaussian_order) return;
  if (!settings.corrects_gaussian())
    throw core::UsageError(
        "prior.gaussian_order: expected prior.kind gaussian-preconditioned, whose priors have a Gaussian "
        "part");
  if (*settings.gaussian_order < settings.markov_order)
    throw core::UsageError(
        fmt::format("prior.gaussian_order: expected at least prior.markov_order, {}, found {}",
                    settings.markov_order, *settings.gaussian_order));
}

model::CoarseForm coarse_form(const Settings& settings) {
  const auto rising = [](std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  };
  if (settings.coarse_grid.empty())
    return {rising(settings.coarse_blocks.empty() ? std::vector<std::int64_t>{kCoarseBlock}
                                                  : settings.coarse_blocks),
            rising(settings.coarse_every),
            {}};
  return {{1}, rising(settings.coarse_every), {}, row_sizes_of(settings.coarse_grid)};
}

std::int64_t hours_seen(const Settings& settings) {
  const std::int64_t reach = settings.is_conditional() ? coarse_form(settings).longest_gap() - 1 : 0;
  return 2 * (settings.markov_order + reach) + 1;
}

std::int64_t gaussian_order(const Settings& settings) {
  // Windows that are drawn from it are as long as those that are read.
  if (settings.is_conditional() && settings.drawn > 0) return hours_seen(settings) / 2;
  return settings.gaussian_order.value_or(settings.markov_order);
}

diffusion::Schedule schedule_of(const Settings& settings, double sigma_data) {
  if (settings.schedule == ScheduleKind::vp_cosine) return diffusion::VpCosine{};
  return diffusion::Edm{
      .sigma_min = settings.sigma_min, .sigma_max = settings.sigma_max, .sigma_data = sigma_data};
}

TrainingOptions training_options(const Settings& settings, std::int64_t held_out_hours,
                                 const model::Domain& domain, const diffusion::Schedule& schedule) {
  TrainingOptions training;
  training.stages.clear();
  for (std::size_t i = 0; i < settings.windows.size(); ++i)
    training.stages.push_back({(settings.windows[i] + settings.batch - 1) / settings.batch,
                               of_stage(settings.learning_rate, i),
                               {noise_of_stage(settings, i), settings.noise_mean, settings.noise_std}});
  training.batch = settings.batch;
  training.micro_batch = settings.micro_batch;
  training.decay = settings.decay;
  training.warm_up = settings.warm_up;
  training.most_gradient = settings.most_gradient;
  training.weight_decay = settings.weight_decay;
  training.average_decay = settings.average_decay;
  training.dropout = settings.dropout;
  training.augmentation = {settings.mixing, settings.amplitude, settings.daily_cycle,
                           std::max<std::int64_t>(1, calendar::kSecondsPerDay / domain.step_seconds),
                           settings.drawn};
  training.precision = settings.precision;
  training.seed = settings.seed;
  training.markov_order = settings.markov_order;
  training.held_out_hours = held_out_hours;
  training.schedule = schedule;
  training.evaluate_every = settings.evaluate_every;
  training.held_out_windows = settings.held_out_windows;
  training.patience = settings.patience;
  training.loss_weights = loss_weights(settings, domain);
  if (!settings.has_graph()) training.tile = tile_of(settings);
  training.goes_round = model::goes_round(domain.grid);
  return training;
}

model::NetworkArchitecture architecture_of(const Settings& settings, std::int64_t variables) {
  model::NetworkArchitecture architecture;
  if (settings.has_graph())
    architecture = graph_of(settings, variables);
  else
    architecture = unet_of(settings, variables);
  try {
    model::check_architecture(architecture);
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format(
        "{}: {}",
        settings.has_graph() ? "network.mesh_level, network.width, network.heads, network.layers"
                             : "network.hidden, network.blocks, network.attention, network.embedding",
        error.what()));
  }
  return architecture;
}

}  // namespace foehn::training
