#include <cmath>
#include <limits>

#include "foehn/model/domain.hpp"
#include "refusal.hpp"

namespace foehn::testing::prepare_test {
namespace {

constexpr std::size_t kTas = 1, kUas = 2;  // among psl, tas, uas, vas
constexpr std::size_t kFirst = 168;        // hour of 2001-01-08

class PrepareRefuses : public Refusal {
 protected:
  PrepareRefuses() { std::filesystem::create_directory(out()); }
};

TEST_P(PrepareRefuses, It) {
  expect_refused("prepare", toy_.prepare_options(out() / "observations.nc"));
}

/// Adds a file that overlaps the other: the same hours.
Spoil add_overlapping(const std::function<void(ToyFields& fields)>& change) {
  return add_bent("input.files", [=](ToyFields& fields) {
    for (double& hour : fields.hours) hour -= 240;
    change(fields);
  });
}

Spoil both(const Spoil& one, const Spoil& other) {
  return [=](Options& options, const std::filesystem::path& folder) {
    one(options, folder);
    other(options, folder);
  };
}

/// The simulation is its own historical run and, which it must not be, its own reference.
Spoil with_historical_run() {
  return [](Options& options, const std::filesystem::path&) {
    options["bias.method"] = "qm";
    options["bias.statistics"] = "statistics.nc";
    options["bias.reference"] = options["bias.historical"] = options["input.files"];
  };
}

const std::vector<BadInput> kBadPrepare = {
    {"AMissingFile", set("input.files", "nowhere.nc"), {"nowhere.nc", "no such file"}},
    {"APatternThatMatchesNothing", set("input.files", "nowhere_*.nc"), {"'nowhere_*.nc'"}},
    {"ATruncatedFile", truncate("input.files", 0.5), {"truncated.nc"}},
    {"AFileThatIsNoNetcdf", set_to_text_file("input.files"), {"text.nc", "NetCDF"}},
    {"NoFiles", leave_out("input.files"), {"required", "input.files"}, 2},
    {"AVariableThatNoFileHolds",
     bend("input.files",
          [](ToyFields& fields) { fields.variables[kTas].standard_name = "dew_point_temperature"; }),
     {"no file holds tas", "tas (dew_point_temperature)", "data.variables"}},
    {"ANameThatNoFileHolds",
     set("data.variables", "t2m=air_temperature"),
     {"no file holds", "t2m", "tas (air_temperature)"}},
    {"ANameForNoVariableOfThePrior",
     set("data.variables", "pr=precipitation_flux"),
     {"data.variables", "precipitation_flux", "air_temperature"},
     2},
    {"ANameWithoutAStandardName", set("data.variables", "t2m"), {"data.variables", "'t2m'"}, 2},
    {"LeavingOutWhatThePriorHasNot",
     set("data.without", "pr"),
     {"data.without: 'pr' is not one of the prior's variables, psl, tas"},
     2},
    {"LeavingOutEverything",
     set("data.without", "psl,tas,uas,vas"),
     {"data.without: no variable is left"},
     2},
    {"AnotherUnit",
     bend("input.files", [](ToyFields& fields) { fields.variables[kTas].units = "Pa"; }),
     {"bent.nc: tas", "Pa", "K"}},
    {"AGapInTime",
     bend("input.files",
          [](ToyFields& fields) {
            for (std::size_t i = kFirst + 5; i < fields.hours.size(); ++i) fields.hours[i] += 2;
          }),
     {"a gap in time between 2001-01-08T04:00:00", "bent.nc", "3 h, expected 1 h"}},
    {"FilesThatOverlapAndDisagree",
     add_overlapping([](ToyFields& fields) { fields.field(kFirst + 3, kTas)[0] += 1; }),
     {"truth.nc", "bent.nc", "disagree", "2001-01-08T03:00:00", "row 0, column 0"}},
    {"FilesOnDifferentGrids",
     add_bent("input.files", [](ToyFields& fields) { fields.grid.y.values.back() += 0.1; }),
     {"bent.nc: not on the grid of", "truth.nc"}},
    {"ASourceThatDoesNotCoverTheDomain",
     bend("input.files",
          [](ToyFields& fields) {
            for (double& y : fields.grid.y.values) y += 5;
          }),
     {"regridding psl", "bent.nc"}},
    {"APeriodBeforeTheData",
     set("time.start", "1999-01-01"),
     {"time.start", "1999-01-01", "2001-01-01T00:00:00"}},
    {"APeriodAfterTheData", set("time.end", "2101-12-31"), {"2101-12-31", "2001-01-10T23:00:00"}},
    {"ADayThatIsNotInTheCalendar", set("time.start", "2001-02-30"), {"time.start", "2001-02-30"}},
    {"BlocksThatDoNotDivideTheDomain", set("observation.block", "5"), {"observation.block", "5 x 5"}},
    {"AMissingPrior", set("prior.path", "nowhere"), {"nowhere/domain.nc"}},
    {"NoDomain", leave_out("prior.path"), {"prior.path", "domain.path"}, 2},
    {"TwoDomains", set("domain.path", "domain.nc"), {"one of prior.path and domain.path"}, 2},
    {"MeansWithoutBounds",
     set("data.cell_methods", "tas=mean"),
     {"truth.nc: tas", "bounds", "data.cell_methods"}},
    {"ACellMethodThatIsNone",
     set("data.cell_methods", "tas=sum"),
     {"data.cell_methods", "point or mean", "sum"},
     2},
    {"ACellMethodOfNoVariable", set("data.cell_methods", "t2m=mean"), {"data.cell_methods", "t2m", "tas"}, 2},
    {"AMissingValue",
     bend("input.files",
          [](ToyFields& fields) {
            fields.field(kFirst + 2, kTas)[0] = std::numeric_limits<float>::quiet_NaN();
          }),
     {"bent.nc: tas: missing value at 2001-01-08T02:00:00, row 0, column 0", "data.cell_missing_fraction"},
     1,
     false},
    {"MoreMissingValuesThanAllowed",
     both(set("observation.missing_fraction", "0.01"),
          bend("input.files",
               [](ToyFields& fields) {  // of 24 instants of 6 blocks
                 for (const std::size_t hour : {2, 7})
                   fields.field(kFirst + hour, kTas)[0] = std::numeric_limits<float>::quiet_NaN();
               })),
     {"bent.nc: tas: missing value at 2001-01-08T02:00:00, row 0, column 0",
      "at least 2 of 144 coarse values are missing, at most 1 % is allowed (observation.missing_fraction)"},
     1,
     false},
    {"NoOutput", leave_out("output.path"), {"psl, tas, uas, vas", "output.path"}, 2},
    {"AnOutputInAMissingFolder", set("output.path", "nowhere/coarse.nc"), {"nowhere/coarse.nc", "no folder"}},
    {"AnOutputThatIsRead",
     [](Options& options, const std::filesystem::path&) { options["output.path"] = options["input.files"]; },
     {"output.path", "would be overwritten"}},
    {"AnOutputThatIsTheDomain",
     [](Options& options, const std::filesystem::path&) {
       options["output.path"] = options["prior.path"] + "/domain.nc";
     },
     {"output.path", "domain.nc", "would be overwritten"}},
    {"StatisticsThatAreRead",
     [](Options& options, const std::filesystem::path& folder) {
       with_historical_run()(options, folder);
       options["bias.reference"] = toy_climate().observations;
       bend("bias.reference", [](ToyFields& fields) {  // every hour, as the simulation
         for (std::size_t i = 0; i < fields.hours.size(); ++i)
           fields.hours[i] = fields.hours.front() + static_cast<double>(i);
       })(options, folder);
       options["bias.statistics"] = options["bias.reference"];
     },
     {"bias.statistics", "would be overwritten"}},
    {"AMissingWeightFile", set("regrid.weights", "nowhere.nc"), {"nowhere.nc"}},
    {"AWeightFileThatIsNone",
     [](Options& options, const std::filesystem::path&) {
       options["regrid.weights"] = options["input.files"];
     },
     {"not a weight file"}},
    {"AnUnknownMethod", set("regrid.method", "nearest"), {"regrid.method", "bilinear", "conservative"}, 2},
    {"AnUnknownOption", set("regrid.methods", "bilinear"), {"did you mean 'regrid.method'?"}, 2},
    {"StatisticsWithoutAMethod", set("bias.statistics", "bias.nc"), {"bias.method"}, 2},
    {"AMethodWithoutStatistics", set("bias.method", "qm"), {"bias.statistics"}, 2},
    {"MissingStatistics",
     both(set("bias.method", "qm"), set("bias.statistics", "nowhere.nc")),
     {"bias.statistics", "nowhere.nc"}},
    {"AReferenceAlone",
     both(set("bias.method", "qm"), both(set("bias.statistics", "s.nc"), set("bias.reference", "r.nc"))),
     {"bias.reference and bias.historical"},
     2},
    {"AReferenceOnAnotherGrid",
     with_historical_run(),
     {"bias.reference", "not on the grid of the observations"}},
    {"AReferenceAtOtherHoursOfTheDay",
     both(with_historical_run(),
          [](Options& options, const std::filesystem::path&) {
            options["bias.reference"] = toy_climate().observations;
          }),
     {"bias.reference: psl, tas, uas, vas: snapshots every 6 h from 00:00 on",
      "bias.historical holds snapshots every 1 h from 00:00 on"}},
    {"AHistoricalRunOfMeans",
     both(with_historical_run(), bend("bias.historical",
                                      [](ToyFields& fields) {
                                        fields.cell_methods = "time: mean";
                                        for (const double hour : fields.hours)
                                          fields.bounds.insert(fields.bounds.end(), {hour, hour + 1});
                                      })),
     {"bias.historical: psl: means over 1 h every 1 h from 00:00 on",
      "input.files hold snapshots every 1 h from 00:00 on"}},
};
INSTANTIATE_TEST_SUITE_P(, PrepareRefuses, ::testing::ValuesIn(kBadPrepare), name_of);

class Prepare : public ::testing::Test {
 protected:
  void run(const std::string& subcommand, const Options& options) {
    const Outcome outcome = run_here(subcommand, options);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(Prepare, GivesWhatCoarsenGivesWhereNothingIsRegridded) {
  ASSERT_NO_FATAL_FAILURE(run("prepare", toy_.prepare_options(folder_ / "prepared.nc")));
  if (!is_root()) return;
  ToyFields prepared(folder_ / "prepared.nc"), coarsened(toy_.observations);
  ASSERT_EQ(prepared.hours.size(), 24);
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_EQ(prepared.hours[6 * i], coarsened.hours[i]);
    for (std::size_t v = 0; v < 4; ++v)
      for (std::size_t cell = 0; cell < 6; ++cell)
        EXPECT_FLOAT_EQ(prepared.field(6 * i, v)[cell], coarsened.field(i, v)[cell]);
  }
}

TEST_F(Prepare, LeavesOutWhatIsNotToBeObserved) {
  Options options = toy_.prepare_options(folder_ / "all.nc");
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  options["data.without"] = "psl,vas";
  options["output.path"] = folder_ / "some.nc";
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  if (!is_root()) return;
  ToyFields all(folder_ / "all.nc"), some(folder_ / "some.nc");
  ASSERT_EQ(some.variables.size(), 2);
  EXPECT_EQ(some.variables[0].name, "tas");
  for (std::size_t cell = 0; cell < 6; ++cell) {
    EXPECT_EQ(some.field(5, 0)[cell], all.field(5, kTas)[cell]);
    EXPECT_EQ(some.field(5, 1)[cell], all.field(5, kUas)[cell]);
  }
}

TEST_F(Prepare, TakesTheUsersNamesOfFilesThatHaveNoneOrWrongOnes) {
  if (is_root()) {
    ToyFields misnamed(toy_.truth);
    misnamed.variables[kTas].standard_name = "surface_temperature";
    misnamed.variables[kUas].standard_name = "";
    misnamed.write(folder_ / "misnamed.nc");
  }
  const std::string two = "tas=air_temperature,uas=eastward_wind";
  Options options = toy_.prepare_options(folder_ / "as_named.nc");
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  options["input.files"] = folder_ / "misnamed.nc";
  options["data.variables"] = two;
  options["output.path"] = folder_ / "as_told.nc";
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  const std::string all = "psl=air_pressure_at_mean_sea_level," + two + ",vas=grid_northward_wind";
  Options fit = toy_.fit_options(folder_ / "prior");
  fit["data.files"] = folder_ / "misnamed.nc";
  fit["data.variables"] = all;
  ASSERT_NO_FATAL_FAILURE(run("fit", fit));
  Options coarsen = toy_.coarsen_options(folder_ / "coarse.nc");
  coarsen["input.file"] = folder_ / "misnamed.nc";
  coarsen["data.variables"] = all;
  ASSERT_NO_FATAL_FAILURE(run("coarsen", coarsen));
  if (!is_root()) return;
  EXPECT_EQ(ToyFields(folder_ / "as_told.nc").values, ToyFields(folder_ / "as_named.nc").values);
  for (const auto& variables : {model::read_domain(folder_ / "prior/domain.nc").variables,
                                ToyFields(folder_ / "coarse.nc").variables}) {
    EXPECT_EQ(variables[kTas].standard_name, "air_temperature");
    EXPECT_EQ(variables[kUas].standard_name, "eastward_wind");
    EXPECT_EQ(variables[kUas + 1].standard_name, "grid_northward_wind");
  }
}

TEST_F(Prepare, WritesMissingCellsUpToAStatedFraction) {
  if (is_root()) {
    ToyFields gaps(toy_.truth);
    gaps.field(kFirst + 2, kTas)[0] = std::numeric_limits<float>::quiet_NaN();
    gaps.write(folder_ / "gaps.nc");
  }
  Options options = toy_.prepare_options(folder_ / "whole.nc");
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  options["input.files"] = folder_ / "gaps.nc";
  options["output.path"] = folder_ / "observations.nc";
  options["observation.missing_fraction"] = "0.01";
  const Outcome outcome = run_here("prepare", options);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("tas: 1 of 144 coarse values are missing, 0.694 %"));
  ToyFields whole(folder_ / "whole.nc"), found(folder_ / "observations.nc");
  EXPECT_TRUE(std::isnan(found.field(2, kTas)[0]));
  found.field(2, kTas)[0] = whole.field(2, kTas)[0];
  EXPECT_EQ(found.values, whole.values);
}

}  // namespace
}  // namespace foehn::testing::prepare_test
