#include "prepare_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "foehn/core/error.hpp"
#include "option_names.hpp"

namespace foehn::app {

namespace {

/// What these options change has a digest of its own: that of the observations.
void add(config::OptionTable& table, const std::string& name, config::OptionTable::Target target,
         config::Description description) {
  description.changes_result = false;
  table.add(name, std::move(target), std::move(description));
}

void add_data_options(config::OptionTable& table, PreparationOptions& options, bool files_required) {
  add(table, "input.files", &options.files,
      {.doc =
           "Files or globs of a simulation (CF NetCDF): one variable a file or many, years split or not, in "
           "any order. Where files overlap they must agree.",
       .required = files_required});
  add(table, "data.variables", &options.variables,
      {.doc =
           "Names in the files, as name=standard name pairs (t2m=air_temperature), for variables whose "
           "standard names there are missing or wrong; those given here hold, and say which way winds go."});
  add(table, "data.without", &options.without,
      {.doc = "Variables, by the prior's names, that are not to be observed: no file needs to hold them."});
  add(table, "data.cell_methods", options.cell_methods.form(),
      {.doc =
           "Whether values are snapshots (point) or time means (mean), in place of what cell_methods in the "
           "files say: one word for all, or variable=word pairs with the prior's names (tas=mean)."});
  add(table, "data.missing_fraction", &options.missing_fraction,
      {.doc = "Part of one coarse cell that may be missing in the files: the rest then stands for all of it. "
              "Where more is missing, the whole coarse cell is (observation.missing_fraction).",
       .unit = "1",
       .minimum = 0,
       .maximum = 0.99});
  add(table, "observation.block", &options.block,
      {.doc = "Cells a side of a block of the domain that is averaged.", .unit = "1", .minimum = 1});
}

void add_regrid_options(config::OptionTable& table, PreparationOptions& options) {
  add(table, "regrid.method", config::Choice(&options.method),
      {.doc = "How fields come onto the domain's fine grid, whose blocks are then averaged, as observations "
              "are compared with samples: bilinear, or conservative (means over the overlaps of cells)."});
  add(table, "regrid.weights", &options.weights,
      {.doc = "Weight file from the files' grid onto the domain's fine grid (of cdo, ESMF or xESMF), "
              "in place of "
              "regrid.method; needed for unstructured grids."});
}

void add_bias_options(config::OptionTable& table, PreparationOptions& options) {
  add(table, "bias.method", config::Choice(&options.bias_method),
      {.doc = "Bias correction on the coarse grid: quantile mapping (qm), with the trend of the mean "
              "kept (dqm), "
              "or with that of every quantile kept (qdm)."});
  add(table, "bias.statistics", &options.statistics,
      {.doc = "Statistics of reference and historical run: read, or written where bias.reference is given. "
              "They keep bias.start, end, kind, bins, by_month and pooled, which must agree with them where "
              "they are given again."});
  add(table, "bias.reference", &options.reference,
      {.doc =
           "Block means of a reanalysis (from coarsen) that the statistics are made from, files or globs."});
  add(table, "bias.historical", &options.historical,
      {.doc = "Files or globs of the simulation's historical run, prepared like input.files."});
  add(table, "bias.start", &options.bias_start,
      {.doc = "First date of reference and historical run to use; default: each its first."});
  add(table, "bias.end", &options.bias_end, {.doc = "Last date of both, included; default: each its last."});
  add(table, "bias.kind", options.bias_kind.form(),
      {.doc =
           "additive (a difference) or multiplicative (a factor, for what cannot be negative): one word for "
           "all, or variable=word pairs; default: additive."});
  add(table, "bias.bins", &options.bias_bins,
      {.doc = "Bins of equal width in each distribution; default: 100.",
       .unit = "1",
       .minimum = 1,
       .maximum = 100000});
  add(table, "bias.by_month", &options.bias_by_month,
      {.doc = "A distribution for each month of the year; default: true."});
  add(table, "bias.pooled", &options.bias_pooled, {.doc = "One distribution for all cells; default: false."});
  add(table, "bias.trend_start", &options.trend_start,
      {.doc = "First date of input.files from which dqm and qdm take the trend; default: that of the period "
              "prepared, or with bias.trend_end their first."});
  add(table, "bias.trend_end", &options.trend_end,
      {.doc = "Last date, included; default: that of the period prepared, or with bias.trend_start their "
              "last."});
}

}  // namespace

void add_preparation_options(config::OptionTable& table, PreparationOptions& options, bool files_required) {
  add_data_options(table, options, files_required);
  add_regrid_options(table, options);
  add_bias_options(table, options);
}

void add_missing_option(config::OptionTable& table, double& fraction) {
  add(table, "observation.missing_fraction", &fraction,
      {.doc = "Part of a variable's coarse values, over all times and cells, that may be missing: they are "
              "fill values in observation files, and not observed. More is refused.",
       .unit = "1",
       .minimum = 0,
       .maximum = 1});
}

void declare_prepare_options(config::OptionTable& table, PrepareOptions& options) {
  add_preparation_options(table, options, true);
  add_missing_option(table, options.missing_values_fraction);
  table.add("prior.path", &options.prior,
            {.doc = "Folder of the prior: its domain.nc gives grid, variables, units and step."});
  table.add("domain.path", &options.domain, {.doc = "A domain.nc by itself, in place of prior.path."});
  table.add("time.start", &options.start,
            {.doc = "First date, such as 2050-01-01, in the calendar of the files; default: their first."});
  table.add("time.end", &options.end,
            {.doc = "Last date, included (a bare date: the whole day); default: their last."});
  table.add("output.path", &options.output,
            {.doc = "Observation file to write, of variables that are snapshots."});
  table.add("output.means", &options.means,
            {.doc = "Observation file to write, of variables that are time means (with their time bounds)."});
}

std::string regridding_name(const PreparationOptions& options) {
  return options.weights.empty() ? config::name_of(options.method) : "weight file";
}

void check_known(const std::string& option, const std::vector<std::string>& named,
                 const std::vector<std::string>& variables) {
  for (const std::string& variable : named)
    if (std::find(variables.begin(), variables.end(), variable) == variables.end())
      throw core::UsageError(fmt::format("{}: the prior has no variable {}; it has {}", option, variable,
                                         fmt::join(variables, ", ")));
}

}  // namespace foehn::app
