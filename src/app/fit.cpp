#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/model/gaussian_fit.hpp"
#include "foehn/model/learnt_from.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "foehn/process/output_folder.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

/// "deviation by cell, smoothed over 1 cells, with a cycle of the day: 0.082 nats per value likelier than
/// one"
std::string describe(const model::DeviationChoice& choice) {
  std::string text = "deviation";
  if (std::isinf(choice.mean_width))
    text += " the same in all cells";
  else
    text += choice.mean_width > 0 ? fmt::format(" by cell, smoothed over {} cells", choice.mean_width)
                                  : std::string(" by cell");
  for (const auto& [width, cycle] :
       {std::pair{choice.day_width, "day"}, std::pair{choice.year_width, "year"}})
    if (width) text += fmt::format(", with a cycle of the {}", cycle);
  return fmt::format("{}: {:.3f} nats per value likelier than one for all, in cross-validation", text,
                     choice.gain);
}

void report(const model::GaussianFit& fit, io::IndexRange period, const std::string& folder) {
  const std::int64_t window = fit.lag_covariance.size(0);
  std::cout << fmt::format("fitted {} steps of {} on {} x {} cells, window of {} steps (Markov order {})\n",
                           period.size(), calendar::format_step(fit.domain.step_seconds),
                           fit.domain.grid.ny(), fit.domain.grid.nx(), window, (window - 1) / 2);
  for (std::size_t i = 0; i < fit.domain.variables.size(); ++i) {
    const auto& variable = fit.domain.variables[i];
    const double* quantile =
        fit.domain.quantiles.data_ptr<double>() + i * model::Domain::kQuantileLevels.size();
    const auto& transforms = fit.domain.normalisation.transforms();
    const bool is_transformed = !transforms.empty() && !transforms[i].is_none();
    std::cout << fmt::format(
        "  {:<8} anomalies {:.4g} {} ({:.1f} % larger than within the fit), 5-95 % range {:.4g} {}\n",
        variable.name, fit.domain.normalisation.scale().data_ptr<double>()[i],
        is_transformed ? "of " + transforms[i].text() : variable.units,
        100 * (fit.inflation.data_ptr<double>()[i] - 1), quantile[6] - quantile[2], variable.units);
    if (!fit.deviation[i].is_one_for_all())
      std::cout << fmt::format("           {}\n", describe(fit.deviation[i]));
  }
  const auto& quality = fit.quality;
  std::cout << fmt::format(
      "on the last {} steps, held out: log-likelihood {:.3f} nats per value (climatology alone: {:.3f}), "
      "mean normalised square {:.2f} (1 where the spread is right), shrinkage {}\n",
      quality.held_out_hours, quality.held_out_log_likelihood, quality.climatology_log_likelihood,
      quality.normalised_square, quality.shrinkage);
  std::cout << fmt::format("wrote the prior {}\n", folder);
}

struct FitOptions {
  std::vector<std::string> files, variables, transforms;
  core::PerVariable<io::TimeSampling> cell_methods;
  std::string start, end, crop, prior;
  Deviating deviation = Deviating::automatic;
  std::int64_t longest_gap = io::kLongestGap;
  model::GaussianFitOptions fit;
};

void declare(config::OptionTable& table, FitOptions& options) {
  table.add("data.files", &options.files,
            {.doc = "Fit to these reanalysis files or globs, joined in time.",
             .are_files = true,
             .required = true});
  add_variables_option(table, options.variables);
  table.add("data.start", &options.start, {.doc = "Begin at this instant; default: the files' first."});
  table.add("data.end", &options.end,
            {.doc = "End at this instant or day, included; default: the files' last."});
  add_crop_option(table, options.crop);
  add_gap_option(table, options.longest_gap);
  add_cell_methods_option(table, options.cell_methods);
  add_transforms_option(table, options.transforms);
  table.add(
      "data.held_out_fraction", &options.fit.held_out_fraction,
      {.doc = "Choose the shrinkage by this fraction of the period, at its end, and score the fit there; the "
              "final fit includes it.",
       .unit = "1",
       .minimum = 0,
       .maximum = 0.5,
       .minimum_excluded = true});
  table.add("prior.path", &options.prior, {.doc = "Write the prior to this folder.", .required = true});
  table.add("prior.markov_order", &options.fit.markov_order,
            {.doc = "Let windows span 2k+1 steps, where k, the Markov order, is this number; default: the "
                    "smallest, up to 12, that denoises the steps held out next to as well as any.",
             .unit = "1",
             .minimum = 0,
             .maximum = 100});
  add_deviation_option(table, options.deviation);
}

int run(const Call& call, const FitOptions& options) {
  io::FieldSelection selection = io::field_selection(options.variables, options.crop);
  selection.longest_gap = options.longest_gap;
  const io::FieldReader reader(io::expand_files(options.files), selection);
  io::require_snapshots(reader, options.cell_methods, io::kLearntFrom);
  const io::IndexRange period = core::with_context(
      "data.start, data.end", [&] { return io::select_period(reader.times(), options.start, options.end); });
  model::GaussianFitOptions fit = options.fit;
  fit.may_deviate = options.deviation == Deviating::automatic;
  fit.transforms = model::transforms_of(options.transforms, reader.variables());
  model::check_fit(period, fit);
  const process::OutputFolder made(options.prior, "prior.path",
                                   true);  // it stays once a prior lies in it
  if (call.validate_only) {
    model::check_bounds(reader, period, fit.transforms, [](std::int64_t) {});
    say_valid("nothing was fitted");
    return 0;
  }
  const std::int64_t passes = model::kFitPasses + model::TransformedFields::passes(fit.transforms);
  core::Progress progress("fitting", passes * period.size(), "fields", true);
  const model::GaussianFit fitted =
      model::fit_gaussian_prior(reader, period, fit, [&](std::int64_t hours) { progress.advance(hours); });
  const std::vector<std::int64_t>& seconds = reader.times().seconds;
  const model::LearntFrom learnt{seconds[static_cast<std::size_t>(period.first)],
                                 seconds[static_cast<std::size_t>(period.last - 1)]};
  model::save_gaussian_prior(options.prior, fitted.domain, fitted.lag_covariance, diffusion::VpCosine{},
                             model::remarks_of(learnt, fitted.domain.calendar));
  io::say_filled(reader);
  io::say_unnamed(reader.variables());
  report(fitted, period, options.prior);
  return 0;
}

}  // namespace

Subcommand fit() {
  return {.name = "fit",
          .summary = "Fit a Gaussian prior to a reanalysis, in seconds.",
          .example =
              "foehn fit --data.files 'era5_*.nc' --data.variables t2m=air_temperature --prior.path "
              "prior",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app
