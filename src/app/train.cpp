#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "device.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/io/trajectory_writer.hpp"
#include "foehn/model/gaussian_fit.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/training/initial_tensors.hpp"
#include "foehn/training/trainer.hpp"
#include "options.hpp"
#include "subcommands.hpp"
#include "train_options.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

constexpr int kStoppedWithCheckpoint = 75;

volatile std::sig_atomic_t must_stop = 0;

/// While it lives, signals ask the training to save itself and stop.
class StopSignals {
 public:
  StopSignals() {
    must_stop = 0;
    for (const int signal : kSignals) std::signal(signal, [](int) { must_stop = 1; });
  }
  ~StopSignals() {
    for (const int signal : kSignals) std::signal(signal, SIG_DFL);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  static constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};
};

/// What is trained on, and for.
struct Material {
  std::int64_t hours = 0, held_out = 0;
  model::Domain domain;
  at::Tensor lag_covariance;  // undefined for a score-unet
};

/// The reanalysis, and what part of it is used.
struct Record {
  explicit Record(const TrainOptions& options)
      : files(io::expand_files(options.files)),
        reader(files, selection(options)),
        period(io::select_period(reader.times(), options.start, options.end)),
        held_out(std::llround(options.held_out_fraction * static_cast<double>(period.size()))) {
    const auto architecture = architecture_of(options, static_cast<std::int64_t>(reader.variables().size()));
    const auto multiple = architecture.side_multiple();
    if (reader.grid().ny() % multiple != 0 || reader.grid().nx() % multiple != 0)
      throw core::Error(
          fmt::format("data.crop: the network halves the grid {} times, so that both sides must be multiples "
                      "of {}; found {} x {} cells",
                      architecture.hidden.size() - 1, multiple, reader.grid().ny(), reader.grid().nx()));
    if (held_out < architecture.window)
      throw core::Error(
          fmt::format("data.held_out_fraction: {} hours are held out, expected at least a window, {}",
                      held_out, architecture.window));
    model::check_fit(trained(), fit_options(options));
  }

  static io::FieldSelection selection(const TrainOptions& options) {
    io::FieldSelection result = field_selection(options.variables, options.crop);
    result.longest_gap = options.longest_gap;
    return result;
  }
  /// Nothing may be known of the hours held out.
  io::IndexRange trained() const { return {period.first, period.last - held_out}; }
  static model::GaussianFitOptions fit_options(const TrainOptions& options) {
    return {.markov_order = options.training.markov_order};
  }

  std::vector<fs::path> files;
  io::FieldReader reader;
  io::IndexRange period;
  std::int64_t held_out;
};

/// Fits the Gaussian prior and leaves it beside the prior to come: of use by itself, and for the other ranks
/// to read.
/// @return  GaussianFit::inflation
at::Tensor fit_gaussian(const Record& record, const TrainOptions& options, const fs::path& folder) {
  const io::IndexRange trained = record.trained();
  core::Progress progress("fitting", 2 * trained.size(), "hours", true);
  const model::GaussianFit fit =
      model::fit_gaussian_prior(record.reader, trained, Record::fit_options(options),
                                [&](std::int64_t hours) { progress.advance(hours); });
  model::save_gaussian_prior(folder, fit.domain, fit.lag_covariance, diffusion::VpCosine{});
  return fit.inflation;
}

Material read_material(const TrainOptions& options, const fs::path& gaussian, std::int64_t hours,
                       std::int64_t held_out) {
  model::GaussianBundle fit = model::load_gaussian_prior(gaussian);
  if (options.corrects_gaussian()) return {hours, held_out, std::move(fit.domain), fit.lag_covariance};
  auto& normalisation = fit.domain.normalisation;
  normalisation = model::Normalisation::of_quantiles(options.normalisation, fit.domain.quantiles);
  for (std::int64_t i = 0; i < normalisation.scale().size(0); ++i)
    if (const auto scale = normalisation.scale()[i].item<double>(); !(scale > 0))
      throw core::Error(
          fmt::format("prior.normalisation {}: variable '{}' has a range of {}, expected a positive one",
                      options.normalisation, fit.domain.variables[static_cast<std::size_t>(i)].name, scale));
  return {hours, held_out, std::move(fit.domain), {}};
}

