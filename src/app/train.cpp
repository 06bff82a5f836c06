#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/version.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/process/device.hpp"
#include "foehn/training/checkpoints.hpp"
#include "foehn/training/material.hpp"
#include "foehn/training/preparation.hpp"
#include "foehn/training/trainer.hpp"
#include "options.hpp"
#include "subcommands.hpp"
#include "train_options.hpp"

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
std::string describe(const training::Settings& settings, const training::TrainingOptions& training,
                     const training::Material& material, const comm::Communicator& world) {
  const auto architecture =
      architecture_of(settings, static_cast<std::int64_t>(material.domain.variables.size()));
  return fmt::format(
      "{} of {} parameters, window of {} steps of {}, on {} x {} cells\n{} fields to train on, {} held out; "
      "{} steps of "
      "{} windows on {} rank{}\n",
      core::name_of(settings.kind), model::parameter_count(architecture), architecture.window,
      calendar::format_step(material.domain.step_seconds), material.domain.grid.ny(),
      material.domain.grid.nx(), material.hours - material.held_out, material.held_out, training.steps,
      training.batch, world.size(), world.size() == 1 ? "" : "s");
}

int run(const Call& call, const Context& context, const TrainOptions& options) {
  const comm::Communicator& world = context.world;
  process::set_threads(options.threads);
  const c10::Device device = process::choose_device(world, options.device);
  const training::Settings settings = options.settings();
  const training::PreparedPaths paths(settings);
  context.watchdog.set_timeout(options.timeout_minutes * 60);

  std::optional<core::Activity> activity;
  activity.emplace("preparation");
  std::optional<training::TrainLocks> locks;  // of the root
  training::PreparedData prepared;
  world.agree([&] {
    check(settings);
    if (!world.is_root()) return;
    locks.emplace(settings, call.validate_only);
    const training::Record record(settings);
    if (!call.validate_only) prepared = prepare(record, settings, paths, context.stop);
  });
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was trained");
    return 0;
  }
  if (world.any(context.stop.is_requested())) {
    if (world.is_root()) std::cout << "stopped before the first step; run again to continue\n";
    return kStoppedWithCheckpoint;
  }
  world.broadcast(prepared.hours);
  world.broadcast(prepared.gaussian);
  world.broadcast(prepared.cache);
  std::optional<training::Material> material;
  world.agree([&] {
    check_prepared(prepared, paths);
    material = read_material(settings, paths.gaussian, prepared.hours[0], prepared.hours[1]);
  });
  const training::TrainingOptions training =
      training_options(settings, material->held_out, material->domain.step_seconds, material->schedule);
  if (world.is_root()) std::cout << describe(settings, training, *material, world) << std::flush;

  std::optional<training::FieldCache> fields;
  std::unique_ptr<training::Objective> objective;
  std::optional<training::Trainer> trainer;
  training::Checkpoints checkpoints(
      settings.checkpoint_folder(),
      call.table.result_values() + fmt::format("data = {}\nfoehn = {}\nlibtorch = {}\n", prepared.cache,
                                               core::version(), TORCH_VERSION));
  training::TrainingState state;
  world.agree([&] {
    fields.emplace(paths.cache);
    objective = make_objective(settings, *material, at::TensorOptions(at::kFloat).device(device));
    trainer.emplace(world, *objective, *fields, training);
    state = trainer->start();
    if (!world.is_root() || settings.restart) return;
    if (auto found = checkpoints.load(state)) state = std::move(*found);
  });
  // The root alone says what is gone on from: another rank's view of the folder may be older.
  state.broadcast(world);
  if (world.is_root() && state.step > 0)
    spdlog::info("continuing from {} at step {}", checkpoints.path_of(state.step).string(), state.step);

  activity.reset();
  core::Progress progress("training", training.steps, "steps", world.is_root());
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
    state.log.push_back(fmt::format("{},{},{:.6g},{:.6g},{:.6g}", now.step, now.step * training.batch,
                                    training_loss, mean, fmt::join(held_out, ",")));
    if (world.is_root())
      spdlog::info("step {}: loss {:.4f}, held out {:.4f} (best {:.4f} at step {})", now.step, training_loss,
                   mean, now.best_loss, now.best_step);
    pace.go_on();
  };
  events.must_stop = [&] { return context.stop.is_requested(); };
  events.must_save = [&] {
    return state.step % settings.checkpoint_every == 0 || state.step == training.steps;
  };
  events.save = [&](const training::TrainingState& now) { checkpoints.save(now); };
  const bool is_done = trainer->run(state, events);
  if (!is_done) {
    if (world.is_root())
      std::cout << fmt::format("stopped at step {} with the checkpoint {}; run again to continue\n",
                               state.step, checkpoints.path_of(state.step).string());
    return kStoppedWithCheckpoint;
  }
  const double without_network = training::mean_over_levels(trainer->held_out_loss_without_network());
  world.agree([&] {
    if (!world.is_root()) return;
    save_prior(settings, *material, state, without_network, call.table.values().dump());
    io::write_file_atomically(fs::path(settings.prior) / "training.csv", csv_text(state));
    checkpoints.save(state);
    std::cout << fmt::format(
        "wrote the prior {}: held-out loss {:.4f} at step {}, {:.4f} without the network; {}\n",
        settings.prior, state.best_loss, state.best_step, without_network,
        pace.steps() == 0
            ? "it had been trained before"
            : fmt::format("{:.4g} windows/s", static_cast<double>(training.batch) * pace.steps_a_second()));
    if (state.best_loss >= without_network)
      spdlog::warn(
          "{}: on the hours held out the network is no better than none: loss {:.4g}, against {:.4g} "
          "without it; use more train.windows or another train.learning_rate",
          settings.prior, state.best_loss, without_network);
  });
  return 0;
}

}  // namespace

Subcommand train() {
  return {.name = "train",
          .summary = "Train a network as a prior on a reanalysis, on any number of ranks.",
          .example = "mpirun -n 2 foehn train --config configs/era5_uk_train.ini",
          .declare = parallel(&declare_train_options, &run)};
}

}  // namespace foehn::app
