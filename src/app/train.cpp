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
#include "foehn/comm/space_groups.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/version.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
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
  double steps_per_second() const {
    return static_cast<double>(steps_) / std::chrono::duration<double>(in_steps_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  Clock::duration in_steps_{};
  std::int64_t steps_ = 0;
};

std::string csv_text(const training::TrainingState& state, const diffusion::Schedule& schedule) {
  std::string text = "step,windows,training_loss,held_out_loss";
  for (const diffusion::NoiseLevel& level : training::scored_levels(schedule))
    text += schedule.edm() != nullptr ? fmt::format(",held_out_loss_sigma{:.4g}", level.sigma)
                                      : fmt::format(",held_out_loss_t{:.4g}", level.t);
  return text + "\n" + fmt::format("{}\n", fmt::join(state.log, "\n"));
}

/// A few lines for people.
std::string describe(const training::Settings& settings, const training::TrainingOptions& training,
                     const training::Material& material, const comm::Communicator& world,
                     std::int64_t space_ranks) {
  const auto architecture =
      architecture_of(settings, static_cast<std::int64_t>(material.domain.variables.size()));
  return fmt::format(
      "{} of {} parameters, window of {} steps of {}, on {}\n{} fields to train on, {} held out; "
      "{} steps of "
      "{} windows on {} rank{}{}\n",
      core::name_of(settings.kind), model::parameter_count(model::expected_tensors(architecture)),
      model::channels_of(architecture).window, calendar::format_step(material.domain.step_seconds),
      grid::cells_text(material.domain.grid), material.span.trained(), material.span.held_out,
      training.steps(), training.batch, world.size(), world.size() == 1 ? "" : "s",
      space_ranks > 1 ? fmt::format(", in groups of {} that share out the cells of each window", space_ranks)
                      : "");
}

/// A training's lines for people while it runs, and the rows of its training.csv.
class Report {
 public:
  /// @param state  the training's, which keeps the rows
  Report(training::TrainingState& state, const training::TrainingOptions& training, bool is_root)
      : state_(state),
        training_(training),
        is_root_(is_root),
        progress_("training", training.steps(), "steps", is_root) {
    progress_.advance_without_work(state.step);
  }
  void step_done() {
    pace_.step_done();
    progress_.advance();
  }
  void evaluated(const training::TrainingState& now, const std::vector<double>& held_out) {
    const double mean = training::mean_over_levels(held_out);
    const double training_loss = now.loss_sum / static_cast<double>(now.losses);
    state_.log.push_back(fmt::format("{},{},{:.6g},{:.6g},{:.6g}", now.step, now.step * training_.batch,
                                     training_loss, mean, fmt::join(held_out, ",")));
    if (is_root_)
      spdlog::info("step {}: loss {:.4f}, held out {:.4f} (best {:.4f} at step {})", now.step, training_loss,
                   mean, now.best_loss, now.best_step);
    pace_.go_on();
  }
  /// "83.1 windows/s".
  std::string speed() const {
    if (pace_.steps() == 0) return "it had been trained before";
    return fmt::format("{:.4g} windows/s", static_cast<double>(training_.batch) * pace_.steps_per_second());
  }

 private:
  training::TrainingState& state_;
  const training::TrainingOptions& training_;
  bool is_root_;
  core::Progress progress_;
  Pace pace_;
};

/// Prepares fields and fits what is fitted, on the root; the result is broadcast.
/// @param locks, start  the root's, which it fills
/// @return  nothing if only the options were to be checked, or a stop was requested
std::optional<training::PreparedData> prepare_on_root(const Call& call, const Context& context,
                                                      const training::Settings& settings,
                                                      const training::PreparedPaths& paths,
                                                      std::optional<training::TrainLocks>& locks,
                                                      std::optional<model::NetworkBundle>& start) {
  const comm::Communicator& world = context.world;
  training::PreparedData prepared;
  world.agree([&] {
    check(settings);
    if (!world.is_root()) return;
    locks.emplace(settings, call.validate_only);
    const training::Record record(settings);
    if (!settings.start_from.empty()) start = load_start(settings, record.reader.variables());
    if (!call.validate_only) prepared = prepare(record, settings, paths, context.stop);
  });
  if (call.validate_only || world.any(context.stop.is_requested())) return std::nullopt;
  prepared.broadcast(world);
  return prepared;
}

/// What bits depend on beside options and data: gradients are added in another order by NCCL than by MPI.
std::string machine_values(const process::Hardware& hardware) {
  const bool is_nccl = hardware.transport == comm::TransportKind::nccl;
  return fmt::format("device = {}\nrun.transport = {}\n", process::name_of(hardware.device),
                     core::name_of(is_nccl ? comm::TransportChoice::nccl : comm::TransportChoice::mpi));
}

/// Writes the prior and its training.csv, on the root.
void save_results(const Call& call, const training::Settings& settings, const training::Material& material,
                  const training::TrainingState& state, double without_network, const Report& report) {
  save_prior(settings, material, state, without_network, call.table.values().dump());
  io::write_file_atomically(fs::path(settings.prior) / "training.csv", csv_text(state, material.schedule));
  std::cout << fmt::format(
      "wrote the prior {}: held-out loss {:.4f} at step {}, {:.4f} without the network; {}\n", settings.prior,
      state.best_loss, state.best_step, without_network, report.speed());
  if (state.best_loss >= without_network)
    spdlog::warn(
        "{}: on the hours held out the network is no better than none: loss {:.4g}, against {:.4g} "
        "without it; use more train.windows or another train.learning_rate",
        settings.prior, state.best_loss, without_network);
}

/// What a stop before the first step, or a check of the options alone, ends with.
int end_untrained(const Call& call, const comm::Communicator& world) {
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was trained");
    return 0;
  }
  if (world.is_root()) std::cout << "stopped before the first step; run again to continue\n";
  return kStoppedWithCheckpoint;
}

