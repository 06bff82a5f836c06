#include "foehn/io/coarse_source.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"
#include "foehn/io/cell_methods.hpp"
#include "foehn/io/field_writer.hpp"
#include "io/test_files.hpp"

namespace foehn::io::coarse_source_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Variable> kWanted{{"psl", "air_pressure_at_mean_sea_level", "Pa"},
                                    {"tas", "air_temperature", "K"},
                                    {"uas", "eastward_wind", "m s-1"}};
constexpr std::int64_t kDay = 86400, kHour = 3600;

/// Three instants, or means, six hours apart, of some of the wanted variables.
std::filesystem::path write(const std::filesystem::path& path, const std::vector<std::size_t>& variables,
                            bool is_mean, std::int64_t first_seconds = kDay) {
  FieldHeader header;
  for (const std::size_t i : variables) header.variables.push_back(kWanted[i]);
  header.grid = {
      {"lat", "latitude", "degrees_north", {50, 51}}, {"lon", "longitude", "degrees_east", {5, 6}}, {}};
  header.first_seconds = first_seconds;
  header.step_seconds = 6 * kHour;
  header.cell_methods = is_mean ? "time: mean area: mean" : "time: point area: mean";
  if (is_mean) {
    header.mean_interval = MeanInterval{-header.step_seconds / 2, header.step_seconds / 2};
    header.first_seconds += header.step_seconds / 2;
  }
  FieldWriter writer(path, header);
  writer.append(std::vector<float>(3 * variables.size() * 4, 1.0F));
  writer.commit();
  return path;
}

std::string failure(const std::vector<std::filesystem::path>& files) {
  try {
    open_coarse_sources(files, kWanted);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(CellMethod, IsThatOfItsAxis) {
  EXPECT_EQ(cell_method("time: point area: mean", "time"), "point");
  EXPECT_EQ(cell_method("area: time: mean", "time"), "mean");
  EXPECT_EQ(cell_method("area: mean where land time: maximum (interval: 1 h comment: time: mean)", "time"),
            "maximum");
  EXPECT_EQ(cell_method("time: mean within days time: maximum over days", "time"), "mean, maximum");
  EXPECT_EQ(cell_method("area: mean", "time"), "");
  EXPECT_EQ(cell_method("", "time"), "");
}

TEST(CoarseSources, AreSnapshotsOrMeansAsTheirFilesSay) {
  const TemporaryFolder folder;
  const auto sources = open_coarse_sources(
      {write(folder / "means.nc", {1}, true), write(folder / "snapshots.nc", {0, 2}, false)}, kWanted);
  ASSERT_EQ(sources.size(), 2);
  EXPECT_THAT(sources[0].variables, ElementsAre(0, 2));
  EXPECT_FALSE(sources[0].is_mean);
  EXPECT_EQ(sources[0].spans[1], (TimeSpan{kDay + 6 * kHour, kDay + 6 * kHour}));
  EXPECT_THAT(sources[1].variables, ElementsAre(1));
  EXPECT_TRUE(sources[1].is_mean);
  EXPECT_EQ(sources[1].reader.times().seconds[1], kDay + 9 * kHour);
  EXPECT_EQ(sources[1].spans[1], (TimeSpan{kDay + 6 * kHour, kDay + 12 * kHour}));
}

TEST(CoarseSources, JoinFilesOfTheSameVariables) {
  const TemporaryFolder folder;
  const auto sources = open_coarse_sources(
      {write(folder / "second.nc", {1}, true, kDay + 18 * kHour), write(folder / "first.nc", {1}, true)},
      kWanted);
  ASSERT_EQ(sources.size(), 1);
  ASSERT_EQ(sources[0].spans.size(), 6);
  EXPECT_EQ(sources[0].spans[3], (TimeSpan{kDay + 18 * kHour, kDay + 24 * kHour}));
}

TEST(CoarseSources, RefuseAVariableInTwoGroupsOfFiles) {
  const TemporaryFolder folder;
  EXPECT_THAT(failure({write(folder / "a.nc", {0, 1}, false), write(folder / "b.nc", {1}, false)}),
              HasSubstr("tas is both in"));
}

TEST(CoarseSources, RefuseFilesWithoutAnyOfTheVariables) {
  const TemporaryFolder folder;
  FieldFile other;
  other.name = "pr";
  other.write(folder / "other.nc");
  EXPECT_THAT(failure({folder / "other.nc"}), HasSubstr("pr"));
}

}  // namespace
}  // namespace foehn::io::coarse_source_test
