#include "train_options.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

void add_data_options(config::OptionTable& table, TrainOptions& options) {
  table.add("data.files", &options.files,
            {.doc = "Train on these reanalysis files or globs, joined in time.",
             .are_files = true,
             .required = true});
  add_variables_option(table, options.variables);
  add_crop_option(table, options.crop);
  add_gap_option(table, options.longest_gap);
  add_cell_methods_option(table, options.cell_methods);
  add_transforms_option(table, options.transforms);
  table.add("data.start", &options.start, {.doc = "Begin at this instant; default: the files' first."});
  table.add("data.end", &options.end,
            {.doc = "End at this instant or day, included; default: the files' last."});
  table.add("data.held_out_fraction", &options.held_out_fraction,
            {.doc = "Hold out this fraction of the period, at its end, for scoring only.",
             .unit = "1",
             .minimum = 0,
             .maximum = 0.5,
             .minimum_excluded = true});
  table.add("data.cache", &options.cache,
            {.doc = "Keep the normalised fields in this file, made once and reused; default: prior.path with "
                    ".cache.nc appended.",
             .changes_result = false});
}

void add_network_options(config::OptionTable& table, TrainOptions& options) {
  const auto list = [&](const std::string& name, std::vector<std::int64_t>& values, const std::string& doc,
                        double least) {
    table.add(name, &values, {.doc = doc, .unit = "1", .minimum = least, .maximum = 65536});
  };
  table.add(
      "network.kind", &options.network,
      {.doc = "Train a u-net or a graph-transformer as the network of a conditional-residual; auto: a u-net, "
              "but for prior.kind graph-transformer. A graph-transformer goes on grids of the globe alone, "
              "without rows too."});
  list("network.hidden", options.hidden, "Use these numbers of channels per level, the finest first.", 2);
  list("network.blocks", options.blocks, "Use these numbers of residual blocks per level, each way.", 0);
  list("network.attention", options.attention, "Use self-attention at these levels, counted from 0.", 0);
  table.add(
      "network.form", &options.form,
      {.doc = "Put the network together as climate2weather (Schmidt et al. 2025) or as adm (Dhariwal and "
              "Nichol 2021): group norms, scale and shift by the noise level, several heads of "
              "attention, which the middle always has, and one more block per level on the way up."});
  list(
      "network.tile", options.tile,
      "Train a U-Net on parts of the domain of this many rows and columns, drawn anew for each window, round "
      "the globe where the columns go round, with their static fields. Sampling then covers the domain "
      "with such tiles, and blends their estimates; default: the whole domain at once.",
      1);
  table.add("network.tile_overlap", &options.tile_overlap,
            {.doc = "Let neighbouring tiles have at least this many cells in common; default: a quarter of "
                    "the shorter side.",
             .unit = "1",
             .minimum = 0,
             .maximum = 65536});
  table.add("network.embedding", &options.embedding,
            {.doc = "Make the time embedding this wide.", .unit = "1", .minimum = 1, .maximum = 65536});
  const auto of_graph = [&](const std::string& name, std::int64_t& value, const std::string& doc,
                            double least, double most) {
    table.add(name, &value, {.doc = doc, .unit = "1", .minimum = least, .maximum = most});
  };
  of_graph("network.mesh_level", options.mesh_level,
           "Refine the icosahedron of a graph-transformer's hidden mesh this often: 10 * 4^N + 2 nodes, no "
           "more than "
           "the grid has cells nearby.",
           0, 10);
  of_graph("network.width", options.width, "Give each node of a graph-transformer this many channels.", 2,
           65536);
  of_graph("network.heads", options.heads,
           "Share out a graph-transformer's width over this many heads of attention.", 1, 4096);
  of_graph("network.layers", options.layers, "Use this many blocks on a graph-transformer's hidden mesh.", 0,
           1000);
  table.add(
      "network.dates", &options.dates,
      {.doc = "Let the network know the time of the year and of the day, of its window's middle hour; for "
              "records of several years."});
}

void add_static_options(config::OptionTable& table, TrainOptions& options) {
  table.add("network.static", &options.static_fields,
            {.doc = "Let the network know these fields that do not change in time, such as orography and "
                    "land-sea mask: variables of network.static_files, by name or standard name."});
  table.add(
      "network.static_files", &options.static_files,
      {.doc = "Read these fields from these files, whose grid must have every cell of the reanalysis and "
              "may reach further.",
       .are_files = true});
  table.add("network.positions", &options.positions,
            {.doc = "Let the network know the sine and the cosine of each cell's latitude and longitude."});
}

