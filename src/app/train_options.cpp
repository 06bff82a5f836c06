#include "train_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/calendar/date_time.hpp"
#include "foehn/core/error.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

void add_data_options(config::OptionTable& table, TrainOptions& options) {
  table.add("data.files", &options.files,
            {.doc = "Reanalysis files or patterns, joined in time.", .required = true});
  add_variables_option(table, options.variables);
  add_crop_option(table, options.crop);
  add_gap_option(table, options.longest_gap);
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
  const auto list = [&](const std::string& name, std::vector<std::int64_t>& values, const std::string& doc,
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
  table.add("train.windows", &options.windows,
            {.doc = "Length of the training in windows seen.", .unit = "1", .minimum = 1, .maximum = 1e12});
  table.add("train.batch", &options.batch,
            {.doc = "Windows a step, over all ranks.", .unit = "1", .minimum = 1, .maximum = 1e6});
  table.add("train.micro_batch", &options.micro_batch,
            {.doc = "Windows in one pass of a rank; the gradients of several passes add up.",
             .unit = "1",
             .minimum = 1,
             .maximum = 65536});
  table.add("train.learning_rate", &options.learning_rate,
            {.doc = "Of AdamW at first; it falls linearly to 0.",
             .unit = "1",
             .minimum = 0,
             .minimum_excluded = true});
  table.add("train.weight_decay", &options.weight_decay,
            {.doc = "Of AdamW.", .unit = "1", .minimum = 0, .maximum = 100});
  table.add("train.average_decay", &options.average_decay,
            {.doc = "Of the parameters' moving average, which becomes the prior; less in the first steps.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add("train.mixing", &options.mixing,
            {.doc = "Part of the windows that are mixed of two at the same hour of the day, cos(a) x + "
                    "sin(a) y with a random "
                    "angle, against over-fitting; for gaussian-preconditioned, whose fields are anomalies.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add("train.amplitude", &options.amplitude,
            {.doc = "Standard deviation of the logarithm of a random factor on each window, against "
                    "over-confidence where the record is short; for gaussian-preconditioned.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add(
      "train.daily_cycle", &options.daily_cycle,
      {.doc = "Standard deviation of a random multiple of the climatology's daily cycle that is added to "
              "each window, so that clearer and cloudier days than the record's are known; for "
              "gaussian-preconditioned.",
       .unit = "1",
       .minimum = 0,
       .maximum = 2});
  table.add("train.evaluate_every", &options.evaluate_every,
            {.doc = "Steps from one held-out score to the next.", .unit = "1", .minimum = 1});
  table.add("train.held_out_windows", &options.held_out_windows,
            {.doc = "Windows scored at each of 8 noise levels.", .unit = "1", .minimum = 1});
  table.add("train.patience", &options.patience,
            {.doc = "Scores in a row without a better one that end the training; 0: it runs to its end.",
             .unit = "1",
             .minimum = 0});
  table.add("train.seed", &options.seed, {.doc = "Seed of all that is random.", .unit = "1", .minimum = 0});
}

}  // namespace

void declare_train_options(config::OptionTable& table, TrainOptions& options) {
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
           "(better on little data); score-unet: Climate2Weather's, on normalised fields."});
  table.add("prior.markov_order", &options.markov_order,
            {.doc = "Markov order k: a window spans 2k+1 steps.", .unit = "1", .minimum = 0, .maximum = 100});
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
              "averages, and held-out losses are fp32 in either."});
  add_threads_option(table, options.threads);
  add_timeout_option(table, options.timeout_minutes);
}

void check(const TrainOptions& options) {
  const bool is_augmented = options.mixing > 0 || options.amplitude > 0 || options.daily_cycle > 0;
  if (is_augmented && !options.corrects_gaussian())
    throw core::UsageError(
        "train.mixing, train.amplitude, train.daily_cycle: they need anomalies, that is prior.kind "
        "gaussian-preconditioned");
}

training::TrainingOptions training_options(const TrainOptions& options, std::int64_t held_out_hours,
                                           std::int64_t step_seconds) {
  training::TrainingOptions training;
  training.steps = (options.windows + options.batch - 1) / options.batch;
  training.batch = options.batch;
  training.micro_batch = options.micro_batch;
  training.learning_rate = options.learning_rate;
  training.weight_decay = options.weight_decay;
  training.average_decay = options.average_decay;
  training.augmentation = {options.mixing, options.amplitude, options.daily_cycle,
                           std::max<std::int64_t>(1, calendar::kSecondsPerDay / step_seconds)};
  training.in_bf16 = options.precision == Precision::bf16;
  training.seed = options.seed;
  training.markov_order = options.markov_order;
  training.held_out_hours = held_out_hours;
  training.evaluate_every = options.evaluate_every;
  training.held_out_windows = options.held_out_windows;
  training.patience = options.patience;
  return training;
}

model::ScoreUnetArchitecture architecture_of(const TrainOptions& options, std::int64_t variables) {
  model::ScoreUnetArchitecture architecture;
  architecture.window = 2 * options.markov_order + 1;
  architecture.variables = variables;
  architecture.hidden = options.hidden;
  architecture.blocks = options.blocks;
  architecture.attention = options.attention;
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
