#include "foehn/io/cordex_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <set>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/wind_turning.hpp"
#include "grid/grids.hpp"
#include "io/cordex_member.hpp"
#include "io/member_chunks.hpp"
#include "io/run_command.hpp"
#include "io/test_files.hpp"

namespace foehn::io::cordex_writer_test {
namespace {

using calendar::Calendar;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

std::vector<float> make_values(std::int64_t instants) {
  std::vector<float> values(static_cast<std::size_t>(instants) * 24);
  for (std::size_t i = 0; i < values.size(); ++i)  // a pressure and a temperature, [instant, variable, cell]
    values[i] =
        i / 12 % 2 == 0 ? 100000.25F + static_cast<float>(i) : 250.25F + 0.125F * static_cast<float>(i);
  return values;
}

void write_member(const TemporaryFolder& folder, const FieldHeader& header, const CordexMetadata& metadata,
                  std::int64_t instants) {
  CordexWriter writer(folder / "", header, metadata, instants);
  append_all(writer, header, make_values(instants),
             cordex_file_starts(cordex_files(header, metadata, instants)));
  writer.commit();
}

TEST(CordexWriter, WritesTheMembersValuesAndTimesBitForBit) {
  for (const std::int64_t chunk : {1, 2, 7, 30}) {
    const TemporaryFolder folder;
    FieldHeader header = cordex_header();
    header.chunk_steps = chunk;
    const std::vector<float> values = make_values(30);
    write_member(folder, header, cordex_metadata(), 30);
    ASSERT_THAT(folder.names(), SizeIs(4));
    for (const std::size_t variable : {0U, 1U}) {
      std::vector<std::filesystem::path> files;
      for (const CordexFile& file : cordex_files(header, cordex_metadata(), 30))
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
  CordexMetadata metadata = cordex_metadata();
  metadata.tracking_prefix = "hdl:21.14103";
  write_member(folder, cordex_header(), metadata, 3);
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
              ::testing::MatchesRegex(
                  "hdl:21.14103/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));

  const NetcdfVariable tas = file.variable("tas");
  EXPECT_EQ(tas.text("standard_name"), "air_temperature");
  EXPECT_EQ(tas.text("long_name"), "Near-Surface Air Temperature");
  EXPECT_EQ(tas.text("units"), "K");
  EXPECT_EQ(tas.text("cell_methods"), "area: mean time: point");
  EXPECT_EQ(tas.text("coordinates"), "height lat lon");
  EXPECT_EQ(tas.text("cell_measures"), "area: areacella");
  EXPECT_EQ(text("external_variables"), "areacella");
  EXPECT_EQ(tas.text("grid_mapping"), "crs");
  EXPECT_EQ(std::get<float>(tas.attributes.at("_FillValue")), 1e20F);
  EXPECT_EQ(std::get<float>(tas.attributes.at("missing_value")), 1e20F);
  EXPECT_THAT(file.read_doubles(file.variable("height")), ElementsAre(2));
  EXPECT_EQ(file.variable("crs").number("earth_radius"), 6371229);
  EXPECT_EQ(file.variable("time").text("units"), "days since 1950-01-01");
}

TEST(CordexWriter, StatesOfItsOwnVariableWhatTheRunStatesOfEach) {
  const TemporaryFolder folder;
  FieldHeader header = cordex_header();
  header.attributes["foehn_observation_std"] = std::vector{50.0, 0.5};
  write_member(folder, header, cordex_metadata(), 3);
  const auto stated = [&](const char* variable) {
    const auto file = NetcdfFile::open(folder / name_of(variable, "1hr_201912312100-201912312300"));
    return std::get<double>(file.global_attributes().at("foehn_observation_std"));
  };
  EXPECT_EQ(stated("psl"), 50);
  EXPECT_EQ(stated("tas"), 0.5);
}

TEST(CordexWriter, SaysWhereCellsEnd) {
  const TemporaryFolder folder;
  write_member(folder, cordex_header(), cordex_metadata(), 3);
  const NetcdfFile file = NetcdfFile::open(folder / name_of("tas", "1hr_201912312100-201912312300"));
  EXPECT_EQ(file.variable("rlat").text("bounds"), "rlat_bnds");
  EXPECT_EQ(file.variable("lat").text("bounds"), "vertices_lat");
  EXPECT_EQ(file.variable("lon").text("bounds"), "vertices_lon");
  EXPECT_THAT(file.read_doubles(file.variable("rlat_bnds")), ElementsAre(-1.5, -0.5, -0.5, 0.5, 0.5, 1.5));
  EXPECT_THAT(file.read_doubles(file.variable("rlon_bnds")), ElementsAre(-3, -1, -1, 1, 1, 3, 3, 5));
  const auto latitude = file.read_doubles(file.variable("vertices_lat"));
  const auto longitude = file.read_doubles(file.variable("vertices_lon"));
  // The cell in row 1, column 2: rlat -0.5 to 0.5, rlon 1 to 3, anticlockwise.
  const std::array<grid::Position, 4> corners{{{-0.5, 1}, {-0.5, 3}, {0.5, 3}, {0.5, 1}}};
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const grid::Position expected = grid::to_geographic(*cordex_header().grid.rotated_pole, corners[i]);
    EXPECT_DOUBLE_EQ(latitude[(1 * 4 + 2) * 4 + i], expected.latitude);
    EXPECT_DOUBLE_EQ(longitude[(1 * 4 + 2) * 4 + i], expected.longitude);
  }
}

TEST(CordexWriter, SaysWhereCellsOfAGeographicGridEnd) {
  const TemporaryFolder folder;
  write_member(folder, cordex_header(false), cordex_metadata(), 3);
  const NetcdfFile file = NetcdfFile::open(folder / name_of("tas", "1hr_201912312100-201912312300"));
  EXPECT_EQ(file.variable("lat").text("bounds"), "lat_bnds");
  EXPECT_THAT(file.read_doubles(file.variable("lat_bnds")),
              ElementsAre(52.25, 51.75, 51.75, 51.25, 51.25, 50.75));
  EXPECT_FALSE(file.has_variable("vertices_lat"));
}

TEST(CordexWriter, GivesEveryFileItsOwnTrackingIdAndTheSameAgain) {
  CordexMetadata metadata = cordex_metadata();
  metadata.tracking_prefix = "hdl:21.14103";
  std::vector<std::string> ids;
  for (int run = 0; run < 2; ++run) {
    const TemporaryFolder folder;
    write_member(folder, cordex_header(), metadata, 5);
    for (const CordexFile& file : cordex_files(cordex_header(), metadata, 5))
      ids.push_back(
          std::get<std::string>(NetcdfFile::open(folder / file.name).global_attributes().at("tracking_id")));
  }
  EXPECT_TRUE(std::equal(ids.begin(), ids.begin() + 4, ids.begin() + 4));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(4));
}

TEST(CordexWriter, PublishesWindsAlongTheGridAsGeographicOnes) {
  const TemporaryFolder folder;
  FieldHeader header = cordex_header();
  header.variables = {{"vas", "grid_northward_wind", "m s-1"}, {"uas", "x_wind", "m s-1"}};
  const std::vector<double> angles = grid::grid_angles(header.grid);
  std::vector<float> east(12, 3), north(12, 4), values;  // the same winds at all of three instants
  grid::turn_winds_to_grid(angles, east, north);
  std::vector<float> instant = north;
  instant.insert(instant.end(), east.begin(), east.end());
  WindTurning::of(header.variables, header.grid).value()(instant);
  for (int i = 0; i < 3; ++i) values.insert(values.end(), instant.begin(), instant.end());
  CordexWriter writer(folder / "", header, cordex_metadata(), 3);
  append_all(writer, header, values);
  writer.commit();
  for (const std::string name : {"uas", "vas"}) {
    const FieldReader reader({folder / name_of(name, "1hr_201912312100-201912312300")}, {});
    EXPECT_EQ(reader.variables()[0].standard_name, name == "uas" ? "eastward_wind" : "northward_wind");
    std::vector<float> found(36);
    reader.read(0, 3, found);
    EXPECT_THAT(found, Each(::testing::FloatNear(name == "uas" ? 3 : 4, 1e-5F)));
  }
  EXPECT_FALSE(WindTurning::of(header.variables, cordex_header(false).grid));
}

TEST(CordexWriter, RefusesAWindAlongTheGridWithoutTheOther) {
  FieldHeader header = cordex_header();
  header.variables = {{"uas", "grid_eastward_wind", "m s-1"}};
  EXPECT_THAT([&] { cordex_files(header, cordex_metadata(), 3); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("uas (grid_eastward_wind)"), HasSubstr("the other component"))));
  EXPECT_NO_THROW(cordex_files(
      [&] {
        header.grid = cordex_header(false).grid;
        return header;
      }(),
      cordex_metadata(), 3))
      << "a geographic grid's directions are geographic";
}

TEST(CordexWriter, PublishesAllFilesOfAMemberTogetherOrNone) {
  const TemporaryFolder folder;
  {
    FieldHeader header = cordex_header();
    header.chunk_steps = 1;
    CordexWriter writer(folder / "", header, cordex_metadata(), 5);
    append_all(writer, header, make_values(4), {0, 3});
    EXPECT_THAT(folder.names(), AllOf(SizeIs(4), Each(::testing::StartsWith("."))));
    EXPECT_THAT([&] { writer.commit(); }, ThrowsMessage<core::Error>(HasSubstr("4 instants, expected 5")));
    EXPECT_THAT([&] { writer.append(std::vector<Chunk>(3)); },
                ThrowsMessage<core::Error>(HasSubstr("chunks of 3 variables, expected 2")));
    append_all(writer, header, make_values(1));
    EXPECT_THAT([&] { append_all(writer, header, make_values(1)); },
                ThrowsMessage<core::Error>(HasSubstr("5 instants")));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(CordexWriter, CountsDaysFromAnEarlierDateWhereItMust) {
  const TemporaryFolder folder;
  FieldHeader header = cordex_header();
  header.calendar = Calendar::day_360;
  header.first_seconds = calendar::to_seconds({1949, 12, 30, 12}, header.calendar);
  header.step_seconds = 6 * 3600;
  write_member(folder, header, cordex_metadata(), 4);
  for (const CordexFile& file : cordex_files(header, cordex_metadata(), 4)) {
    const NetcdfFile opened = NetcdfFile::open(folder / file.name);
    EXPECT_EQ(opened.variable("time").text("units"), "days since 1850-01-01");
    EXPECT_EQ(opened.variable("time").text("calendar"), "360_day");
    EXPECT_EQ(opened.read_doubles(opened.variable("time"))[0], file.first == 0 ? 35999.5 : 36000);
  }
}

class CordexMember : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { write_member(folder_, cordex_header(GetParam()), cordex_metadata(), 5); }
  std::string all() const { return (folder_ / "*.nc").string(); }
  TemporaryFolder folder_;
};

TEST_P(CordexMember, OpensInCdoWithoutAWarning) {
  if (run("cdo --version").second != 0) GTEST_SKIP() << "skipped: no cdo";
  for (const char* operation : {"sinfo", "sinfon", "griddes"}) {
    const auto [output, status] = run("for f in " + all() + "; do cdo " + operation + " $f || exit 1; done");
    EXPECT_EQ(status, 0) << output;
    EXPECT_THAT(output, Not(::testing::ContainsRegex("[Ww]arning|[Ee]rror|generic|unstructured")))
        << operation;
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

INSTANTIATE_TEST_SUITE_P(Grids, CordexMember, ::testing::Bool(),
                         [](const auto& grid) { return grid.param ? "Rotated" : "Geographic"; });

}  // namespace
}  // namespace foehn::io::cordex_writer_test
