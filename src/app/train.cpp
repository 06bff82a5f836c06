#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "device.hpp"
#include "foehn/calendar/time_axis.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/training/checkpoints.hpp"
#include "foehn/training/trainer.hpp"
#include "options.hpp"
#include "stop_signals.hpp"
#include "subcommands.hpp"
#include "train_material.hpp"
#include "train_options.hpp"
#include "train_preparation.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

/// How fast steps are taken; the time in which they are scored does not count.
class Pace {
 public:
  void step_done() {
    const auto now = Clock::now();
    in_steps_ += now - last_;
    last_ = now;
    ++steps_;
  }
  void go_on() { last_ = Clock::now(); }
  std::int64_t steps() const { return steps_; }
  double steps_a_second() const {
    return static_cast<double>(steps_) / std::chrono::duration<double>(in_steps_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  Clock::duration in_steps_{};
  std::int64_t steps_ = 0;
};

std::string csv_text(const training::TrainingState& state) {
  std::string text = "step,windows,training_loss,held_out_loss";
  for (std::int64_t level = 0; level < training::kScoredLevels; ++level)
    text +=
        fmt::format(",held_out_loss_t{:.4g}", (static_cast<double>(level) + 0.5) / training::kScoredLevels);
  return text + "\n" + fmt::format("{}\n", fmt::join(state.log, "\n"));
}

/// A few lines for people.
std::string describe(const TrainOptions& options, const Material& material, const comm::Communicator& world) {
  const auto architecture =
      architecture_of(options, static_cast<std::int64_t>(material.domain.variables.size()));
  return fmt::format(
      "{} of {} parameters, window of {} steps of {}, on {} x {} cells\n{} fields to train on, {} held out; "
      "{} steps of "
      "{} windows on {} rank{}\n",
      options.kind, model::parameter_count(architecture), architecture.window,
      calendar::format_step(material.domain.step_seconds), material.domain.grid.ny(),
      material.domain.grid.nx(), material.hours - material.held_out, material.held_out,
      options.training.steps, options.training.batch, world.size(), world.size() == 1 ? "" : "s");
}

}  // namespace

int train(const comm::Communicator& world, const Arguments& arguments) {
  TrainOptions options;
  config::OptionTable table = train_option_table(options);
  config::OptionTable::Outcome outcome;
  world.agree([&] { outcome = table.parse(arguments); });
  if (!outcome.page.empty()) {
    if (world.is_root()) std::cout << outcome.page;
    return 0;
  }
  set_threads(options.threads);
  const c10::Device device = choose_device(world, options.device);
  options.training.steps = (options.windows + options.training.batch - 1) / options.training.batch;
  options.training.in_bf16 = options.precision == "bf16";

  const PreparedPaths paths(options);
  comm::set_timeout(options.timeout_minutes * 60);
  std::optional<comm::Patience> while_the_root_prepares(std::in_place);

  std::optional<TrainLocks> locks;  // of the root
  Preparation prepared;
  world.agree([&] {
    const auto& augmentation = options.training.augmentation;
    if (!options.corrects_gaussian() &&
        (augmentation.mixing > 0 || augmentation.amplitude > 0 || augmentation.daily_cycle > 0))
      throw core::UsageError(
          "train.mixing, train.amplitude, train.daily_cycle: they need anomalies, that is prior.kind "
          "gaussian-preconditioned");
    if (!world.is_root()) return;
    locks.emplace(options, outcome.validate_only);
    const Record record(options);
    if (!outcome.validate_only) prepared = prepare(record, options, paths);
  });
  if (outcome.validate_only) {
    if (world.is_root()) say_valid("nothing was trained");
    return 0;
  }
  while_the_root_prepares.reset();
  if (world.any(must_stop())) {
    if (world.is_root()) std::cout << "stopped before the first step; run again to go on\n";
    return kStoppedWithCheckpoint;
  }
  world.broadcast(prepared.hours);
  world.broadcast(prepared.gaussian);
  world.broadcast(prepared.cache);
  std::optional<Material> material;
  world.agree([&] {
    check_prepared(prepared, paths);
    material = read_material(options, paths.gaussian, prepared.hours[0], prepared.hours[1]);
  });
  options.training.held_out_hours = material->held_out;
  options.training.schedule = material->schedule;
  options.training.augmentation.steps_a_day =
      std::max<std::int64_t>(1, calendar::kSecondsPerDay / material->domain.step_seconds);
  if (world.is_root()) std::cout << describe(options, *material, world) << std::flush;

  std::optional<training::FieldCache> fields;
  std::unique_ptr<training::Objective> objective;
  std::optional<training::Trainer> trainer;
  training::Checkpoints checkpoints(options.checkpoint_folder(),
                                    table.result_values() + fmt::format("data = {}\n", prepared.cache));
  training::TrainingState state;
  world.agree([&] {
    fields.emplace(paths.cache);
    objective = make_objective(options, *material, at::TensorOptions(at::kFloat).device(device));
    trainer.emplace(world, *objective, *fields, options.training);
    state = trainer->start();
    if (!world.is_root() || options.restart) return;
    if (auto found = checkpoints.load(state)) state = std::move(*found);
  });
  // The root alone says what is gone on from: another rank's view of the folder may be older.
  state.broadcast(world);
  if (world.is_root() && state.step > 0)
    spdlog::info("going on from {} at step {}", checkpoints.path_of(state.step).string(), state.step);

  core::Progress progress("training", options.training.steps, "steps", world.is_root());
  progress.advance_without_work(state.step);
  Pace pace;
  training::Trainer::Events events;
  events.step_done = [&](const training::TrainingState&, double) {
    pace.step_done();
    progress.advance();
  };
  events.evaluated = [&](const training::TrainingState& now, const std::vector<double>& held_out) {
    const double mean = training::mean_over_levels(held_out);
    const double training_loss = now.loss_sum / static_cast<double>(now.losses);
    state.log.push_back(fmt::format("{},{},{:.6g},{:.6g},{:.6g}", now.step, now.step * options.training.batch,
                                    training_loss, mean, fmt::join(held_out, ",")));
    if (world.is_root())
      spdlog::info("step {}: loss {:.4f}, held out {:.4f} (best {:.4f} at step {})", now.step, training_loss,
                   mean, now.best_loss, now.best_step);
    pace.go_on();
  };
  events.must_stop = must_stop;
  events.must_save = [&] {
    return state.step % options.checkpoint_every == 0 || state.step == options.training.steps;
  };
  events.save = [&](const training::TrainingState& now) { checkpoints.save(now); };
  bool is_done = false;
  try {
    is_done = trainer->run(state, events);
  } catch (const core::SharedError& error) {
    throw comm::AgreedError(error.what(), 1);  // the loss is every rank's
  }
  if (!is_done) {
    if (world.is_root())
      std::cout << fmt::format("stopped at step {} with the checkpoint {}; run again to go on\n", state.step,
                               checkpoints.path_of(state.step).string());
    return kStoppedWithCheckpoint;
  }
  const double without_network = training::mean_over_levels(trainer->held_out_loss_without_network());
  world.agree([&] {
    if (!world.is_root()) return;
    save_prior(options, *material, state, without_network, table.values().dump());
    io::write_file_atomically(fs::path(options.prior) / "training.csv", csv_text(state));
    checkpoints.save(state);
    std::cout << fmt::format(
        "wrote the prior {}: held-out loss {:.4f} at step {}, {:.4f} without the network; {}\n",
        options.prior, state.best_loss, state.best_step, without_network,
        pace.steps() == 0 ? "its training was done already"
                          : fmt::format("{:.4g} windows/s",
                                        static_cast<double>(options.training.batch) * pace.steps_a_second()));
    if (state.best_loss >= without_network)
      spdlog::warn(
          "{}: on the hours held out the network is no better than none: loss {:.4g}, {:.4g} "
          "without it; take more train.windows or another train.learning_rate",
          options.prior, state.best_loss, without_network);
  });
  return 0;
}

}  // namespace foehn::app
