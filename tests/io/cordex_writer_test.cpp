#include "foehn/io/cordex_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <numeric>
#include <set>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::io {
namespace {

using calendar::Calendar;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::ThrowsMessage;

CordexMetadata make_metadata() {
  CordexMetadata metadata;
  for (const CordexKey& key : cordex_keys())
    if (key.is_required) metadata.attributes[key.name] = "X1";
  metadata.attributes["domain_id"] = "EUR-12";
  metadata.attributes["driving_source_id"] = "ERA5";
  metadata.attributes["driving_experiment_id"] = "evaluation";
  metadata.attributes["driving_variant_label"] = "r1i1p1f1";
  metadata.attributes["institution_id"] = "INST";
  metadata.attributes["source_id"] = "FOEHN-1";
  return metadata;
}

/// Two variables on 3 x 4 cells, every hour from the last three of 2019.
TrajectoryHeader make_header(bool rotated = true) {
  TrajectoryHeader header;
  header.variables = {{"msl", "air_pressure_at_mean_sea_level", "Pa"}, {"t2m", "", "kelvin"}};
  header.grid = {{"rlat", "grid_latitude", "degrees", {-1, 0, 1}},
                 {"rlon", "grid_longitude", "degrees", {-2, 0, 2, 4}},
                 grid::RotatedPole{39.25, -162, 0}};
  if (!rotated)
    header.grid = {{"latitude", "latitude", "degrees_north", {52, 51.5, 51}},
                   {"longitude", "longitude", "degrees_east", {-1, -0.5, 0, 0.5}},
                   std::nullopt};
  header.first_seconds = calendar::to_seconds({2019, 12, 31, 21}, header.calendar);
  header.realization = 4;
  header.attributes = {
      {"title", std::string("a test")}, {"history", std::string("a test")}, {"foehn_seed", std::int64_t{7}}};
  return header;
}

std::vector<float> make_values(std::int64_t instants) {
  std::vector<float> values(static_cast<std::size_t>(instants) * 24);
  std::iota(values.begin(), values.end(), 250.25F);
  return values;
}

void write_member(const TemporaryFolder& folder, const TrajectoryHeader& header,
                  const CordexMetadata& metadata, std::int64_t instants) {
  CordexWriter writer(folder / "", header, metadata, instants);
  writer.append(make_values(instants));
  writer.commit();
}

std::vector<std::string> names_of(const TrajectoryHeader& header, std::int64_t instants) {
  std::vector<std::string> names;
  for (const CordexFile& file : cordex_files(header, make_metadata(), instants)) names.push_back(file.name);
  return names;
}

constexpr const char* kSimulation = "_EUR-12_ERA5_evaluation_r1i1p1f1_INST_FOEHN-1_v1-r5_";

std::string name_of(const std::string& variable, const std::string& rest) {
  return variable + kSimulation + rest + ".nc";
}

TEST(CordexFiles, AreNamedByVariableSimulationAndSpan) {
  EXPECT_THAT(names_of(make_header(), 5), ElementsAre(name_of("psl", "1hr_201912312100-201912312300"),
                                                      name_of("tas", "1hr_201912312100-201912312300"),
                                                      name_of("psl", "1hr_202001010000-202001010100"),
                                                      name_of("tas", "1hr_202001010000-202001010100")));
}

TEST(CordexFiles, EndWithTheYearOfTheirCalendar) {
  struct Case {
    Calendar calendar;
    std::int64_t step_hours;
    std::string last_of_year;
    std::int64_t instants;
  };
  for (const Case& given : {Case{Calendar::day_360, 6, "6hr_201601010000-201612301800", 1440},
                            Case{Calendar::noleap, 3, "3hr_201601010000-201612312100", 2920},
                            Case{Calendar::standard, 1, "1hr_201601010000-201612312300", 8784}}) {
    TrajectoryHeader header = make_header();
    header.variables.pop_back();
    header.calendar = given.calendar;
    header.step_seconds = given.step_hours * 3600;
    header.first_seconds = calendar::to_seconds({2016}, given.calendar);
    const auto files = cordex_files(header, make_metadata(), given.instants + 1);
    ASSERT_THAT(files, SizeIs(2));
    EXPECT_EQ(files[0].name, name_of("psl", given.last_of_year));
    EXPECT_EQ(files[0].count, given.instants);
    EXPECT_EQ(files[1].first, given.instants);
    EXPECT_THAT(files[1].name, HasSubstr("_201701010000-201701010000.nc"));
  }
}

TEST(CordexFiles, OfTwoMembersShareNoName) {
  TrajectoryHeader header = make_header();
  header.realization = 0;
  EXPECT_THAT(names_of(header, 2), Each(HasSubstr("_v1-r1_")));
  header.realization = 10;
  EXPECT_THAT(names_of(header, 2), Each(HasSubstr("_v1-r11_")));
}

TEST(CordexFiles, RefuseWhatTheArchiveDoesNotKnow) {
  const auto expect_refused = [](const std::function<void(TrajectoryHeader&)>& bend, const auto& words) {
    TrajectoryHeader header = make_header();
    bend(header);
    EXPECT_THAT([&] { names_of(header, 5); }, ThrowsMessage<core::Error>(words));
  };
  expect_refused([](auto& header) { header.step_seconds = 600; }, HasSubstr("a step of 10 min"));
  expect_refused([](auto& header) { header.first_seconds += 1800; },
                 AllOf(HasSubstr("2019-12-31T21:30:00"), HasSubstr("multiple of 1 h")));
  expect_refused([](auto& header) { header.variables[0].name = "pr"; },
                 AllOf(HasSubstr("variable pr"), HasSubstr("tas, huss")));
  expect_refused([](auto& header) { header.variables[1].units = "degC"; },
                 AllOf(HasSubstr("t2m"), HasSubstr("degC, expected K")));
  expect_refused([](auto& header) { header.variables[1].standard_name = "dew_point_temperature"; },
                 AllOf(HasSubstr("t2m"), HasSubstr("expected air_temperature")));
  expect_refused(
      [](auto& header) {
        header.variables[0] = {"tas", "air_temperature", "K"};
      },
      AllOf(HasSubstr("t2m"), HasSubstr("two"), HasSubstr("tas")));
  expect_refused(
      [](auto& header) {
        header.first_seconds = calendar::to_seconds({9999, 12, 31, 23}, header.calendar);
      },
      HasSubstr("9999"));
}

TEST(CordexMetadataCheck, NamesWhatIsMissingAndWhatIsNotOfItsForm) {
  CordexMetadata metadata = make_metadata();
  check(metadata);
  metadata.attributes["contact"] = metadata.attributes["domain"] = "";
  EXPECT_THAT([&] { check(metadata); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("missing: domain (expected the region's name"),
                                               HasSubstr("; contact (expected"))));
  for (const auto& [key, value] : {std::pair{"source_id", "my_model"},
                                   {"driving_variant_label", "r1"},
                                   {"creation_date", "2025-02-30T00:00:00Z"},
                                   {"creation_date", "today"}}) {
    metadata = make_metadata();
    metadata.attributes[key] = value;
    EXPECT_THAT([&] { check(metadata); }, ThrowsMessage<core::Error>(AllOf(
                                              HasSubstr(std::string(key) + ": expected"), HasSubstr(value))));
  }
}