/// Values of an enumeration, by their words.
template <class Enum>
config::Form list_form(std::vector<Enum>& values) {
  const auto parse_one = [](const std::string& word) {
    std::string expected;
    for (const core::Named<Enum>& named : core::names_of<Enum>()) {
      if (word == named.name) return named.value;
      expected += (expected.empty() ? "" : ", ") + std::string(named.name);
    }
    throw core::UsageError(fmt::format("expected one of {}, found '{}'", expected, word));
  };
  return {.is_list = true,
          .parse =
              [&values, parse_one](const std::vector<std::string>& words) {
                values.clear();
                for (const std::string& word : words) values.push_back(parse_one(word));
              },
          .words =
              [&values] {
                std::vector<std::string> words;
                for (const Enum value : values) words.push_back(core::name_of(value));
                return words;
              }};
}

void add_schedule_options(config::OptionTable& table, TrainOptions& options) {
  table.add(
      "prior.schedule", &options.schedule,
      {.doc = "Train on this schedule of noise: vp-cosine, Climate2Weather's, or edm (Karras et al. 2022), "
              "for heun with churn and for noise of any size."});
  table.add("prior.sigma_min", &options.sigma_min,
            {.doc = "With edm, let the last step of sampling begin at noise of this standard deviation, in "
                    "units of the fields that the network sees.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1,
             .minimum_excluded = true});
  table.add("prior.sigma_max", &options.sigma_max,
            {.doc = "With edm, let sampling begin at noise of this standard deviation; 100000 for a prior of "
                    "extremes.",
             .unit = "1",
             .minimum = 1,
             .maximum = 1e6});
  table.add("prior.sigma_data", &options.sigma_data,
            {.doc = "With edm, scale what a score-unet or graph-transformer sees and answers for fields of "
                    "this root mean square; "
                    "default: that of the fields trained on.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1e6,
             .minimum_excluded = true});
}

void add_noise_options(config::OptionTable& table, TrainOptions& options) {
  table.add(
      "train.noise", list_form(options.noise),
      {.doc = "Hide the fields by noise of this distribution, one for all stages or one per stage: uniform "
              "in t, for vp-cosine; log-normal, or high (up to prior.sigma_max, for extremes), for edm; "
              "default: uniform or log-normal."});
  table.add("train.noise_mean", &options.noise_mean,
            {.doc = "Let the logarithm of log-normal noise have this mean.",
             .unit = "1",
             .minimum = -20,
             .maximum = 20});
  table.add("train.noise_std", &options.noise_std,
            {.doc = "Let the logarithm of log-normal noise have this standard deviation.",
             .unit = "1",
             .minimum = 0,
             .maximum = 10,
             .minimum_excluded = true});
}

void add_loss_options(config::OptionTable& table, TrainOptions& options) {
  table.add(
      "train.area_weights", &options.weighs_area,
      {.doc = "Weight squared errors in the loss by the cosine of latitude, or on a grid without rows by "
              "the areas of cells."});
  table.add(
      "train.variable_weights", &options.variable_weights,
      {.doc = "Weight squared errors in the loss by these numbers, one per variable; default: all alike.",
       .unit = "1",
       .minimum = 0,
       .minimum_excluded = true});
}

void add_rate_options(config::OptionTable& table, TrainOptions& options) {
  table.add(
      "train.learning_rate", &options.learning_rate,
      {.doc = "Use AdamW with this learning rate at most, one for all stages or one per stage; it falls to "
              "0 as train.decay says.",
       .unit = "1",
       .minimum = 0,
       .minimum_excluded = true,
       .fewest = 1});
  table.add("train.decay", &options.decay,
            {.doc = "Let the learning rate fall over a stage like this: linear or cosine."});
  table.add("train.warm_up", &options.warm_up,
            {.doc = "Let the learning rate rise over the first N steps of a stage; 0 disables.",
             .unit = "1",
             .minimum = 0});
  table.add(
      "train.most_gradient", &options.most_gradient,
      {.doc = "Cut the gradient to this norm where it is larger; 0 disables.", .unit = "1", .minimum = 0});
}

