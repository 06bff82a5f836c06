// What archives, and people who fetch files from them, can do to the files of a simulation.
#include <netcdf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "integration/esgf_file.hpp"
#include "refusal.hpp"

namespace foehn::testing::odd_files_test {
namespace {

constexpr std::size_t kInstants = 8;
const std::string kTasFile = "tas.nc";

/// Files by name.
using Simulation = std::map<std::string, EsgfFile>;

/// Names the files of a simulation after a change to them, as a glob.
Spoil simulation(const std::function<void(Simulation& files)>& change) {
  return [=](Options& options, const std::filesystem::path& folder) {
    static ToyFields truth(toy_climate().truth);
    Simulation files;
    for (std::size_t i = 0; i < truth.variables.size(); ++i)
      files[truth.variables[i].name + ".nc"] = esgf_snapshots(truth, i, kInstants);
    change(files);
    std::filesystem::create_directory(folder / "files");
    for (const auto& [name, file] : files) file.write(folder / "files" / name);
    options["input.files"] = folder / "files" / "*.nc";
  };
}

Spoil tas(const std::function<void(EsgfFile& file)>& change) {
  return simulation([=](Simulation& files) { change(files.at(kTasFile)); });
}

/// Splits the temperature's file in two, before a change to the second.
Spoil second_half(const std::function<void(EsgfFile& file)>& change) {
  return simulation([=](Simulation& files) {
    EsgfFile& whole = files.at(kTasFile);
    files["tas_2.nc"] = whole.part(kInstants / 2, kInstants);
    whole = whole.part(0, kInstants / 2);
    change(files.at("tas_2.nc"));
  });
}

/// Calls what the file holds means over the 6 h before each time.
void make_means(EsgfFile& file) {
  file.cell_methods = "area: time: mean";
  for (const double hour : file.hours) file.bounds.insert(file.bounds.end(), {hour - 6, hour});
}

/// Changes a file on disk after good ones were written.
Spoil on_disk(const std::function<void(const std::filesystem::path& file)>& change) {
  return [=](Options& options, const std::filesystem::path& folder) {
    simulation([](Simulation&) {})(options, folder);
    change(folder / "files" / kTasFile);
  };
}

void put_into_a_group(const std::filesystem::path& path) {
  int file = -1, group = -1, dimension = -1, variable = -1;
  nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file);
  nc_def_grp(file, "atmosphere", &group);
  nc_def_dim(group, "time", 4, &dimension);
  nc_def_var(group, "tas", NC_FLOAT, 1, &dimension, &variable);
  nc_close(file);
}

class OddFilesAreRefused : public Refusal {
 protected:
  OddFilesAreRefused() { std::filesystem::create_directory(out()); }
};

Options prepare_options(const std::filesystem::path& output) {
  Options options = toy_climate().prepare_options(output);
  options.erase("time.start");
  options.erase("time.end");
  return options;
}

TEST_P(OddFilesAreRefused, It) {
  expect_refused("prepare", prepare_options(out() / "observations.nc"));
}

/// The same files are as wrong for a sampling that prepares by itself.
TEST_P(OddFilesAreRefused, BySampleAsWell) {
  Options options = toy_.sample_options(out());
  options.erase("input.observations");
  options["observation.block"] = "8";
  Options spoilt = options;
  GetParam().spoil(spoilt, folder_ / "");
  expect_refusal(run_here("sample", spoilt), GetParam());
  EXPECT_THAT(files_in(out()), ::testing::IsEmpty());
}

const std::vector<BadInput> kRefused = {
    {"AnotherModelThatTheGlobCatches",
     simulation([](Simulation& files) {
       EsgfFile other = files.at(kTasFile);
       other.source_id = "UKESM1-0-LL";
       for (double& value : other.values) value += 1;
       files["tas_other.nc"] = other;
     }),
     {"tas.nc", "tas_other.nc", "overlap in time and disagree", "2050-12-29T00:00:00"}},
    {"AnotherHeightThatTheGlobCatches",
     second_half([](EsgfFile& file) { file.height = 10; }),
     {"tas_2.nc: lies at height 10 m, but in", "tas.nc it is height 2 m"}},
    {"ADateThatTheCalendarHasNot",
     [](Options& options, const std::filesystem::path& folder) {
       simulation([](Simulation&) {})(options, folder);
       options["time.start"] = "2050-12-31";
     },
     {"time.start", "the date 2050-12-31T00:00:00 does not exist in the calendar 360_day"}},
    {"MonthsSinceADate",
     tas([](EsgfFile& file) { file.time_units = "months since 2050-01-01"; }),
     {"tas.nc: time", "months since 2050-01-01", "months and years have no fixed length"}},
    {"BoundsOfCellsThatDoNotMeet",
     [](Options& options, const std::filesystem::path& folder) {
       tas([](EsgfFile& file) {
         for (const double latitude : file.lat)
           file.lat_bounds.insert(file.lat_bounds.end(), {latitude - 0.1, latitude + 0.1});
       })(options, folder);
       options["regrid.method"] = "conservative";
     },
     {"tas.nc", "lat: the bounds of", "do not begin where those before it end"}},
    {"AnAbsurdValue",
     tas([](EsgfFile& file) { file.value(2, 7) = 1e5; }),
     {"tas.nc: tas: implausible value 100000 K at 2050-12-29T12:00:00, row 0, column 7", "lat", "lon",
      "175 to 400 K"},
     1,
     false},
    {"AFillValueThatIsNotDeclared",
     tas([](EsgfFile& file) { file.value(1, 7) = 0; }),
     {"tas.nc: tas: implausible value 0 K at 2050-12-29T06:00:00, row 0, column 7", "_FillValue"},
     1,
     false},
    {"AnAbsurdField",
     tas([](EsgfFile& file) {
       for (std::size_t cell = 0; cell < file.lat.size() * file.lon.size(); ++cell) file.value(2, cell) = 399;
     }),
     {"tas.nc: tas: ", "K at 2050-12-29T12:00:00, lat", "lon", "far outside the prior's range"},
     1,
     false},
    {"PointsWithBoundsOfMeans",
     tas([](EsgfFile& file) {
       make_means(file);
       for (std::size_t i = 0; i < file.bounds.size(); ++i) file.bounds[i] += 3;
       file.cell_methods = "area: mean time: point";
     }),
     {"tas.nc: tas: cell_methods 'area: mean time: point' says snapshots", "time_bnds", "data.cell_methods"}},
    {"AnotherGridThatTheGlobCatches",
     second_half([](EsgfFile& file) {
       for (double& longitude : file.lon) longitude += 0.1;
     }),
     {"tas_2.nc: not on the grid of", "tas.nc"}},
    {"MaskedCells",
     tas([](EsgfFile& file) {
       for (std::size_t time = 0; time < kInstants; ++time) file.value(time, 3) = 1e20;
     }),
     {"tas.nc: tas: missing value at 2050-12-29T00:00:00, row 0, column 3", "data.cell_missing_fraction"},
     1,
     false},
    {"TenLevels",
     tas([](EsgfFile& file) {
       file.levels = {{"lev", 10}};
     }),
     {"tas.nc: tas: dimensions (time = 8, lev = 10, lat = 16, lon = 24)", "expected (time, y, x)"}},
    {"AMissingValueThatIsText",
     tas([](EsgfFile& file) { file.attributes["missing_value"] = std::string("1e20"); }),
     {"tas.nc: tas: attribute missing_value is the text '1e20', expected a number"}},
    {"ValuesBeyondTheirValidRange",
     tas([](EsgfFile& file) {
       file.attributes["valid_range"] = std::vector<double>{150, 350};
       file.value(2, 7) = 1e4;
     }),
     {"tas.nc: tas: missing value at 2050-12-29T12:00:00, row 0, column 7", "data.cell_missing_fraction"},
     1,
     false},
    {"AMissingValueOfAnotherType",
     tas([](EsgfFile& file) {
       file.type = io::NetcdfType::float64;
       file.attributes = {{"missing_value", 1e20F}};
       file.value(2, 7) = 1e20;
     }),
     {"tas.nc: tas: missing value at 2050-12-29T12:00:00, row 0, column 7"},
     1,
     false},
    {"TwoValuesAtOneTime",
     tas([](EsgfFile& file) { file.hours[kInstants - 1] = file.hours[kInstants - 2]; }),
     {"tas.nc holds a time twice", "disagree", "2050-12-30T12:00:00"}},
    {"BoundsThatAreNamedButNotThere",
     tas([](EsgfFile& file) {
       make_means(file);
       file.bounds_name = "time_bounds";
     }),
     {"tas.nc: tas: its time coordinate names bounds, time_bounds, which are not in the file"}},
    {"CalendarsThatDifferAmongTheFilesOfAVariable",
     second_half([](EsgfFile& file) { file.calendar = "noleap"; }),
     {"tas", "calendar", "noleap", "360_day", "tas.nc", "tas_2.nc"}},
    {"CalendarsThatDifferAmongVariables",
     tas([](EsgfFile& file) { file.calendar = "noleap"; }),
     {"tas", "noleap", "psl", "360_day"}},
    {"SnapshotsAndMeansOfOneVariable",
     second_half(make_means),
     {"tas_2.nc holds means over 6 h", "tas.nc holds snapshots"}},
    {"HalfOfTheYears",
     simulation([](Simulation& files) {
       EsgfFile& whole = files.at(kTasFile);
       files["tas_2.nc"] = whole.part(5, kInstants);
       whole = whole.part(0, 3);
     }),
     {"tas: a gap in time between 2050-12-29T12:00:00", "tas.nc", "2050-12-30T06:00:00", "tas_2.nc"}},
    {"AFolder",
     [](Options& options, const std::filesystem::path& folder) {
       simulation([](Simulation&) {})(options, folder);
       options["input.files"] += "," + (folder / "files").string();
     },
     {"files: not a regular file"}},
    {"AnEmptyFile",
     on_disk([](const auto& file) { io::write_content(file, ""); }),
     {"tas.nc: cannot be opened as NetCDF"}},
    {"AFileThatEndsWithinItsData",
     on_disk([](const auto& file) {
       std::filesystem::resize_file(file, std::filesystem::file_size(file) * 9 / 10);
     }),
     {"tas.nc: cannot be opened as NetCDF", "truncated"}},
    {"VariablesInGroups", on_disk(put_into_a_group), {"tas.nc: its variables are in groups"}},
    {"AnErrorPageInPlaceOfAFile",
     on_disk([](const auto& file) { io::write_content(file, "<html>503 Service Unavailable</html>\n"); }),
     {"tas.nc: cannot be opened as NetCDF"}},
};
INSTANTIATE_TEST_SUITE_P(, OddFilesAreRefused, ::testing::ValuesIn(kRefused), name_of);

TEST(OddFiles, OfDailyMeansAmongSnapshotsGoToAFileOfTheirOwn) {
  const io::TemporaryFolder folder;
  Options options = prepare_options(folder / "observations.nc");
  tas([](EsgfFile& file) {
    file = file.part(0, 2);
    file.cell_methods = "area: time: mean";
    file.hours = {12, 36};
    file.bounds = {0, 24, 24, 48};
  })(options, folder / "");
  expect_refusal(run_here("prepare", options),
                 {"", {}, {"tas: time means over 1 d", "give output.means"}, 2});
  options["output.means"] = folder / "means.nc";
  const Outcome outcome = run_here("prepare", options);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  if (is_root()) {
    EXPECT_THAT(outcome.out, ::testing::HasSubstr("means.nc: means of tas on 2 x 3 blocks, 2 instants"));
  }
}

TEST(OddFiles, MustBeReadable) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may read every file";
  const io::TemporaryFolder folder;
  Options options = prepare_options(folder / "observations.nc");
  on_disk([](const auto& file) { ::chmod(file.c_str(), 0); })(options, folder / "");
  expect_refusal(run_here("prepare", options), {"", {}, {"tas.nc", "Permission denied"}});
}

