#include "foehn/io/field_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/field_reader.hpp"
#include "io/file_size_limit.hpp"
#include "io/run_command.hpp"
#include "io/test_files.hpp"

namespace foehn::io::field_writer_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::ThrowsMessage;

FieldHeader make_header() {
  FieldHeader header;
  header.variables = {{"uas", "eastward_wind", "m s-1"}, {"tas", "air_temperature", "K"}};
  header.grid = {{"lat", "latitude", "degrees_north", {52, 51.5, 51}},
                 {"lon", "longitude", "degrees_east", {-1, -0.5, 0, 0.5}},
                 std::nullopt};
  header.calendar = calendar::Calendar::noleap;
  header.first_seconds = calendar::to_seconds({2019, 3, 26}, header.calendar);
  header.realization = 3;
  header.chunk_steps = 4;
  header.attributes = {
      {"title", std::string("a test")}, {"history", std::string("a test")}, {"seed", std::int64_t{7}}};
  return header;
}

grid::Grid rotated_grid() {
  return {{"rlat", "grid_latitude", "degrees", {-1, 0, 1}},
          {"rlon", "grid_longitude", "degrees", {-2, 0, 2, 4}},
          grid::RotatedPole{39.25, -162, 0}};
}

std::vector<float> make_values(std::int64_t instants) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(240, 10);
  std::vector<float> values(static_cast<std::size_t>(instants) * 24);
  for (float& value : values) value = normal(random);
  values[5] = -0.0F;
  return values;
}

void write_trajectory(const std::filesystem::path& path, const FieldHeader& header,
                      std::span<const float> values) {
  FieldWriter writer(path, header);
  writer.append(values);
  writer.commit();
}