/// Reads what every rank trains on, and has the root choose what is measured on the fields: sigma_data and
/// the scale of the coarse fields.
/// @param start   of the root: the training that this one starts from, if any
/// @param fields  is opened
/// @note Collective over the ranks.
training::Material material_for(const comm::Communicator& world, const training::Settings& settings,
                                const training::PreparedPaths& paths, const training::PreparedData& prepared,
                                const model::NetworkBundle* start,
                                std::optional<training::FieldCache>& fields) {
  std::optional<training::Material> material;
  world.agree([&] {
    check_prepared(prepared, settings, paths);
    material = read_material(settings, paths.gaussian, prepared.span);
    material->static_fields = prepared.static_tensor(material->domain.grid);
    material->drawn = make_drawn_windows(settings, *material, paths.gaussian);
    fields.emplace(paths.cache);
  });
  std::vector<double> sigma_data;
  world.agree_on_root([&] { sigma_data = {choose_sigma_data(settings, *material, *fields, start)}; });
  world.broadcast(sigma_data);
  material->schedule = schedule_of(settings, sigma_data[0]);
  if (material->coarse) {
    world.agree_on_root([&] { material->coarse->scale = choose_coarse_scale(*material, *fields, start); });
    world.broadcast(material->coarse->scale);
  }
  return std::move(*material);
}

/// What a checkpoint must have been trained with to be continued.
std::string identity_of(const Call& call, const process::Hardware& hardware,
                        const training::PreparedData& prepared, const model::NetworkBundle* start) {
  return call.table.result_values() + machine_values(hardware) +
         fmt::format("data = {}\nstatic = {}\nstart = {}\nfoehn = {}\nlibtorch = {}\n", prepared.cache,
                     prepared.static_digest(), start != nullptr ? start->description.digest : "random",
                     core::version(), TORCH_VERSION);
}

/// Where training begins: at the last checkpoint, at another training's weights, or at random ones.
/// @note Collective over the ranks.
training::TrainingState first_state(const comm::Communicator& world, const training::Settings& settings,
                                    const training::Trainer& trainer, const model::NetworkBundle* start,
                                    training::Checkpoints& checkpoints) {
  training::TrainingState state;
  world.agree([&] {
    state = trainer.start();
    if (!world.is_root()) return;
    if (start != nullptr) start_from(*start, state);
    if (settings.restart) return;
    if (auto found = checkpoints.load(state)) state = std::move(*found);
  });
  // The root alone says where training continues: another rank's view of the folder may be older.
  state.broadcast(world);
  if (world.is_root() && state.step > 0)
    spdlog::info("continuing from {} at step {}", checkpoints.path_of(state.step).string(), state.step);
  return state;
}