/// Makes the cache where there is none of this data.
/// @return  its digest
std::string make_cache(const fs::path& path, const Record& record, const Material& material,
                       const training::FieldCache::Known& known) {
  const std::string digest =
      training::FieldCache::digest(record.files, record.reader, record.period, material.domain, known);
  if (training::FieldCache::exists(path, digest)) {
    spdlog::info("using the normalised fields in {}", path.string());
    return digest;
  }
  core::Progress progress("normalising", record.period.size(), "hours", true);
  training::FieldCache::write(path, digest, record.reader, record.period, material.domain, known,
                              [&](std::int64_t hours) { progress.advance(hours); });
  return digest;
}

std::unique_ptr<training::Objective> make_objective(const TrainOptions& options, const Material& material,
                                                    const at::TensorOptions& tensors) {
  const auto architecture =
      architecture_of(options, static_cast<std::int64_t>(material.domain.variables.size()));
  auto network = std::make_unique<model::ScoreUnet>(
      architecture,
      training::initial_tensors(architecture, static_cast<std::uint64_t>(options.training.seed)), tensors);
  if (!options.corrects_gaussian()) return std::make_unique<training::NoiseObjective>(std::move(network));
  return std::make_unique<training::CorrectionObjective>(std::make_unique<model::GaussianPreconditioned>(
      model::GaussianPrior(material.lag_covariance, tensors), std::move(network)));
}

std::string csv_text(const training::TrainingState& state) {
  std::string text = "step,windows,training_loss,held_out_loss";
  for (std::int64_t level = 0; level < training::kScoredLevels; ++level)
    text +=
        fmt::format(",held_out_loss_t{:.4g}", (static_cast<double>(level) + 0.5) / training::kScoredLevels);
  return text + "\n" + fmt::format("{}\n", fmt::join(state.log, "\n"));
}

void save_prior(const TrainOptions& options, const Material& material, const training::TrainingState& state,
                const std::string& option_values) {
  model::NetworkPrior prior;
  prior.architecture = architecture_of(options, static_cast<std::int64_t>(material.domain.variables.size()));
  prior.tensors = state.best;
  prior.lag_covariance = material.lag_covariance;
  prior.as_float16 = options.as_float16;
  prior.remarks = {{"foehn.training", option_values},
                   {"foehn.held_out_loss", fmt::format("{:.6g}", state.best_loss)},
                   {"foehn.trained_steps", std::to_string(state.best_step)}};
  if (!options.attribution.empty()) prior.remarks["foehn.attribution"] = options.attribution;
  model::save_network_prior(options.prior, material.domain, prior, diffusion::VpCosine{});
}