std::vector<float> read_all(const std::filesystem::path& path) {
  const FieldReader reader({path}, {{{"uas", "", ""}, {"tas", "", ""}}, std::nullopt});
  std::vector<float> values(static_cast<std::size_t>(reader.times().size() * 2 * reader.grid().cells()));
  reader.read(0, reader.times().size(), values);
  return values;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

TEST(FieldWriter, WritesWhatTheReaderReadsBackBitForBit) {
  const TemporaryFolder folder;
  const std::vector<float> values = make_values(10);
  for (const bool rotated : {false, true}) {
    FieldHeader header = make_header();
    if (rotated) header.grid = rotated_grid();
    {
      FieldWriter writer(folder / "a.nc", header);
      // In pieces that are not whole chunks.
      writer.append(std::span(values).first(3 * 24));
      writer.append(std::span(values).subspan(3 * 24));
      writer.commit();
    }
    EXPECT_TRUE(same_bits(read_all(folder / "a.nc"), values));
    const FieldReader reader({folder / "a.nc"}, {});
    EXPECT_EQ(reader.variables(), header.variables);
    EXPECT_EQ(reader.times().calendar, calendar::Calendar::noleap);
    EXPECT_EQ(reader.times().format(9), "2019-03-26T09:00:00");
    EXPECT_EQ(grid::difference(header.grid, reader.grid()), std::nullopt);
    EXPECT_EQ(reader.grid().rotated_pole, header.grid.rotated_pole);
  }
}

TEST(FieldWriter, WritesTheFillValueForNaN) {
  const TemporaryFolder folder;
  std::vector<float> values = make_values(2);
  values[24 + 12 + 5] = std::nanf("");  // the second variable at the second instant
  write_trajectory(folder / "a.nc", make_header(), values);
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  const NetcdfVariable tas = file.variable("tas");
  EXPECT_EQ(file.read_doubles(tas)[12 + 5],
            static_cast<double>(std::get<float>(tas.attributes.at("_FillValue"))));
}

TEST(FieldWriter, DescribesTheFileByTheConventions) {
  const TemporaryFolder folder;
  FieldHeader header = make_header();
  header.grid = rotated_grid();
  header.cell_methods = "time: point area: mean";
  write_trajectory(folder / "a.nc", header, make_values(1));
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  const NetcdfVariable tas = file.variable("tas");
  EXPECT_EQ(tas.text("standard_name"), "air_temperature");
  EXPECT_EQ(tas.text("long_name"), "air temperature");
  EXPECT_EQ(tas.text("units"), "K");
  EXPECT_EQ(tas.text("cell_methods"), "time: point area: mean");
  EXPECT_EQ(tas.text("grid_mapping"), "rotated_pole");
  EXPECT_EQ(tas.text("coordinates"), "lat lon realization");
  EXPECT_EQ(tas.number("_FillValue"), static_cast<double>(1e20F));
  EXPECT_TRUE(tas.dimensions.at(0).unlimited);
  EXPECT_EQ(file.variable("time").text("units"), "hours since 2019-03-26 00:00:00");
  EXPECT_EQ(file.variable("time").text("calendar"), "noleap");
  EXPECT_THAT(file.read_doubles(file.variable("realization")), ElementsAre(3));
  EXPECT_EQ(file.variable("rotated_pole").text("grid_mapping_name"), "rotated_latitude_longitude");
  const Attributes global = file.global_attributes();
  EXPECT_EQ(std::get<std::string>(global.at("Conventions")), "CF-1.11");
  EXPECT_FALSE(global.contains("coordinates"));
  EXPECT_EQ(std::get<std::int64_t>(global.at("seed")), 7);
}

TEST(FieldWriter, CountsTimeInStepsOfAnyLength) {
  const TemporaryFolder folder;
  FieldHeader header = make_header();
  header.step_seconds = 600;
  header.first_seconds += 20;
  write_trajectory(folder / "a.nc", header, make_values(5));
  const FieldReader reader({folder / "a.nc"}, {});
  EXPECT_EQ(reader.step_seconds(), 600);
  EXPECT_EQ(reader.times().format(4), "2019-03-26T00:40:20");
}

TEST(FieldWriter, LeavesNothingBehindUnlessCommitted) {
  const TemporaryFolder folder;
  {
    FieldWriter writer(folder / "a.nc", make_header());
    writer.append(make_values(2));
    EXPECT_THAT(folder.names(), ElementsAre(".a.nc.part"));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(FieldWriter, ReplacesAnOldFileOnlyWhenCommitted) {
  const TemporaryFolder folder;
  write_content(folder / "a.nc", "old");
  write_content(folder / ".a.nc.part", "left by a killed run");
  {
    FieldWriter writer(folder / "a.nc", make_header());
    writer.append(make_values(1));
    EXPECT_EQ(content_of(folder / "a.nc"), "old");
    writer.commit();
  }
  EXPECT_THAT(folder.names(), ElementsAre("a.nc"));
  EXPECT_EQ(read_all(folder / "a.nc").size(), 24U);
}

TEST(FieldWriter, NamesTheFolderThatCannotBeWritten) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { FieldWriter(folder / "no/a.nc", make_header()); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("no/a.nc"), HasSubstr("no folder"))));
  EXPECT_THAT([] { FieldWriter("/proc/a.nc", make_header()); },
              ThrowsMessage<core::Error>(HasSubstr("/proc/a.nc: cannot be created")));
  // The final name is a folder: all is written, but cannot be renamed.
  std::filesystem::create_directories(folder / "a.nc/full");
  EXPECT_THAT(
      [&] { write_trajectory(folder / "a.nc", make_header(), make_values(1)); },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc"), HasSubstr("cannot be given its final name"))));
  EXPECT_THAT(folder.names(), ElementsAre("a.nc"));
}

TEST(FieldWriter, RefusesPartsOfInstantsAndEmptyHeaders) {
  const TemporaryFolder folder;
  FieldWriter writer(folder / "a.nc", make_header());
  EXPECT_THAT([&] { writer.append(std::vector<float>(25)); },
              ThrowsMessage<core::Error>(HasSubstr("25 values, expected a multiple of one instant's, 24")));
  FieldHeader empty = make_header();
  empty.variables.clear();
  EXPECT_THROW(FieldWriter(folder / "b.nc", empty), core::Error);
  EXPECT_THAT(folder.names(), ElementsAre(".a.nc.part"));
}

TEST(FieldWriter, FailsClearlyAndCleansUpWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  {
    const FileSizeLimit limit(64 * 1024);
    FieldHeader header = make_header();
    header.deflate = 0;
    EXPECT_THAT([&] { write_trajectory(folder / "a.nc", header, make_values(4000)); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr((folder / "a.nc").string() + ": "),
                                                 HasSubstr("File too large"), Not(HasSubstr(".part")))));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(WriteFileAtomically, ReplacesTheWholeContentOrNothing) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "run.json", "{}");
  EXPECT_EQ(content_of(folder / "run.json"), "{}");
  {
    const FileSizeLimit limit(10);
    EXPECT_THAT([&] { write_file_atomically(folder / "run.json", std::string(100, 'x')); },
                ThrowsMessage<core::Error>(
                    AllOf(HasSubstr("run.json"), HasSubstr("cannot be written: File too large"))));
  }
  EXPECT_EQ(content_of(folder / "run.json"), "{}");
  EXPECT_THAT(folder.names(), ElementsAre("run.json"));
  EXPECT_THROW(write_file_atomically(folder / "no/run.json", ""), core::Error);
}

