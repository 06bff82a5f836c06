#include "foehn/training/material.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/model/gaussian_fit.hpp"
#include "foehn/model/learnt_from.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/residual_fit.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "foehn/training/initial_tensors.hpp"
#include "foehn/training/names.hpp"
#include "foehn/training/static_fields.hpp"

namespace foehn::training {

namespace fs = std::filesystem;

namespace {

io::FieldSelection selection(const Settings& settings) {
  io::FieldSelection result = io::field_selection(settings.variables, settings.crop);
  result.longest_gap = settings.longest_gap;
  return result;
}

model::GaussianFitOptions fit_options(const Settings& settings, const io::FieldReader& reader) {
  return {.markov_order = gaussian_order(settings),
          .may_deviate = settings.may_deviate,
          .transforms = model::transforms_of(settings.transforms, reader.variables())};
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

/// The mean square of each variable, [variable], in some of the hours trained on, evenly spaced.
at::Tensor mean_squares(const FieldCache& fields, std::int64_t hours) {
  constexpr std::int64_t kMostHours = 512;
  const std::int64_t count = std::min(hours, kMostHours);
  at::Tensor sum;
  for (std::int64_t i = 0; i < count; ++i) {
    const at::Tensor squares =
        fields.read(i * hours / count, 1)[0].to(at::kDouble).square().flatten(1).mean(1);
    sum = sum.defined() ? sum + squares : squares;
  }
  return sum / static_cast<double>(count);
}

/// Beside a Gaussian prior: a domain by which residuals have unit size.
constexpr const char* kResiduals = "residuals.nc";
/// In its place, where there is none: a domain by which anomalies have unit size.
constexpr const char* kAnomalies = "anomalies.nc";

std::string names_text(const std::vector<io::Variable>& variables) {
  std::string names;
  for (const io::Variable& variable : variables) names += (names.empty() ? "" : ", ") + variable.name;
  return names;
}

void check_same(const char* option, const std::string& expected, const std::string& found) {
  if (expected != found) throw core::Error(fmt::format("expected {} {}, found {}", option, expected, found));
}

}  // namespace

Record::Record(const Settings& settings)
    : files(io::expand_files(settings.files)),
      reader(files, selection(settings)),
      period(core::with_context(
          "data.start, data.end",
          [&] { return io::select_period(reader.times(), settings.start, settings.end); })),
      held_out(std::llround(settings.held_out_fraction * static_cast<double>(period.size()))),
      static_fields(read_static(settings, reader.grid())) {
  io::require_snapshots(reader, settings.cell_methods, io::kLearntFrom);
  io::say_unnamed(reader.variables());
  const char* const option = settings.has_graph()         ? "network.mesh_level"
                             : reader.grid().unstructured ? "prior.kind"
                             : !settings.tile.empty()     ? "network.tile"
                                                          : "data.crop";
  core::with_context(option, [&] {
    graph_on(reader.grid(), architecture_of(settings, static_cast<std::int64_t>(reader.variables().size())));
  });
  if (held_out < hours_seen(settings))
    throw core::Error(
        fmt::format("data.held_out_fraction: {} fields are held out, expected at least a window, {}",
                    held_out, hours_seen(settings)));
  if (settings.is_conditional() && settings.coarse_grid.empty() && reader.grid().unstructured)
    throw core::UsageError(
        "train.coarse_grid: required where the fields' grid has no rows and columns, and so no blocks");
  if (settings.is_conditional() && settings.coarse_grid.empty())
    for (const std::int64_t block : coarse_form(settings).blocks)
      if (reader.grid().ny() % block != 0 || reader.grid().nx() % block != 0)
        throw core::Error(
            fmt::format("train.block: blocks of {0} x {0} cells do not divide the grid, {1} x {2}", block,
                        reader.grid().ny(), reader.grid().nx()));
  if (!settings.coarse_grid.empty())
    core::with_context("train.coarse_grid",
                       [&] { model::make_coarse_cells(coarse_form(settings), reader.grid()); });
  check_variables(settings, reader.variables().size());
  check_days(settings, reader.step_seconds(), trained().size());
  if (!settings.has_graph()) model::check_fit(trained(), fit_options(settings, reader));
  if (settings.is_conditional())
    core::with_context("train.block, train.every",
                       [&] { model::check_residual_fit(trained(), coarse_form(settings)); });
}

Span Record::span() const {
  return {period.size(), held_out, reader.times().seconds[static_cast<std::size_t>(period.first)]};
}

at::Tensor fit_gaussian(const Record& record, const Settings& settings, const fs::path& folder,
                        const Interruption& interruption) {
  const io::IndexRange trained = record.trained();
  const model::GaussianFitOptions options = fit_options(settings, record.reader);
  const std::int64_t passes = model::kFitPasses + model::TransformedFields::passes(options.transforms);
  core::Progress progress("fitting", passes * trained.size(), "fields", true);
  const model::GaussianFit fit =
      model::fit_gaussian_prior(record.reader, trained, options, [&](std::int64_t hours) {
        progress.advance(hours);
        interruption();
      });
  model::save_gaussian_prior(folder, fit.domain, fit.lag_covariance, diffusion::VpCosine{});
  return fit.inflation;
}

at::Tensor fit_residuals(const Record& record, const Settings& settings, const fs::path& gaussian,
                         const Interruption& interruption) {
  const io::IndexRange trained = record.trained();
  model::Domain domain = settings.has_graph() ? model::read_domain(gaussian / kAnomalies)
                                              : model::load_gaussian_prior(gaussian).domain;
  const std::int64_t passes =
      model::kResidualFitPasses + model::TransformedFields::passes(domain.normalisation.transforms());
  core::Progress progress("fitting residuals", passes * trained.size(), "fields", true);
  const model::ResidualFit fit = model::fit_residuals(record.reader, trained, domain, coarse_form(settings),
                                                      settings.may_deviate, [&](std::int64_t hours) {
                                                        progress.advance(hours);
                                                        interruption();
                                                      });
  domain.normalisation = fit.normalisation;
  model::write_domain(gaussian / kResiduals, domain);
  return fit.inflation;
}

std::string residuals_digest(const Settings& settings, const fs::path& gaussian) {
  return settings.is_conditional() ? core::sha256_of_file(gaussian / kResiduals) : "";
}

void fit_anomalies(const Record& record, const Settings& settings, const fs::path& gaussian,
                   const Interruption& interruption) {
  const io::IndexRange trained = record.trained();
  core::Progress progress("fitting", model::kDomainPasses * trained.size(), "fields", true);
  const model::Domain domain =
      model::fit_domain(record.reader, trained, settings.may_deviate, [&](std::int64_t hours) {
        progress.advance(hours);
        interruption();
      });
  fs::create_directories(gaussian);
  model::write_domain(gaussian / kAnomalies, domain);
}

std::string fitted_digest(const Settings& settings, const fs::path& gaussian) {
  return settings.has_graph() ? core::sha256_of_file(gaussian / kAnomalies) : model::prior_digest(gaussian);
}

Material read_material(const Settings& settings, const fs::path& gaussian, const Span& span) {
  if (settings.has_graph() && settings.is_conditional())
    return {span, model::read_domain(gaussian / kResiduals), {}, {}, coarse_form(settings)};
  if (settings.has_graph()) return {span, model::read_domain(gaussian / kAnomalies), {}, {}};
  model::GaussianBundle fit = model::load_gaussian_prior(gaussian);
  if (settings.corrects_gaussian()) return {span, std::move(fit.domain), fit.lag_covariance, fit.schedule};
  if (settings.is_conditional())
    return {span, model::read_domain(gaussian / kResiduals), {}, fit.schedule, coarse_form(settings)};
  auto& normalisation = fit.domain.normalisation;
  normalisation = model::Normalisation::of_quantiles(settings.normalisation, fit.domain.quantiles,
                                                     normalisation.transforms());
  for (std::int64_t i = 0; i < normalisation.scale().size(0); ++i)
    if (const auto scale = normalisation.scale()[i].item<double>(); !(scale > 0))
      throw core::Error(
          fmt::format("prior.normalisation {}: variable '{}' has a range of {}, expected a positive one",
                      settings.normalisation, fit.domain.variables[static_cast<std::size_t>(i)].name, scale));
  return {span, std::move(fit.domain), {}, fit.schedule};
}

std::shared_ptr<const DrawnWindows> make_drawn_windows(const Settings& settings, const Material& material,
                                                       const fs::path& gaussian) {
  if (settings.drawn == 0) return {};
  const model::GaussianBundle fit = model::load_gaussian_prior(gaussian);
  const model::Domain& domain = material.domain;
  return std::make_shared<DrawnWindows>(
      fit.lag_covariance, fit.domain.normalisation, domain.normalisation,
      model::Clock{domain.calendar, material.span.first_seconds, domain.step_seconds}, hours_seen(settings));
}

std::string make_cache(const fs::path& path, const Record& record, const Material& material,
                       const FieldCache::Known& known, const Interruption& interruption) {
  const std::string digest =
      FieldCache::digest(record.files, record.reader, record.period, material.domain, known);
  if (FieldCache::exists(path, digest)) {
    spdlog::info("using the normalised fields in {}", path.string());
    return digest;
  }
  const std::int64_t passes =
      1 + model::TransformedFields::passes(material.domain.normalisation.transforms());
  core::Progress progress("normalising", passes * record.period.size(), "fields", true);
  FieldCache::write(path, digest, record.reader, record.period, material.domain, known,
                    [&](std::int64_t hours) {
                      progress.advance(hours);
                      interruption();
                    });
  return digest;
}

model::NetworkBundle load_start(const Settings& settings, const std::vector<io::Variable>& variables) {
  model::NetworkBundle found = model::load_network(settings.start_from);
  core::with_context(fmt::format("train.start_from: {}", settings.start_from), [&] {
    const model::PriorDescription& prior = found.description;
    const bool is_edm = prior.schedule.edm() != nullptr;
    check_same("prior.kind", core::name_of(settings.kind), prior.kind);
    check_same("data.variables", names_text(variables), names_text(prior.domain.variables));
    check_same("data.transforms",
               model::text_of(model::transforms_of(settings.transforms, variables), variables),
               model::text_of(prior.domain.normalisation.transforms(), variables));
    check_same("prior.schedule", core::name_of(settings.schedule),
               core::name_of(is_edm ? ScheduleKind::edm : ScheduleKind::vp_cosine));
    if (*prior.network != architecture_of(settings, static_cast<std::int64_t>(variables.size())))
      throw core::Error(
          "its network is another one: expected prior.markov_order, network.kind, network.form, "
          "network.hidden, "
          "network.blocks, network.attention, network.embedding, network.tile, network.dates, network.static "
          "and "
          "network.positions, or network.mesh_level, network.width, network.heads and network.layers, as it "
          "was trained with");
    if (settings.is_conditional()) {
      const model::CoarseForm asked = coarse_form(settings);
      if (asked.blocks != prior.coarse->blocks || asked.every != prior.coarse->every ||
          asked.row_sizes != prior.coarse->row_sizes)
        throw core::Error("expected train.block, train.coarse_grid and train.every as it was trained with");
    }
  });
  return found;
}

double choose_sigma_data(const Settings& settings, const Material& material, const FieldCache& fields,
                         const model::NetworkBundle* start) {
  if (!settings.has_sigma_data()) return 1;
  if (settings.sigma_data) return *settings.sigma_data;
  if (start != nullptr) return start->description.schedule.edm()->sigma_data;
  return std::sqrt(mean_squares(fields, material.span.trained()).mean().item<double>());
}

std::vector<double> choose_coarse_scale(const Material& material, const FieldCache& fields,
                                        const model::NetworkBundle* start) {
  if (start != nullptr) return start->description.coarse->scale;
  const at::Tensor scale = mean_squares(fields, material.span.trained()).sqrt();
  return {scale.data_ptr<double>(), scale.data_ptr<double>() + scale.numel()};
}

void start_from(const model::NetworkBundle& start, TrainingState& state) {
  for (const auto& [name, tensor] : start.tensors)
    for (Tensors* tensors : {&state.parameters, &state.average, &state.best}) tensors->at(name).copy_(tensor);
}

std::unique_ptr<Objective> make_objective(const Settings& settings, const Material& material,
                                          const at::TensorOptions& tensors) {
  const auto architecture =
      architecture_of(settings, static_cast<std::int64_t>(material.domain.variables.size()));
  auto network = model::make_network(architecture,
                                     initial_tensors(architecture, static_cast<std::uint64_t>(settings.seed)),
                                     graph_on(material.domain.grid, architecture), tensors);
  const model::Clock clock{material.domain.calendar, material.span.first_seconds,
                           material.domain.step_seconds};
  network->set_clock(clock);
  if (material.static_fields.defined()) network->set_static_fields(material.static_fields);
  if (settings.is_conditional())
    return std::make_unique<ResidualObjective>(
        std::make_unique<model::ConditionalResidual>(std::move(network), material.schedule.edm()->sigma_data,
                                                     *material.coarse),
        model::deviation_of_hours(material.domain.normalisation, clock),
        model::make_coarse_cells(*material.coarse, material.domain.grid),
        model::TransformedSnapshots(material.domain.normalisation, clock));
  if (!settings.corrects_gaussian()) {
    if (const diffusion::Edm* edm = material.schedule.edm())
      return std::make_unique<EdmObjective>(std::move(network), edm->sigma_data);
    return std::make_unique<NoiseObjective>(std::move(network));
  }
  return std::make_unique<CorrectionObjective>(std::make_unique<model::GaussianPreconditioned>(
      model::GaussianPrior(material.lag_covariance.narrow(0, 0, model::channels_of(architecture).window),
                           tensors),
      std::move(network)));
}

void save_prior(const Settings& settings, const Material& material, const TrainingState& state,
                double loss_without_network, const std::string& option_values) {
  model::NetworkPrior prior;
  prior.architecture = architecture_of(settings, static_cast<std::int64_t>(material.domain.variables.size()));
  prior.tensors = state.best;
  prior.lag_covariance = material.lag_covariance;
  prior.coarse = material.coarse;
  prior.static_fields = material.static_fields;
  prior.as_float16 = settings.as_float16;
  prior.remarks = {{"foehn.training", option_values},
                   {"foehn.held_out_loss", fmt::format("{:.6g}", state.best_loss)},
                   {"foehn.held_out_loss_without_network", fmt::format("{:.6g}", loss_without_network)},
                   {"foehn.trained_steps", std::to_string(state.best_step)}};
  const std::int64_t first = material.span.first_seconds;
  const model::LearntFrom learnt{first, first + (material.span.trained() - 1) * material.domain.step_seconds};
  prior.remarks.merge(model::remarks_of(learnt, material.domain.calendar));
  if (!settings.attribution.empty()) prior.remarks["foehn.attribution"] = settings.attribution;
  model::save_network_prior(settings.prior, material.domain, prior, material.schedule);
}

}  // namespace foehn::training