TEST(CordexWriter, WritesTheMembersValuesAndTimesBitForBit) {
  for (const std::int64_t chunk : {1, 2, 7, 30}) {
    const TemporaryFolder folder;
    const TrajectoryHeader header = make_header();
    const std::vector<float> values = make_values(30);
    CordexWriter writer(folder / "", header, make_metadata(), 30);
    for (std::int64_t first = 0; first < 30; first += chunk) {
      const auto count = static_cast<std::size_t>(std::min<std::int64_t>(chunk, 30 - first)) * 24;
      writer.append(std::span(values).subspan(static_cast<std::size_t>(first) * 24, count));
    }
    writer.commit();
    ASSERT_THAT(folder.names(), SizeIs(4));
    for (const std::size_t variable : {0U, 1U}) {
      std::vector<std::filesystem::path> files;
      for (const CordexFile& file : cordex_files(header, make_metadata(), 30))
        if (file.variable == variable) files.push_back(folder / file.name);
      const FieldReader reader(files, {});
      ASSERT_EQ(reader.times().size(), 30);
      EXPECT_EQ(reader.times().seconds.front(), header.first_seconds);
      EXPECT_EQ(reader.step_seconds(), 3600);
      EXPECT_EQ(reader.grid().rotated_pole, header.grid.rotated_pole);
      std::vector<float> found(std::size_t{30} * 12);
      reader.read(0, 30, found);
      for (std::size_t i = 0; i < found.size(); ++i)
        ASSERT_EQ(found[i], values[(i / 12 * 2 + variable) * 12 + i % 12]) << i;
    }
  }
}

