#include "foehn/tuning/tune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/core/version.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/device.hpp"
#include "foehn/tuning/names.hpp"
#include "options.hpp"
#include "sample_options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

constexpr std::int64_t kTrialMembers = 4;
constexpr const char* kTuned = "tuned.ini";

struct TuneOptions : SampleOptions {
  TuneOptions() { members = kTrialMembers; }

  std::vector<std::string> reference, parameters, reserved;
  std::string crop;
  std::vector<double> std_range, gamma_range, inflation_range;
  tuning::Task defaults;  ///< whose search the options set
};

std::vector<double> words_of(const tuning::Range& range) {
  return {range.least, range.most};
}

void add_search_options(config::OptionTable& table, TuneOptions& options) {
  tuning::Task& task = options.defaults;
  options.std_range = words_of(task.std_range);
  options.gamma_range = words_of(task.gamma_range);
  options.inflation_range = words_of(task.inflation_range);
  const auto range = [](const std::string& doc) {
    return config::Description{.doc = doc,
                               .unit = "1",
                               .minimum = 0,
                               .minimum_excluded = true,
                               .fewest = 2,
                               .most = 2,
                               .changes_result = false};
  };
  std::vector<std::string> names;
  for (const auto& named : core::names_of<tuning::Parameter>()) names.emplace_back(named.name);
  table.add("tune.parameters", &options.parameters,
            {.doc = "Tune these: std (observation.std, one number for each variable of input.observations), "
                    "gamma (observation.gamma, which only sampler.guidance sda and sda-exact use) and "
                    "inflation (observation.inflation, one factor on all errors, those of input.stations "
                    "too); default: std where there are input.observations, otherwise inflation, and gamma "
                    "where guidance uses it. Each is looked for within a range of its own: tune.std, "
                    "tune.gamma, tune.inflation. Where all of them are given as options, their values are "
                    "the first trial.",
             .choices = names,
             .changes_result = false});  // the journal knows all that a search depends on
  table.add(
      "tune.std", &options.std_range,
      range(
          "Look for observation.std between these two numbers times the size of the variable's anomalies in "
          "the prior: 0.02,1 of anomalies of 3 K is 0.06 to 3 K."));
  table.add("tune.gamma", &options.gamma_range,
            range("Look for observation.gamma between these two numbers."));
  table.add("tune.inflation", &options.inflation_range,
            range("Look for observation.inflation between these two numbers."));
  table.add(
      "tune.random", &task.search.random,
      {.doc = "Begin with this many trials all over the ranges: each range is cut into as many parts, equal "
              "in logarithms, and each part has one trial (a Latin hypercube). In these trials the "
              "standard deviations of all variables lie at the same place of their ranges; later each moves "
              "by itself.",
       .unit = "1",
       .minimum = 1,
       .maximum = 10000,
       .changes_result = false});
  table.add("tune.local", &task.search.local,
            {.doc = "Then make this many trials around the best, ever closer to it. A search that is done "
                    "continues with a larger number.",
             .unit = "1",
             .minimum = 0,
             .maximum = 10000,
             .changes_result = false});
  table.add("tune.round", &task.search.round,
            {.doc = "Choose this many local trials at a time, from the results so far; up to this many teams "
                    "draw at once.",
             .unit = "1",
             .minimum = 1,
             .maximum = 10000,
             .changes_result = false});
  table.add(
      "tune.seed", &task.search.seed,
      {.doc = "Choose other trials with another seed.", .unit = "1", .minimum = 0, .changes_result = false});
  table.add("tune.spread_weight", &task.spread_weight,
            {.doc = "Multiply a variable's fair CRPS by 1 + this number times |ln(spread/skill)|, so that of "
                    "trials that score alike the one that spreads as it errs is better; 0 looks at the fair "
                    "CRPS alone.",
             .unit = "1",
             .minimum = 0,
             .changes_result = false});
  table.add(
      "tune.reserved", &options.reserved,
      {.doc = "Refuse to tune on these periods, START/END (2019-03-25/2019-03-31; both included), since "
              "they will be scored. Dates that the prior was learnt from are refused as well.",
       .changes_result = false});
  table.add(
      "tune.ranks_per_trial", &task.ranks_per_trial,
      {.doc = "Share each trial among this many ranks; 0 shares it among all. With fewer than all, teams "
              "of ranks draw several trials at once.",
       .unit = "1",
       .minimum = 0,
       .changes_result = false});
}