void add_coarse_options(config::OptionTable& table, TrainOptions& options) {
  table.add("train.block", &options.coarse_blocks,
            {.doc = "Give a conditional-residual means over blocks of this many cells per side; of several "
                    "numbers one is drawn for each window, so that one prior serves them all; default: 8.",
             .unit = "1",
             .minimum = 1,
             .maximum = 4096});
  table.add(
      "train.coarse_grid", &options.coarse_grid,
      {.doc = "Give a conditional-residual means over the cells of this octahedral reduced Gaussian grid, "
              "such as O96, in place of blocks; for a record on a finer grid of the globe."});
  table.add("train.every", &options.coarse_every,
            {.doc = "Give a conditional-residual such means every N steps; of several numbers one is drawn "
                    "for each window.",
             .unit = "1",
             .minimum = 1,
             .maximum = 1000,
             .fewest = 1});
}

void add_train_options(config::OptionTable& table, TrainOptions& options) {
  table.add(
      "train.start_from", &options.start_from,
      {.doc = "Start from the weights of this prior, of the same kind, network, variables and schedule; "
              "default: random weights.",
       .is_path = true,
       .changes_result = false});  // its digest does: it is part of a training's identity
  table.add(
      "train.windows", &options.windows,
      {.doc = "Train until this many windows have been seen. Several numbers make several stages, each of "
              "which begins with the best weights of the one before and with a fresh optimiser.",
       .unit = "1",
       .minimum = 1,
       .maximum = 1e12,
       .fewest = 1});
  add_coarse_options(table, options);
  add_noise_options(table, options);
  add_loss_options(table, options);
  table.add(
      "train.batch", &options.batch,
      {.doc = "Use this many windows per step, over all ranks.", .unit = "1", .minimum = 1, .maximum = 1e6});
  table.add("train.micro_batch", &options.micro_batch,
            {.doc = "Use this many windows per pass of each rank; the gradients of several passes are added.",
             .unit = "1",
             .minimum = 1,
             .maximum = 65536});
  add_rate_options(table, options);
  table.add("train.weight_decay", &options.weight_decay,
            {.doc = "Use this weight decay in AdamW.", .unit = "1", .minimum = 0, .maximum = 100});
  table.add("train.average_decay", &options.average_decay,
            {.doc = "Decay the moving average of the parameters, which becomes the prior, by this factor per "
                    "step; by less in the first steps.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add(
      "train.mixing", &options.mixing,
      {.doc =
           "Mix this fraction of the windows from two at the same hour of the day, cos(a) x + sin(a) y with "
           "a random angle, against over-fitting; not for score-unet, whose fields are no anomalies.",
       .unit = "1",
       .minimum = 0,
       .maximum = 1});
  table.add("train.amplitude", &options.amplitude,
            {.doc = "Multiply each window by a random factor whose logarithm has this standard deviation, "
                    "against over-confidence where the record is short; not for score-unet.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add("train.daily_cycle", &options.daily_cycle,
            {.doc = "Add a random multiple of the climatology's daily cycle, of this standard deviation, to "
                    "each window, so that the network learns clearer and cloudier days than the record has; "
                    "not for score-unet.",
             .unit = "1",
             .minimum = 0,
             .maximum = 2});
  table.add("train.drawn", &options.drawn,
            {.doc = "Draw this fraction of the windows from the Gaussian prior fitted on the way, so that "
                    "a short record does not teach more certainty than it has; not for score-unet.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add(
      "train.dropout", &options.dropout,
      {.doc = "Set this fraction of the numbers within the network's residual blocks to 0 in each step, "
              "against over-fitting.",
       .unit = "1",
       .minimum = 0,
       .maximum = 0.9});
  table.add("train.evaluate_every", &options.evaluate_every,
            {.doc = "Score the hours held out every N steps.", .unit = "1", .minimum = 1});
  table.add("train.held_out_windows", &options.held_out_windows,
            {.doc = "Score this many windows in each of 8 bands of noise, the same in all stages.",
             .unit = "1",
             .minimum = 1});
  table.add("train.patience", &options.patience,
            {.doc = "Stop after this many scores in a row without improvement; 0 disables.",
             .unit = "1",
             .minimum = 0});
  table.add("train.seed", &options.seed, {.doc = "Seed all random numbers.", .unit = "1", .minimum = 0});
}

}  // namespace

void declare_train_options(config::OptionTable& table, TrainOptions& options) {
  add_data_options(table, options);
  table.add("prior.path", &options.prior,
            {.doc = "Write the prior to this folder, with training.csv beside its weights; the Gaussian "
                    "prior fitted on the way goes to the folder with .gaussian appended to this name.",
             .required = true,
             .changes_result = false});
  table.add(
      "prior.kind", &options.kind,
      {.doc = "Train a network of this kind: gaussian-preconditioned corrects the Gaussian prior of "
              "`foehn fit`, on anomalies (better on little data); score-unet is Climate2Weather's, on "
              "normalised fields; conditional-residual learns what coarse fields leave open, on the "
              "schedule edm, and samples only where it is given coarse fields; graph-transformer is for "
              "grids of the globe, reduced Gaussian ones too, on anomalies and on the schedule edm."});
  table.add("prior.markov_order", &options.markov_order,
            {.doc = "Let windows span 2k+1 steps, where k, the Markov order, is this number.",
             .unit = "1",
             .minimum = 0,
             .maximum = 100});
  table.add("prior.gaussian_order", &options.gaussian_order,
            {.doc = "Give the Gaussian prior that the network corrects this Markov order, at least the "
                    "network's: guidance by its covariance costs little, and reaches further with longer "
                    "windows; default: prior.markov_order.",
             .unit = "1",
             .minimum = 0,
             .maximum = 100});
  add_deviation_option(table, options.deviation);
  table.add("prior.normalisation", &options.normalisation,
            {.doc = "Normalise the fields of a score-unet by these quantiles of each variable.",
             .choices = {"minmax", "robust", "robust95", "quant95", "quant99"}});
  add_schedule_options(table, options);
  table.add(
      "prior.attribution", &options.attribution,
      {.doc = "Keep this text, the attribution that the data's licence asks for, in the weights' metadata.",
       .changes_result = false});
  table.add("prior.float16", &options.as_float16,
            {.doc = "Write the network in half precision.", .changes_result = false});
  add_network_options(table, options);
  add_static_options(table, options);
  add_train_options(table, options);
  table.add(
      "checkpoint.directory", &options.checkpoint,
      {.doc = "Write checkpoints to this folder; default: prior.path. The same command continues from them.",
       .changes_result = false});
  table.add("checkpoint.every_steps", &options.checkpoint_every,
            {.doc = "Write a checkpoint every N steps, and keep the last two. On SIGTERM, SIGINT and SIGUSR1 "
                    "a checkpoint is written at the end of the step, and the program stops with exit code "
                    "75. Before the first step, while it fits or normalises, it stops without one, and the "
                    "same command repeats that part.",
             .unit = "1",
             .minimum = 1,
             .changes_result = false});
  table.add("checkpoint.restart", &options.restart,
            {.doc = "Start over: ignore the checkpoints that exist, and remove them once there is a new one.",
             .changes_result = false});
  add_hardware_options(table, options.hardware);
  table.add("run.precision", &options.precision,
            {.doc = "Compute the network's convolutions and products in training steps in this arithmetic: "
                    "fp32, tf32 (GPUs only) or bf16; parameters, their averages, sums and held-out losses "
                    "are fp32 in all of them."});
  table.add("run.space_ranks", &options.space_ranks,
            {.doc = "Let groups of this many ranks compute each window of a graph-transformer together, each "
                    "some of its cells: for windows that are too large for one GPU or machine. The prior is "
                    "the same, bit for bit, as of one rank in place of each group.",
             .unit = "1",
             .minimum = 1,
             .maximum = 65536,
             .changes_result = false});
  add_threads_option(table, options.threads);
  add_timeout_option(table, options.timeout_minutes);
}

void TrainOptions::check_space_ranks() const {
  if (space_ranks > 1 && !has_graph())
    throw core::UsageError(
        "run.space_ranks: expected 1 with a u-net, as only a graph-transformer shares out cells over ranks");
}

training::Settings TrainOptions::settings() const {
  auto settings = static_cast<const training::Settings&>(*this);
  settings.may_deviate = deviation == Deviating::automatic;
  return settings;
}

}  // namespace foehn::app