TEST(CordexWriter, DescribesAFileAsTheArchiveWants) {
  const TemporaryFolder folder;
  CordexMetadata metadata = make_metadata();
  metadata.tracking_prefix = "hdl:21.14103";
  write_member(folder, make_header(), metadata, 3);
  const NetcdfFile file = NetcdfFile::open(folder / name_of("tas", "1hr_201912312100-201912312300"));
  const Attributes global = file.global_attributes();
  const auto text = [&](const char* name) { return std::get<std::string>(global.at(name)); };
  for (const CordexKey& key : cordex_keys())
    EXPECT_EQ(global.contains(key.name),
              key.is_required || *key.value != '\0' || key.name == std::string("version_realization_info"))
        << key.name;
  EXPECT_EQ(text("Conventions"), "CF-1.11");
  EXPECT_EQ(text("frequency"), "1hr");
  EXPECT_EQ(text("variable_id"), "tas");
  EXPECT_EQ(text("version_realization"), "v1-r5");
  EXPECT_EQ(text("foehn_seed"), "7");
  EXPECT_THAT(text("tracking_id"),
              testing::MatchesRegex(
                  "hdl:21.14103/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));

  const NetcdfVariable tas = file.variable("tas");
  EXPECT_EQ(tas.text("standard_name"), "air_temperature");
  EXPECT_EQ(tas.text("long_name"), "Near-Surface Air Temperature");
  EXPECT_EQ(tas.text("units"), "K");
  EXPECT_EQ(tas.text("cell_methods"), "area: mean time: point");
  EXPECT_EQ(tas.text("coordinates"), "height lat lon");
  EXPECT_EQ(tas.text("grid_mapping"), "crs");
  EXPECT_EQ(std::get<float>(tas.attributes.at("_FillValue")), 1e20F);
  EXPECT_EQ(std::get<float>(tas.attributes.at("missing_value")), 1e20F);
  EXPECT_THAT(file.read_doubles(file.variable("height")), ElementsAre(2));
  EXPECT_EQ(file.variable("crs").number("earth_radius"), 6371229);
  EXPECT_EQ(file.variable("time").text("units"), "days since 1950-01-01");
}

TEST(CordexWriter, GivesEveryFileItsOwnTrackingIdAndTheSameAgain) {
  CordexMetadata metadata = make_metadata();
  metadata.tracking_prefix = "hdl:21.14103";
  std::vector<std::string> ids;
  for (int run = 0; run < 2; ++run) {
    const TemporaryFolder folder;
    write_member(folder, make_header(), metadata, 5);
    for (const CordexFile& file : cordex_files(make_header(), metadata, 5))
      ids.push_back(
          std::get<std::string>(NetcdfFile::open(folder / file.name).global_attributes().at("tracking_id")));
  }
  EXPECT_TRUE(std::equal(ids.begin(), ids.begin() + 4, ids.begin() + 4));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(4));
}

TEST(CordexWriter, PublishesAllFilesOfAMemberTogetherOrNone) {
  const TemporaryFolder folder;
  {
    CordexWriter writer(folder / "", make_header(), make_metadata(), 5);
    writer.append(make_values(4));
    EXPECT_THAT(folder.names(), AllOf(SizeIs(4), Each(testing::StartsWith("."))));
    EXPECT_THAT([&] { writer.append(make_values(2)); }, ThrowsMessage<core::Error>(HasSubstr("5 instants")));
    EXPECT_THAT([&] { writer.commit(); }, ThrowsMessage<core::Error>(HasSubstr("4 instants, expected 5")));
    EXPECT_THAT([&] { writer.append(std::vector<float>(25)); },
                ThrowsMessage<core::Error>(HasSubstr("no whole instants")));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(CordexWriter, CountsDaysFromAnEarlierDateWhereItMust) {
  const TemporaryFolder folder;
  TrajectoryHeader header = make_header();
  header.calendar = Calendar::day_360;
  header.first_seconds = calendar::to_seconds({1949, 12, 30, 12}, header.calendar);
  header.step_seconds = 6 * 3600;
  write_member(folder, header, make_metadata(), 4);
  for (const CordexFile& file : cordex_files(header, make_metadata(), 4)) {
    const NetcdfFile opened = NetcdfFile::open(folder / file.name);
    EXPECT_EQ(opened.variable("time").text("units"), "days since 1850-01-01");
    EXPECT_EQ(opened.variable("time").text("calendar"), "360_day");
    EXPECT_EQ(opened.read_doubles(opened.variable("time"))[0], file.first == 0 ? 35999.5 : 36000);
  }
}

/// What a command prints, errors included, and its exit status.
std::pair<std::string, int> run(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), size);
  return {output, ::pclose(pipe)};
}

class CordexMember : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { write_member(folder_, make_header(GetParam()), make_metadata(), 5); }
  std::string all() const { return (folder_ / "*.nc").string(); }
  TemporaryFolder folder_;
};