/// A few lines for people.
std::string describe(const TrainOptions& options, const Material& material, const comm::Communicator& world) {
  const auto architecture =
      architecture_of(options, static_cast<std::int64_t>(material.domain.variables.size()));
  return fmt::format(
      "{} of {} parameters, window {} h, on {} x {} cells\n{} hours to train on, {} held out; {} steps of {} "
      "windows on {} "
      "ranks\n",
      options.kind, model::parameter_count(architecture), architecture.window, material.domain.grid.ny(),
      material.domain.grid.nx(), material.hours - material.held_out, material.held_out,
      options.training.steps, options.training.batch, world.size());
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
  const fs::path cache =
      options.cache.empty() ? fs::path(options.prior + ".cache.nc") : fs::path(options.cache);
  const fs::path checkpoint =
      fs::path(options.checkpoint.empty() ? options.prior : options.checkpoint) / "training.safetensors";
  options.training.steps = (options.windows + options.training.batch - 1) / options.training.batch;

  const fs::path gaussian = options.prior + ".gaussian";
  const StopSignals signals;  // from now on: reading and fitting may take long as well

  std::string digest;
  std::vector<std::int64_t> hours;
  world.agree([&] {
    if (!options.corrects_gaussian() && (options.training.mixing > 0 || options.training.amplitude > 0))
      throw core::UsageError(
          "train.mixing, train.amplitude: they need anomalies, that is prior.kind gaussian-preconditioned");
    if (!world.is_root()) return;
    const OutputFolder made(options.prior, "prior.path", outcome.validate_only);
    const Record record(options);
    hours = {record.period.size(), record.held_out};
    if (outcome.validate_only) return;
    const at::Tensor inflation = fit_gaussian(record, options, gaussian);
    const Material material = read_material(options, gaussian, hours[0], hours[1]);
    const bool has_climatology = material.domain.normalisation.climatology() != nullptr;
    digest = make_cache(cache, record, material, {has_climatology ? hours[0] - hours[1] : 0, inflation});
  });
  if (outcome.validate_only) {
    if (world.is_root()) say_valid("nothing was trained");
    return 0;
  }
  world.broadcast(hours);
  world.broadcast(digest);
  digest = core::sha256(digest + table.result_values());
  std::optional<Material> material;
  world.agree([&] { material = read_material(options, gaussian, hours[0], hours[1]); });
  options.training.held_out_hours = material->held_out;
  options.training.steps_a_day = std::max<std::int64_t>(1, 86400 / material->domain.step_seconds);
  if (world.is_root()) std::cout << describe(options, *material, world) << std::flush;

  std::optional<training::FieldCache> fields;
  std::unique_ptr<training::Objective> objective;
  std::optional<training::Trainer> trainer;
  std::optional<training::TrainingState> state;
  world.agree([&] {
    fields.emplace(cache);
    objective = make_objective(options, *material, at::TensorOptions(at::kFloat).device(device));
    trainer.emplace(world, *objective, *fields, options.training);
    state = trainer->start();
    fs::create_directories(checkpoint.parent_path());
    if (!options.restart && fs::exists(checkpoint)) state = training::TrainingState::load(checkpoint, digest);
  });
  if (world.is_root() && state->step > 0)
    spdlog::info("going on from {} at step {}", checkpoint.string(), state->step);

  core::Progress progress("training", options.training.steps - state->step, "steps", world.is_root());
  double loss_sum = 0;
  std::int64_t losses = 0;
  training::Trainer::Events events;
  events.step_done = [&](const training::TrainingState&, double loss) {
    loss_sum += loss;
    ++losses;
    progress.advance();
  };
  events.evaluated = [&](const training::TrainingState& now, const std::vector<double>& held_out) {
    double mean = 0;
    for (const double value : held_out) mean += value / static_cast<double>(held_out.size());
    const double training_loss = loss_sum / static_cast<double>(losses);
    loss_sum = 0;
    losses = 0;
    state->log.push_back(fmt::format("{},{},{:.6g},{:.6g},{:.6g}", now.step,
                                     now.step * options.training.batch, training_loss, mean,
                                     fmt::join(held_out, ",")));
    if (world.is_root())
      spdlog::info("step {}: loss {:.4f}, held out {:.4f} (best {:.4f} at step {})", now.step, training_loss,
                   mean, now.best_loss, now.best_step);
  };
  events.must_stop = [] { return must_stop != 0; };
  events.must_save = [&] {
    return state->step % options.checkpoint_every == 0 || state->step == options.training.steps;
  };
  events.save = [&](const training::TrainingState& now) { now.save(checkpoint, digest); };
  bool is_done = false;
  try {
    is_done = trainer->run(*state, events);
  } catch (const core::SharedError& error) {
    throw comm::AgreedError(error.what(), 1);  // the loss is every rank's
  }
  if (!is_done) {
    if (world.is_root())
      std::cout << fmt::format("stopped at step {} with the checkpoint {}; run again to go on\n", state->step,
                               checkpoint.string());
    return kStoppedWithCheckpoint;
  }
  world.agree([&] {
    if (!world.is_root()) return;
    save_prior(options, *material, *state, table.values().dump());
    io::write_file_atomically(fs::path(options.prior) / "training.csv", csv_text(*state));
    state->save(checkpoint, digest);
    std::cout << fmt::format("wrote the prior {}: held-out loss {:.4f} at step {}\n", options.prior,
                             state->best_loss, state->best_step);
  });
  return 0;
}

}  // namespace foehn::app