/// Files that are odd and yet say the same as plain ones.
class OddFilesArePrepared : public ::testing::TestWithParam<BadInput> {
 protected:
  std::vector<float> prepare(const Spoil& spoil, const std::string& name, Outcome& outcome) const {
    std::filesystem::create_directory(folder_ / name);
    Options options = prepare_options(folder_ / name / "observations.nc");
    spoil(options, folder_ / name);
    outcome = run_here("prepare", options);
    if (!is_root() || outcome.exit_code != 0) return {};
    return ToyFields(folder_ / name / "observations.nc").values;
  }
  io::TemporaryFolder folder_;
};

TEST_P(OddFilesArePrepared, AsPlainOnes) {
  Outcome plain, odd;
  const auto expected = prepare(simulation([](Simulation&) {}), "plain", plain);
  const auto found = prepare(GetParam().spoil, "odd", odd);
  ASSERT_EQ(plain.exit_code, 0) << plain;
  ASSERT_EQ(odd.exit_code, 0) << odd;
  if (!is_root()) return;
  for (const std::string& word : GetParam().words) EXPECT_THAT(odd.err, ::testing::HasSubstr(word));
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], 1e-6 * std::abs(expected[i]) + 1e-3) << "value " << i;
}

const std::vector<BadInput> kPrepared = {
    {"ALevelOfSizeOne",
     tas([](EsgfFile& file) {
       file.levels = {{"plev", 1}};
     }),
     {}},
    {"TimesThatGoBack",
     tas([](EsgfFile& file) {
       EsgfFile back = file;
       std::reverse(back.hours.begin(), back.hours.end());
       back.values.clear();
       for (std::size_t i = kInstants; i-- > 0;) {
         const EsgfFile one = file.part(i, i + 1);
         back.values.insert(back.values.end(), one.values.begin(), one.values.end());
       }
       file = back;
     }),
     {}},
    {"OneTimeTwiceWithTheSameValues",
     tas([](EsgfFile& file) {
       const EsgfFile last = file.part(kInstants - 1, kInstants);
       file.hours.push_back(last.hours.front());
       file.values.insert(file.values.end(), last.values.begin(), last.values.end());
     }),
     {}},
    {"AnotherUnitInOneOfTheFiles",
     second_half([](EsgfFile& file) {
       file.units = "degC";
       for (double& value : file.values) value -= 273.15;
     }),
     {}},
    {"PackedIntegers",
     tas([](EsgfFile& file) {
       file.type = io::NetcdfType::int32;
       file.attributes = {{"scale_factor", 1e-4}, {"add_offset", 283.0}};
       for (double& value : file.values) value = std::round((value - 283) * 1e4);
     }),
     {}},
    {"PackedCoordinates",
     simulation([](Simulation& files) {
       for (auto& [name, file] : files) file.coordinate_scale = 1e-6;
     }),
     {}},
    {"LongitudesThatJumpByATurn",
     simulation([](Simulation& files) {
       for (auto& [name, file] : files) file.lon[0] += 360;
     }),
     {}},
    {"AnotherTimeZoneAndUnit",
     tas([](EsgfFile& file) {
       file.time_units = "weeks since 2050-12-29T01:00:00 +01:00";
       for (double& hour : file.hours) hour /= 7;
     }),
     {}},
    {"ASecondHalfInTheOtherGregorianCalendar",
     simulation([](Simulation& files) {
       for (auto& [name, file] : files) file.calendar = "proleptic_gregorian";
       EsgfFile& whole = files.at(kTasFile);
       files["tas_2.nc"] = whole.part(kInstants / 2, kInstants);
       files.at("tas_2.nc").calendar = "standard";
       whole = whole.part(0, kInstants / 2);
     }),
     {}},
    {"LongitudesOnceAroundTheEarth",
     simulation([](Simulation& files) {
       for (auto& [name, file] : files)
         for (double& longitude : file.lon) longitude += 360;
     }),
     {}},
    {"BoundsOfSnapshotsThatAreNotThere",
     tas([](EsgfFile& file) {
       make_means(file);
       file.cell_methods = "area: mean time: point";
       file.bounds_name = "time_bounds";
     }),
     {}},
    {"AnotherModelInTheSecondHalf",
     second_half([](EsgfFile& file) { file.source_id = "UKESM1-0-LL"; }),
     {"the files have more than one source_id: HadGEM3-GC31-MM, UKESM1-0-LL"}},
    {"FilesOfNoUse",
     simulation([](Simulation& files) {
       files["pr.nc"] = files.at(kTasFile);
       files.at("pr.nc").name = "pr";
       files.at("pr.nc").standard_name = "precipitation_flux";
     }),
     {"1 of 5 files hold none of the wanted variables"}},
};
INSTANTIATE_TEST_SUITE_P(, OddFilesArePrepared, ::testing::ValuesIn(kPrepared), name_of);

}  // namespace
}  // namespace foehn::testing::odd_files_test