TEST(FieldWriter, NamesTheScalarCoordinatesByEachVariable) {
  const TemporaryFolder folder;
  FieldHeader header = make_header();
  write_trajectory(folder / "a.nc", header, make_values(1));
  EXPECT_EQ(NetcdfFile::open(folder / "a.nc").variable("tas").text("coordinates"), "realization");
  header.height = 2;
  write_trajectory(folder / "b.nc", header, make_values(1));
  EXPECT_EQ(NetcdfFile::open(folder / "b.nc").variable("tas").text("coordinates"), "height realization");
  header.height.reset();
  header.realization.reset();
  write_trajectory(folder / "c.nc", header, make_values(1));
  EXPECT_EQ(NetcdfFile::open(folder / "c.nc").variable("tas").text("coordinates"), std::nullopt);
}

class TrajectoryFile : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    FieldHeader header = make_header();
    if (GetParam()) header.grid = rotated_grid();
    write_trajectory(folder_ / "a.nc", header, make_values(30));
  }
  TemporaryFolder folder_;
};

TEST_P(TrajectoryFile, OpensInCdoWithoutAWarning) {
  if (run("cdo --version").second != 0) GTEST_SKIP() << "skipped: no cdo";
  for (const char* operation : {"sinfo", "griddes"}) {
    auto [output, status] = run(std::string("cdo ") + operation + " " + (folder_ / "a.nc").string());
    EXPECT_EQ(status, 0) << output;
    output = without_cdo_on_realization(output);
    EXPECT_THAT(output, Not(::testing::ContainsRegex("[Ww]arning|[Ee]rror|generic|unstructured")))
        << operation;
    EXPECT_THAT(output, HasSubstr(GetParam() ? "rotated_latitude_longitude" : "lonlat"));
  }
}

TEST_P(TrajectoryFile, OpensInXarrayWithoutAWarning) {
  if (run("/usr/bin/python3 -c 'import xarray, netCDF4'").second != 0) GTEST_SKIP() << "skipped: no xarray";
  const std::string script =
      "import netCDF4, warnings, xarray\n"
      "warnings.simplefilter(\"error\")\n"
      "d = xarray.open_dataset(\"" +
      (folder_ / "a.nc").string() +
      "\")\n"
      "d.load()\n"
      "assert d.tas.shape == (30, 3, 4) and d.tas.dtype == \"float32\", d\n"
      "assert int(d.realization) == 3 and \"realization\" in d.tas.coords, d\n"
      "assert str(d.time.values[29]).startswith(\"2019-03-27 05:00:00\"), d.time\n";
  const auto [output, status] = run("/usr/bin/python3 -W ignore::DeprecationWarning -c '" + script + "'");
  EXPECT_EQ(status, 0) << output;
}

TEST_P(TrajectoryFile, PassesTheCfChecker) {
  if (run("compliance-checker --version").second != 0) GTEST_SKIP() << "skipped: no compliance-checker";
  const auto [output, status] =
      run("compliance-checker --test=cf:1.11 --criteria=strict " + (folder_ / "a.nc").string());
  EXPECT_EQ(status, 0) << output;
}

INSTANTIATE_TEST_SUITE_P(Grids, TrajectoryFile, ::testing::Bool(),
                         [](const auto& grid) { return grid.param ? "Rotated" : "Geographic"; });

}  // namespace
}  // namespace foehn::io::field_writer_test
