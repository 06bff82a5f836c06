#include "prepare_options.hpp"

#include <utility>

#include "foehn/config/per_variable.hpp"
#include "option_names.hpp"

namespace foehn::app {

namespace {

/// What these options change has a digest of its own: that of the observations.
void add(config::OptionTable& table, const std::string& name, config::OptionTable::Target target,
         config::Description description) {
  description.changes_result = false;
  table.add(name, std::move(target), std::move(description));
}

void add_data_options(config::OptionTable& table, ingestion::PreparationOptions& options,
                      bool files_required) {
  add(table, "input.files", &options.files,
      {.doc = "Read these files or globs of a simulation (CF NetCDF): one or many variables per file, years "
              "split or not, in any order. Where files overlap they must agree.",
       .are_files = true,
       .required = files_required});
  add(table, "data.variables", &options.variables,
      {.doc = "Find these variables by name=standard name pairs (t2m=air_temperature), names as in the "
              "files, where the files' standard names are missing or wrong; the standard name given here "
              "also says which directions the wind components have."});
  add(table, "data.without", &options.without,
      {.doc = "Leave these variables of the prior unobserved; no file needs to contain them."});
  add(table, "data.cell_methods", config::form_of(options.cell_methods),
      {.doc = "Treat values as snapshots (point) or time means (mean), whatever cell_methods in the files "
              "say: one word for all variables, or variable=word pairs with the prior's names (tas=mean)."});
  add(table, "data.cell_missing_fraction", &options.cell_missing_fraction,
      {.doc = "If at most this fraction of a coarse cell is missing in the files, average over the rest; "
              "otherwise treat the cell as missing (observation.missing_fraction).",
       .unit = "1",
       .minimum = 0,
       .maximum = 0.99});
  add(table, "observation.block", &options.block,
      {.doc = "Average over blocks of this many cells of the domain per side.", .unit = "1", .minimum = 1});
}

void add_regrid_options(config::OptionTable& table, ingestion::PreparationOptions& options) {
  add(table, "regrid.method", config::Choice(&options.method),
      {.doc = "Regrid to the domain's fine grid by this method, bilinear or conservative (means over "
              "the overlaps of cells); the blocks are then averaged, as they are when samples are compared "
              "with observations."});
  add(table, "regrid.weights", &options.weights,
      {.doc = "Regrid with this weight file, from the files' grid to the domain's fine grid (from cdo, ESMF "
              "or xESMF), instead of regrid.method; needed for unstructured grids.",
       .is_path = true});
}

void add_bias_options(config::OptionTable& table, ingestion::PreparationOptions& options) {
  add(table, "bias.method", config::Choice(&options.bias_method),
      {.doc = "Correct bias on the coarse grid by quantile mapping (qm), keeping the trend of the mean "
              "(dqm), or keeping the trend of every quantile (qdm)."});
  add(table, "bias.statistics", &options.statistics,
      {.doc = "Read the statistics of reference and historical run from this file, or write them there if "
              "bias.reference is given. The file keeps bias.start, end, kind, bins, by_month and pooled; "
              "if these are given again, they must agree.",
       .is_path = true});
  add(table, "bias.reference", &options.reference,
      {.doc =
           "Estimate the statistics from these files or globs of block means of a reanalysis (from coarsen).",
       .are_files = true});
  add(table, "bias.historical", &options.historical,
      {.doc =
           "Estimate the statistics from these files or globs of the simulation's historical run, prepared "
           "like input.files.",
       .are_files = true});
  add(table, "bias.start", &options.bias_start,
      {.doc = "Use reference and historical run from this date on; default: from the first date of each."});
  add(table, "bias.end", &options.bias_end,
      {.doc = "Use reference and historical run up to this date, included; default: up to the last date of "
              "each."});
  add(table, "bias.kind", config::form_of(options.bias_kind),
      {.doc = "Correct by a difference (additive) or by a factor (multiplicative, for variables that cannot "
              "be negative): one word for all variables, or variable=word pairs; default: additive."});
  add(table, "bias.bins", &options.bias_bins,
      {.doc = "Divide each distribution into this many bins of equal width; default: 100.",
       .unit = "1",
       .minimum = 1,
       .maximum = 100000});
  add(table, "bias.by_month", &options.bias_by_month,
      {.doc = "Use one distribution per calendar month; default: true."});
  add(table, "bias.pooled", &options.bias_pooled,
      {.doc = "Use one distribution for all cells; default: false."});
  add(table, "bias.trend_start", &options.trend_start,
      {.doc = "Take the trend for dqm and qdm from input.files from this date on; default: the start of the "
              "period prepared, or, with bias.trend_end, the files' first date."});
  add(table, "bias.trend_end", &options.trend_end,
      {.doc = "Take the trend up to this date, included; default: the end of the period prepared, or, with "
              "bias.trend_start, the files' last date."});
}

}  // namespace

void add_preparation_options(config::OptionTable& table, ingestion::PreparationOptions& options,
                             bool files_required) {
  add_data_options(table, options, files_required);
  add_regrid_options(table, options);
  add_bias_options(table, options);
}

void add_missing_option(config::OptionTable& table, double& fraction) {
  add(table, "observation.missing_fraction", &fraction,
      {.doc = "Accept this fraction of missing coarse values per variable, over all times and cells, and "
              "refuse more. Missing values become fill values in observation files and are treated as not "
              "observed.",
       .unit = "1",
       .minimum = 0,
       .maximum = 1});
}

void declare_prepare_options(config::OptionTable& table, PrepareOptions& options) {
  add_preparation_options(table, options, true);
  add_missing_option(table, options.missing_fraction);
  table.add("prior.path", &options.prior,
            {.doc = "Read grid, variables, units and step from the domain.nc in this folder of a prior."});
  table.add("domain.path", &options.domain, {.doc = "Read them from this domain.nc instead of prior.path."});
  table.add(
      "time.start", &options.start,
      {.doc = "Begin at this date, such as 2050-01-01, in the calendar of the files; default: their first."});
  table.add(
      "time.end", &options.end,
      {.doc = "End at this date, included (a bare date means the whole day); default: the files' last."});
  table.add("output.path", &options.output,
            {.doc = "Write the observations of variables given as snapshots to this file."});
  table.add(
      "output.means", &options.means,
      {.doc =
           "Write the observations of variables given as time means to this file, with their time bounds."});
}

}  // namespace foehn::app