void declare(config::OptionTable& table, TuneOptions& options) {
  declare_trial_options(table, options);
  table.add("input.reference", &options.reference,
            {.doc = "Score against these fine fields (files or globs): a reanalysis that the prior was not "
                    "learnt from, with the prior's variables on its grid, at every hour of the trajectory.",
             .are_files = true,
             .required = true,
             .changes_result = false});
  table.add("data.crop", &options.crop,
            {.doc = "Use this part of the reference's grid, y0:y1,x0:x1 (rows and columns from 0, ends "
                    "excluded); default: all of it.",
             .changes_result = false});
  table.add("ensemble.members", &options.members,
            {.doc = "Draw this many members in each trial.",
             .unit = "1",
             .minimum = 2,
             .maximum = 100000,
             .changes_result = false});
  add_search_options(table, options);
  table.add(
      "output.directory", &options.output,
      {.doc = "Write the journal of trials and tuned.ini, a configuration file for foehn sample, to this "
              "folder, which all ranks must see. The same command continues a search that was stopped.",
       .is_path = true,
       .required = true,
       .changes_result = false});
}

tuning::Range range_of(const std::vector<double>& words) {
  return {words.at(0), words.at(1)};
}

tuning::Task task_of(const config::OptionTable& table, const TuneOptions& options) {
  tuning::Task task = options.defaults;
  task.settings = job_settings(table, options);
  task.settings.compression = 0;  // members are read once
  for (const auto& named : core::names_of<tuning::Parameter>()) {
    const auto count = std::count(options.parameters.begin(), options.parameters.end(), named.name);
    if (count > 1) throw core::UsageError(fmt::format("tune.parameters: {} is named twice", named.name));
    if (count == 1) task.parameters.push_back(named.value);
  }
  task.std_range = range_of(options.std_range);
  task.gamma_range = range_of(options.gamma_range);
  task.inflation_range = range_of(options.inflation_range);
  task.reference.files =
      core::with_context("input.reference", [&] { return io::expand_files(options.reference); });
  task.reference.crop = options.crop;
  task.reserved = options.reserved;
  task.folder = options.output;
  return task;
}

std::string tuned_text(const TuneOptions& options, const tuning::Task& task, const tuning::Outcome& outcome) {
  const std::vector<io::Variable> variables = model::describe_prior(options.prior).domain.variables;
  const tuning::Trial& best = outcome.trials[*outcome.best];
  TuneOptions tuned = options;
  static_cast<job::Settings&>(tuned) =
      tuning::settings_of(task, model::describe_prior(options.prior).domain, best.values);
  return fmt::format(
      "# foehn tune {}: the best of {} on {} to {}, {} members each.\n# {}\n{}", core::version(),
      core::counted(static_cast<std::int64_t>(outcome.trials.size()), "trial"), outcome.period.date(0),
      outcome.period.date(outcome.period.hours - 1), task.settings.members,
      tuning::describe(best, outcome.dimensions, variables), trial_config(tuned));
}

int run(const Call& call, const Context& context, const TuneOptions& options) {
  const comm::Communicator& world = context.world;
  tuning::Task task;
  world.agree([&] {
    check_stations(options);
    task = task_of(call.table, options);
  });
  context.watchdog.set_timeout(options.timeout_minutes * 60);
  process::set_threads(options.threads);
  const process::Hardware hardware = process::choose_hardware(world, options.hardware);
  const tuning::Outcome outcome = tuning::tune(world, task, hardware, context.stop, call.validate_only);
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was tuned");
    return 0;
  }
  world.agree_on_root([&] {
    if (!outcome.is_done) {
      std::cout << fmt::format("stopped after {}; run again to continue\n",
                               core::counted(static_cast<std::int64_t>(outcome.trials.size()), "trial"));
      return;
    }
    const std::string text = tuned_text(options, task, outcome);
    io::write_file_atomically(std::filesystem::path(options.output) / kTuned, text);
    std::cout << fmt::format("{}\nwrote {}\n", text,
                             (std::filesystem::path(options.output) / kTuned).string());
  });
  return outcome.is_done ? 0 : kStoppedWithCheckpoint;
}

}  // namespace

Subcommand tune() {
  return {.name = "tune",
          .summary =
              "Find the observation errors with which members agree best with a reanalysis held out, on any "
              "number of ranks.",
          .example =
              "mpirun -n 2 foehn tune --prior.path prior --input.observations coarse.nc --input.reference "
              "truth.nc --output.directory tuning",
          .declare = parallel(&declare, &run)};
}

}  // namespace foehn::app