/// Lets the ranks of a group share out the cells of a network, a graph transformer.
/// @param group  outlives the transport
/// @return       what carries cells between them, which outlives the network
/// @note Collective over the group.
std::unique_ptr<comm::Transport> share_cells(const comm::Communicator& group,
                                             const process::Hardware& hardware, model::Network& network) {
  auto transport = comm::make_transport(group, hardware.device, hardware.transport);
  dynamic_cast<model::GraphTransformer&>(network).share(*transport);
  return transport;
}

int run(const Call& call, const Context& context, const TrainOptions& options) {
  const comm::Communicator& world = context.world;
  process::set_threads(options.threads);
  const process::Hardware hardware = process::choose_hardware(world, options.hardware);
  const training::Settings settings = options.settings();
  world.agree([&] {
    options.check_space_ranks();
    model::check_precision(settings.precision, hardware.device);
  });
  const comm::SpaceGroups groups(world, options.space_ranks);
  const training::PreparedPaths paths(settings);
  context.watchdog.set_timeout(options.timeout_minutes * 60);

  std::optional<core::Activity> activity;
  activity.emplace("preparation");
  std::optional<training::TrainLocks> locks;         // of the root
  std::optional<model::NetworkBundle> start_if_any;  // likewise
  const auto prepared = prepare_on_root(call, context, settings, paths, locks, start_if_any);
  if (!prepared) return end_untrained(call, world);
  const model::NetworkBundle* start = start_if_any ? &*start_if_any : nullptr;
  std::optional<training::FieldCache> fields;
  const training::Material material = material_for(world, settings, paths, *prepared, start, fields);
  training::TrainingOptions training =
      training_options(settings, material.span.held_out, material.domain, material.schedule);
  training.transport = hardware.transport;
  if (world.is_root())
    std::cout << describe(settings, training, material, world, options.space_ranks) << std::flush;
  process::log_transport(world, hardware);

  std::unique_ptr<comm::Transport> of_cells;  // outlives the network
  std::unique_ptr<training::Objective> objective;
  world.agree([&] {
    objective = make_objective(settings, material, at::TensorOptions(at::kFloat).device(hardware.device));
  });
  if (options.space_ranks > 1) of_cells = share_cells(groups.group, hardware, objective->network());
  std::optional<training::Trainer> trainer;
  world.agree([&] {
    trainer.emplace(training::TrainingRanks(world, groups.alike), *objective, *fields, training,
                    material.drawn.get());
  });
  training::Checkpoints checkpoints(settings.checkpoint_folder(),
                                    identity_of(call, hardware, *prepared, start));
  training::TrainingState state = first_state(world, settings, *trainer, start, checkpoints);

  activity.reset();
  Report report(state, training, world.is_root());
  const bool is_done = trainer->run(
      state,
      {.step_done = [&](const training::TrainingState&, double) { report.step_done(); },
       .evaluated = [&](const auto& now, const auto& held_out) { report.evaluated(now, held_out); },
       .must_stop = [&] { return context.stop.is_requested(); },
       .must_save =
           [&] { return state.step % settings.checkpoint_every == 0 || state.step == training.steps(); },
       .save = [&](const training::TrainingState& now) { checkpoints.save(now); }});
  if (!is_done) {
    if (world.is_root())
      std::cout << fmt::format("stopped at step {} with the checkpoint {}; run again to continue\n",
                               state.step, checkpoints.path_of(state.step).string());
    return kStoppedWithCheckpoint;
  }
  const double without_network = training::mean_over_levels(trainer->held_out_loss_without_network());
  world.agree([&] {
    if (!world.is_root()) return;
    save_results(call, settings, material, state, without_network, report);
    checkpoints.save(state);
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
