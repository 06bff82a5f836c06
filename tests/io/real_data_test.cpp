#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_writer.hpp"
#include "io/test_files.hpp"

namespace foehn::io::real_data_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kNoRealData = "skipped: no real data";

FieldSelection selection_of(const std::vector<std::string>& names) {
  FieldSelection selection;
  for (const auto& name : names) selection.variables.push_back(parse_variable(name));
  return selection;
}

std::vector<float> read(const FieldReader& reader, std::int64_t first, std::int64_t count) {
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  std::vector<float> values(static_cast<std::size_t>(count * variables * reader.grid().cells()));
  reader.read(first, count, values);
  return values;
}

TEST(RealData, Era5IsHourlyFromNorthToSouth) {
  const auto path = real_data("era5_t2m_uk_201903.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  FieldSelection selection = selection_of({"t2m=air_temperature"});
  selection.crop = grid::parse_crop("0:32,0:48");
  const FieldReader reader({*path}, selection);
  EXPECT_THAT(reader.variables(), ElementsAre(Variable{"t2m", "air_temperature", "K"}));
  EXPECT_EQ(reader.times().size(), 744);
  EXPECT_EQ(reader.step_seconds(), 3600);
  EXPECT_EQ(reader.times().format(743), "2019-03-31T23:00:00");
  EXPECT_EQ(reader.grid().y.values.front(), 58);
  EXPECT_EQ(reader.grid().y.values.back(), 50.25);
  EXPECT_EQ(reader.grid().x.values.back(), 1.75);
  const std::vector<float> values = read(reader, 0, 744);
  const NetcdfFile file = NetcdfFile::open(*path);
  const std::vector<double> stored = file.read_doubles(file.variable("t2m"));
  for (std::size_t time : {0U, 1U, 743U}) {
    EXPECT_EQ(values[(time * 32 + 31) * 48 + 47], static_cast<float>(stored[(time * 33 + 31) * 49 + 47]))
        << time;
  }
}

TEST(RealData, NcepIsUnpacked) {
  const auto path = real_data("ncep_air_6hourly_northamerica_2013_2014.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  const FieldReader reader({*path}, selection_of({"air"}));
  EXPECT_EQ(reader.times().size(), 2920);
  EXPECT_EQ(reader.step_seconds(), 6 * 3600);
  EXPECT_EQ(reader.times().format(2919), "2014-12-31T18:00:00");
  const std::vector<float> values = read(reader, 0, 2920);
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  // The file's attribute actual_range speaks of a larger area.
  EXPECT_GT(*least, 185.0F);
  EXPECT_LT(*greatest, 322.2F);
  EXPECT_FLOAT_EQ(values[0], 241.2F);
}

TEST(RealData, CmipAndArpegeFieldsAreFoundByThemselves) {
  const auto path = real_data("cmip6_6hr_MPI-ESM1-2-HR_ssp585_tas.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  const FieldReader cmip({*path}, {});
  EXPECT_THAT(cmip.variables(), ElementsAre(Variable{"tas", "air_temperature", "K"}));
  EXPECT_EQ(cmip.times().format(1), "2100-01-02T06:00:00");
  EXPECT_EQ(cmip.grid().cells(), 192 * 384);
  EXPECT_NO_THROW(read(cmip, 0, 2));

  const auto arpege_path = real_data("arpege_0p1_NW_20180501_hourly.nc");
  ASSERT_TRUE(arpege_path);
  const FieldReader arpege({*arpege_path}, {});
  ASSERT_EQ(arpege.variables().size(), 4U);
  EXPECT_EQ(arpege.variables()[3], (Variable{"msl", "air_pressure_at_mean_sea_level", "Pa"}));
  EXPECT_EQ(arpege.times().size(), 25);
  EXPECT_NO_THROW(read(arpege, 0, 25));
}

TEST(RealData, CalendarsAreDecoded) {
  const auto hadgem_path = real_data("cmip6_day_HadGEM3-GC31-MM_dcpp_tasmin_360day.nc");
  if (!hadgem_path) GTEST_SKIP() << kNoRealData;
  const FieldReader hadgem({*hadgem_path}, {});
  EXPECT_EQ(hadgem.times().calendar, calendar::Calendar::day_360);
  EXPECT_EQ(hadgem.times().format(359), "1961-12-30T12:00:00");
  const FieldReader cmcc({*real_data("cmip6_day_CMCC-CM2-SR5_dcpp_tas_2x3_365day.nc")}, {});
  EXPECT_EQ(cmcc.times().calendar, calendar::Calendar::noleap);
  EXPECT_EQ(cmcc.times().format(0), "1960-11-01T12:00:00");
  EXPECT_EQ(cmcc.times().format(3710), "1970-12-31T12:00:00");
  const FieldReader iris({*real_data("iris_E1_north_america.nc")}, {});
  EXPECT_EQ(iris.times().format(0), "1860-06-01T00:00:00");
  EXPECT_EQ(iris.times().format(239), "2099-06-01T00:00:00");
  EXPECT_EQ(iris.step_seconds(), 360 * 86400);
}

TEST(RealData, CordexLiesOnItsRotatedGrid) {
  const auto path = real_data("cordex_EUR11_mon_RACMO22E_tas_rotpole_1step.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  const FieldReader reader({*path}, {});
  EXPECT_EQ(reader.variables().at(0).name, "tas");
  EXPECT_EQ(reader.times().format(0), "2091-01-16T12:00:00");
  EXPECT_EQ(reader.grid().rotated_pole, (grid::RotatedPole{39.25, -162, 0}));
  const grid::Geographic geographic = grid::geographic_coordinates(reader.grid());
  const NetcdfFile file = NetcdfFile::open(*path);
  const std::vector<double> lat = file.read_doubles(file.variable("lat"));
  const std::vector<double> lon = file.read_doubles(file.variable("lon"));
  ASSERT_EQ(lat.size(), geographic.latitude.size());
  double worst = 0;
  for (std::size_t i = 0; i < lat.size(); ++i) {
    worst = std::max(worst, std::abs(lat[i] - geographic.latitude[i]));
    worst = std::max(worst, std::abs(std::remainder(lon[i] - geographic.longitude[i], 360.0)));
  }
  EXPECT_LT(worst, 1e-4);
  // cdo names the axes otherwise, but it is the same grid.
  const auto remapped = real_data("ref_cdo_remapbil_MPI-HR_tas_to_EUR11.nc");
  ASSERT_TRUE(remapped);
  EXPECT_EQ(grid::difference(reader.grid(), FieldReader({*remapped}, {}).grid()), std::nullopt);
}

TEST(RealData, FilesOfOtherShapesAreRefused) {
  const auto levels = real_data("eraint_uvz.nc");
  if (!levels) GTEST_SKIP() << kNoRealData;
  EXPECT_THAT([&] { FieldReader({*levels}, selection_of({"u"})); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("u: dimensions (month = 2, level = 3"),
                                               HasSubstr("expected (time, y, x)"))));
  // Three places: a list of cells, which nothing says the areas of.
  EXPECT_THAT([] { FieldReader({*real_data("xclim_sdba_CanESM2_1950-2100.nc")}, selection_of({"tasmax"})); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("xclim_sdba_CanESM2_1950-2100.nc: tasmax"),
                                               HasSubstr("areas of its cells (location) are not known"))));
  EXPECT_THAT(
      [] { FieldReader({*real_data("cmip6_6hr_MPI-ESM1-2-HR_ssp585_tas.nc")}, selection_of({"psl"})); },
      ThrowsMessage<core::Error>(HasSubstr("no variable psl; there are:")));
}

TEST(RealData, PackedWindsWithNegativeScaleAndNanFillAreUnpacked) {
  const auto path = real_data("eraint_uvz.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  // One level of the real packed wind, under a time coordinate.
  const NetcdfFile source = NetcdfFile::open(*path);
  const NetcdfVariable u = source.variable("u");
  ASSERT_LT(*u.number("scale_factor"), 0);
  ASSERT_TRUE(std::isnan(*u.number("_FillValue")));
  const std::vector<double> stored = source.read_doubles(u, std::array<std::int64_t, 4>{0, 1, 0, 0},
                                                         std::array<std::int64_t, 4>{2, 1, 241, 480});
  const TemporaryFolder folder;
  FieldFile file;
  file.name = "u";
  file.type = NetcdfType::int32;
  file.attributes = u.attributes;
  // The library lets nobody write a fill value of another type than the variable's, though files have it.
  file.attributes.erase("_FillValue");
  file.attributes["missing_value"] = std::nan("");
  file.times = {0, 1};
  file.lat = source.read_doubles(source.variable("latitude"));
  file.lon = source.read_doubles(source.variable("longitude"));
  file.stored = [&](std::size_t t, std::size_t y, std::size_t x) { return stored[(t * 241 + y) * 480 + x]; };
  file.write(folder / "a.nc");
  const FieldReader reader({folder / "a.nc"}, selection_of({"u=eastward_wind"}));
  const std::vector<float> values = read(reader, 0, 2);
  EXPECT_EQ(values[100000],
            static_cast<float>(stored[100000] * *u.number("scale_factor") + *u.number("add_offset")));
  for (const float wind : values) ASSERT_LT(std::abs(wind), 120.0F);
}

TEST(RealData, ATruncatedFileIsRefused) {
  const auto path = real_data("era5_t2m_uk_201903.nc");
  if (!path) GTEST_SKIP() << kNoRealData;
  const TemporaryFolder folder;
  for (const auto& [name, variable] :
       {std::pair("era5_t2m_uk_201903.nc", "t2m"), std::pair("eraint_uvz.nc", "u")}) {
    const std::string whole = content_of(*real_data(name));
    for (const std::size_t size :
         {whole.size() - 1, whole.size() / 2, std::size_t{1000}, std::size_t{10}, std::size_t{0}}) {
      write_content(folder / "cut.nc", std::string_view(whole).substr(0, size));
      const auto reading = [&folder, field = variable] {
        const NetcdfFile file = NetcdfFile::open(folder / "cut.nc");
        file.read_doubles(file.variable(field));
      };
      EXPECT_THAT(reading, ThrowsMessage<core::Error>(AllOf(HasSubstr("cut.nc"), HasSubstr("truncated"))))
          << name << " cut to " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace foehn::io::real_data_test