TEST_P(CordexMember, OpensInCdoWithoutAWarning) {
  if (run("cdo --version").second != 0) GTEST_SKIP() << "skipped: no cdo";
  for (const char* operation : {"sinfo", "sinfon", "griddes"}) {
    const auto [output, status] = run("for f in " + all() + "; do cdo " + operation + " $f || exit 1; done");
    EXPECT_EQ(status, 0) << output;
    EXPECT_THAT(output, Not(testing::ContainsRegex("[Ww]arning|[Ee]rror|generic|unstructured"))) << operation;
    EXPECT_THAT(output, HasSubstr(GetParam() ? "rotated_latitude_longitude" : "lonlat"));
  }
}

TEST_P(CordexMember, OpensInXarrayWithoutAWarning) {
  if (run("/usr/bin/python3 -c 'import xarray, netCDF4'").second != 0) GTEST_SKIP() << "skipped: no xarray";
  const std::string script =
      "import glob, netCDF4, warnings, xarray\n"
      "warnings.simplefilter(\"error\")\n"
      "for path in glob.glob(\"" +
      all() +
      "\"):\n"
      "  d = xarray.open_dataset(path)\n"
      "  d.load()\n"
      "  v = d[d.variable_id]\n"
      "  assert v.dtype == \"float32\" and v.shape[1:] == (3, 4), d\n"
      "  if d.variable_id == \"tas\": assert float(v.height) == 2, d\n"
      "  year = d.time.dt.round(\"s\").dt.year.values\n"
      "  assert (year == int(path.split(\"_\")[-1][:4])).all(), d.time\n";
  const auto [output, status] = run("/usr/bin/python3 -W ignore::DeprecationWarning -c '" + script + "'");
  EXPECT_EQ(status, 0) << output;
}

TEST_P(CordexMember, PassesTheCfChecker) {
  if (run("compliance-checker --version").second != 0) GTEST_SKIP() << "skipped: no compliance-checker";
  const auto [output, status] = run("compliance-checker --test=cf:1.11 --criteria=strict " + all());
  EXPECT_EQ(status, 0) << output;
}

INSTANTIATE_TEST_SUITE_P(Grids, CordexMember, testing::Bool(),
                         [](const auto& grid) { return grid.param ? "Rotated" : "Geographic"; });

}  // namespace
}  // namespace foehn::io
