#include "train_options.hpp"

#include <fmt/format.h>

#include <cmath>

#include "fine_fields.hpp"
#include "foehn/core/error.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

std::vector<std::int64_t> whole(const std::string& name, const std::vector<double>& values) {
  std::vector<std::int64_t> result;
  for (const double value : values) {
    if (value != std::floor(value))
      throw core::UsageError(fmt::format("{}: expected whole numbers, found {}", name, value));
    result.push_back(static_cast<std::int64_t>(value));
  }
  return result;
}

void add_data_options(config::OptionTable& table, TrainOptions& options) {
  table.add("data.files", &options.files,
            {.doc = "Reanalysis files or patterns, joined in time.", .are_files = true, .required = true});
  add_variables_option(table, options.variables);
  add_crop_option(table, options.crop);
  add_gap_option(table, options.longest_gap);
  add_cell_methods_option(table, options.cell_methods);
  table.add("data.start", &options.start, {.doc = "First instant to use; default: the first there is."});
  table.add("data.end", &options.end, {.doc = "Last instant or day to use; default: the last there is."});
  table.add("data.held_out_fraction", &options.held_out_fraction,
            {.doc = "Part of the period, at its end, that is only scored on.",
             .unit = "1",
             .minimum = 0,
             .maximum = 0.5,
             .minimum_excluded = true});
  table.add(
      "data.cache", &options.cache,
      {.doc = "File for the normalised fields, made once and used again; default: prior.path with .cache.nc.",
       .changes_result = false});
}

void add_network_options(config::OptionTable& table, TrainOptions& options) {
  const auto list = [&](const std::string& name, std::vector<double>& values, const std::string& doc,
                        double least) {
    table.add(name, &values, {.doc = doc, .unit = "1", .minimum = least, .maximum = 65536});
  };
  list("network.hidden", options.hidden, "Channels of each level, the finest first.", 2);
  list("network.blocks", options.blocks, "Residual blocks of each level, each way.", 0);
  list("network.attention", options.attention, "Levels with self-attention, counted from 0.", 0);
  table.add("network.embedding", &options.embedding,
            {.doc = "Width of the time embedding.", .unit = "1", .minimum = 1, .maximum = 65536});
}

