#include "foehn/training/material.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/model/gaussian_fit.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/training/initial_tensors.hpp"

namespace foehn::training {

namespace fs = std::filesystem;

namespace {

io::FieldSelection selection(const Settings& settings) {
  io::FieldSelection result = io::field_selection(settings.variables, settings.crop);
  result.longest_gap = settings.longest_gap;
  return result;
}

model::GaussianFitOptions fit_options(const Settings& settings) {
  return {.markov_order = settings.gaussian_order.value_or(settings.markov_order),
          .may_deviate = settings.may_deviate};
}

/// Both take what is alike at the same time of the day.
void check_days(const Settings& settings, std::int64_t step_seconds, std::int64_t trained) {
  if (settings.mixing == 0 && settings.daily_cycle == 0) return;
  const std::int64_t seconds = trained * step_seconds;
  if (calendar::kSecondsPerDay % step_seconds != 0 || seconds < 2 * calendar::kSecondsPerDay)
    throw core::Error(fmt::format(
        "train.mixing, train.daily_cycle: expected steps that divide a day and two days or more of them to "
        "train on, found {} steps of {}",
        trained, calendar::format_step(step_seconds)));
  if (settings.daily_cycle > 0 && !model::has_daily_cycle(model::harmonics_for(step_seconds, seconds)))
    throw core::Error(fmt::format("train.daily_cycle: expected steps of 8 h or less, found steps of {}",
                                  calendar::format_step(step_seconds)));
}

}  // namespace

Record::Record(const Settings& settings)
    : files(io::expand_files(settings.files)),
      reader(files, selection(settings)),
      period(core::with_context(
          "data.start, data.end",
          [&] { return io::select_period(reader.times(), settings.start, settings.end); })),
      held_out(std::llround(settings.held_out_fraction * static_cast<double>(period.size()))) {
  io::require_snapshots(reader, settings.cell_methods, io::kLearntFrom);
  io::say_unnamed(reader.variables());
  const auto architecture = architecture_of(settings, static_cast<std::int64_t>(reader.variables().size()));
  const auto multiple = architecture.side_multiple();
  if (reader.grid().ny() % multiple != 0 || reader.grid().nx() % multiple != 0)
    throw core::Error(
        fmt::format("data.crop: the network halves the grid {} times, so that both sides must be multiples "
                    "of {}; found {} x {} cells",
                    architecture.hidden.size() - 1, multiple, reader.grid().ny(), reader.grid().nx()));
  if (held_out < architecture.window)
    throw core::Error(
        fmt::format("data.held_out_fraction: {} fields are held out, expected at least a window, {}",
                    held_out, architecture.window));
  check_days(settings, reader.step_seconds(), trained().size());
  model::check_fit(trained(), fit_options(settings));
}

at::Tensor fit_gaussian(const Record& record, const Settings& settings, const fs::path& folder,
                        const Interruption& interruption) {
  const io::IndexRange trained = record.trained();
  core::Progress progress("fitting", model::kFitPasses * trained.size(), "fields", true);
  const model::GaussianFit fit =
      model::fit_gaussian_prior(record.reader, trained, fit_options(settings), [&](std::int64_t hours) {
        progress.advance(hours);
        interruption();
      });
  model::save_gaussian_prior(folder, fit.domain, fit.lag_covariance, diffusion::VpCosine{});
  return fit.inflation;
}

Material read_material(const Settings& settings, const fs::path& gaussian, std::int64_t hours,
                       std::int64_t held_out) {
  model::GaussianBundle fit = model::load_gaussian_prior(gaussian);
  if (settings.corrects_gaussian())
    return {hours, held_out, std::move(fit.domain), fit.lag_covariance, fit.schedule};
  auto& normalisation = fit.domain.normalisation;
  normalisation = model::Normalisation::of_quantiles(settings.normalisation, fit.domain.quantiles);
  for (std::int64_t i = 0; i < normalisation.scale().size(0); ++i)
    if (const auto scale = normalisation.scale()[i].item<double>(); !(scale > 0))
      throw core::Error(
          fmt::format("prior.normalisation {}: variable '{}' has a range of {}, expected a positive one",
                      settings.normalisation, fit.domain.variables[static_cast<std::size_t>(i)].name, scale));
  return {hours, held_out, std::move(fit.domain), {}, fit.schedule};
}

std::string make_cache(const fs::path& path, const Record& record, const Material& material,
                       const FieldCache::Known& known, const Interruption& interruption) {
  const std::string digest =
      FieldCache::digest(record.files, record.reader, record.period, material.domain, known);
  if (FieldCache::exists(path, digest)) {
    spdlog::info("using the normalised fields in {}", path.string());
    return digest;
  }
  core::Progress progress("normalising", record.period.size(), "fields", true);
  FieldCache::write(path, digest, record.reader, record.period, material.domain, known,
                    [&](std::int64_t hours) {
                      progress.advance(hours);
                      interruption();
                    });
  return digest;
}

std::unique_ptr<Objective> make_objective(const Settings& settings, const Material& material,
                                          const at::TensorOptions& tensors) {
  const auto architecture =
      architecture_of(settings, static_cast<std::int64_t>(material.domain.variables.size()));
  auto network = std::make_unique<model::ScoreUnet>(
      architecture, initial_tensors(architecture, static_cast<std::uint64_t>(settings.seed)), tensors);
  if (!settings.corrects_gaussian()) return std::make_unique<NoiseObjective>(std::move(network));
  return std::make_unique<CorrectionObjective>(std::make_unique<model::GaussianPreconditioned>(
      model::GaussianPrior(material.lag_covariance.narrow(0, 0, architecture.window), tensors),
      std::move(network)));
}

void save_prior(const Settings& settings, const Material& material, const TrainingState& state,
                double loss_without_network, const std::string& option_values) {
  model::NetworkPrior prior;
  prior.architecture = architecture_of(settings, static_cast<std::int64_t>(material.domain.variables.size()));
  prior.tensors = state.best;
  prior.lag_covariance = material.lag_covariance;
  prior.as_float16 = settings.as_float16;
  prior.remarks = {{"foehn.training", option_values},
                   {"foehn.held_out_loss", fmt::format("{:.6g}", state.best_loss)},
                   {"foehn.held_out_loss_without_network", fmt::format("{:.6g}", loss_without_network)},
                   {"foehn.trained_steps", std::to_string(state.best_step)}};
  if (!settings.attribution.empty()) prior.remarks["foehn.attribution"] = settings.attribution;
  model::save_network_prior(settings.prior, material.domain, prior, material.schedule);
}

}  // namespace foehn::training