void add_train_options(config::OptionTable& table, TrainOptions& options) {
  auto& training = options.training;
  table.add("train.windows", &options.windows,
            {.doc = "Length of the training in windows seen.", .unit = "1", .minimum = 1, .maximum = 1e12});
  table.add("train.batch", &training.batch,
            {.doc = "Windows a step, over all ranks.", .unit = "1", .minimum = 1, .maximum = 1e6});
  table.add("train.micro_batch", &training.micro_batch,
            {.doc = "Windows in one pass of a rank; the gradients of several passes add up.",
             .unit = "1",
             .minimum = 1,
             .maximum = 65536});
  table.add("train.learning_rate", &training.learning_rate,
            {.doc = "Of AdamW at first; it falls linearly to 0.",
             .unit = "1",
             .minimum = 0,
             .minimum_excluded = true});
  table.add("train.weight_decay", &training.weight_decay,
            {.doc = "Of AdamW.", .unit = "1", .minimum = 0, .maximum = 100});
  table.add("train.average_decay", &training.average_decay,
            {.doc = "Of the parameters' moving average, which becomes the prior; less in the first steps.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add("train.mixing", &training.augmentation.mixing,
            {.doc = "Part of the windows that are mixed of two at the same hour of the day, cos(a) x + "
                    "sin(a) y with a random "
                    "angle, against over-fitting; for gaussian-preconditioned, whose fields are anomalies.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add("train.amplitude", &training.augmentation.amplitude,
            {.doc = "Standard deviation of the logarithm of a random factor on each window, against "
                    "over-confidence where the record is short; for gaussian-preconditioned.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add(
      "train.daily_cycle", &training.augmentation.daily_cycle,
      {.doc = "Standard deviation of a random multiple of the climatology's daily cycle that is added to "
              "each window, so that clearer and cloudier days than the record's are known; for "
              "gaussian-preconditioned.",
       .unit = "1",
       .minimum = 0,
       .maximum = 2});
  table.add("train.evaluate_every", &training.evaluate_every,
            {.doc = "Steps from one held-out score to the next.", .unit = "1", .minimum = 1});
  table.add("train.held_out_windows", &training.held_out_windows,
            {.doc = "Windows scored at each of 8 noise levels.", .unit = "1", .minimum = 1});
  table.add("train.patience", &training.patience,
            {.doc = "Scores in a row without a better one that end the training; 0: it runs to its end.",
             .unit = "1",
             .minimum = 0});
  table.add("train.seed", &training.seed, {.doc = "Seed of all that is random.", .unit = "1", .minimum = 0});
}

}  // namespace

config::OptionTable train_option_table(TrainOptions& options) {
  config::OptionTable table("train", "Trains a network as a prior on a reanalysis, on any number of ranks.",
                            "mpirun -n 2 foehn train --config configs/era5_uk_train.ini");
  add_data_options(table, options);
  table.add("prior.path", &options.prior,
            {.doc = "Folder of the prior to write, with training.csv beside its weights; the Gaussian prior "
                    "fitted on the way "
                    "is left in the folder with .gaussian behind this name.",
             .required = true,
             .changes_result = false});
  table.add(
      "prior.kind", &options.kind,
      {.doc =
           "gaussian-preconditioned: a network that corrects the Gaussian prior of `foehn fit`, on anomalies "
           "(better on little data); score-unet: Climate2Weather's, on normalised fields.",
       .choices = {"gaussian-preconditioned", "score-unet"}});
  table.add("prior.markov_order", &options.training.markov_order,
            {.doc = "Markov order k: a window spans 2k+1 steps.", .unit = "1", .minimum = 0, .maximum = 100});
  add_deviation_option(table, options.deviation);
  table.add("prior.normalisation", &options.normalisation,
            {.doc = "Of a score-unet's fields, by quantiles of each variable.",
             .choices = {"minmax", "robust", "robust95", "quant95", "quant99"}});
  table.add(
      "prior.attribution", &options.attribution,
      {.doc = "What the data's licence wants said; kept in the weights' metadata.", .changes_result = false});
  table.add("prior.float16", &options.as_float16,
            {.doc = "Write the network in half precision.", .changes_result = false});
  add_network_options(table, options);
  add_train_options(table, options);
  table.add("checkpoint.directory", &options.checkpoint,
            {.doc = "Folder for the checkpoints; default: prior.path. The same command goes on from them.",
             .changes_result = false});
  table.add(
      "checkpoint.every_steps", &options.checkpoint_every,
      {.doc = "Steps from one checkpoint to the next; the last two are kept. On SIGTERM, SIGINT and SIGUSR1 "
              "one is written at the end of the step, and the program stops with exit code 75. Before the "
              "first step, while it fits or normalises, it stops after the few fields it is at; the same "
              "command does that part again.",
       .unit = "1",
       .minimum = 1,
       .changes_result = false});
  table.add(
      "checkpoint.restart", &options.restart,
      {.doc = "Start over: checkpoints that are there count for nothing, and go when there is a new one.",
       .changes_result = false});
  add_device_option(table, options.device);
  table.add(
      "run.precision", &options.precision,
      {.doc = "Arithmetic of the network's convolutions and products in training steps; parameters, their "
              "averages, and held-out losses are fp32 in either.",
       .choices = {"fp32", "bf16"}});
  add_threads_option(table, options.threads);
  add_timeout_option(table, options.timeout_minutes);
  return table;
}

model::ScoreUnetArchitecture architecture_of(const TrainOptions& options, std::int64_t variables) {
  model::ScoreUnetArchitecture architecture;
  architecture.window = 2 * options.training.markov_order + 1;
  architecture.variables = variables;
  architecture.hidden = whole("network.hidden", options.hidden);
  architecture.blocks = whole("network.blocks", options.blocks);
  architecture.attention = whole("network.attention", options.attention);
  architecture.embedding = options.embedding;
  architecture.inputs = options.corrects_gaussian() ? 2 : 1;
  try {
    model::check_architecture(architecture);
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format(
        "network.hidden, network.blocks, network.attention, network.embedding: {}", error.what()));
  }
  return architecture;
}

}  // namespace foehn::app
