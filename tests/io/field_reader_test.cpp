#include "foehn/io/field_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "foehn/core/error.hpp"
#include "io/raw_wrf_file.hpp"
#include "io/test_files.hpp"

namespace foehn::io::field_reader_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<float> read_all(const FieldReader& reader) {
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  std::vector<float> values(
      static_cast<std::size_t>(reader.times().size() * variables * reader.grid().cells()));
  reader.read(0, reader.times().size(), values);
  return values;
}

std::function<void()> opening(const std::vector<std::filesystem::path>& files,
                              const FieldSelection& selection = {}) {
  return [files, selection] { FieldReader(files, selection); };
}

/// What the reader says of one bent file.
std::function<void()> opening(const TemporaryFolder& folder, const FieldFile& file,
                              const FieldSelection& selection = {}) {
  file.write(folder / "a.nc");
  return opening({folder / "a.nc"}, selection);
}

TEST(FieldReader, ReadsTimeVariableYX) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  // Two names for one variable, so that the order of variables shows.
  const FieldReader reader({folder / "a.nc"}, {{{"tas", "", "degC"}, {"tas", "", ""}}, std::nullopt});
  EXPECT_THAT(reader.variables(), ElementsAre(Variable{"tas", "air_temperature", "degC"},
                                              Variable{"tas", "air_temperature", "K"}));
  EXPECT_EQ(reader.times().format(3), "2019-03-01T03:00:00");
  EXPECT_EQ(reader.step_seconds(), 3600);
  EXPECT_EQ(reader.grid().y.values.front(), 52);
  EXPECT_EQ(reader.grid().y.values.back(), 51);

  std::vector<float> values(2 * 2 * 12);
  reader.read(1, 2, values);
  for (std::size_t i = 0; i < 12; ++i) {
    const float expected = 310.0F + 10.0F * static_cast<float>(i / 4) + static_cast<float>(i % 4);
    EXPECT_NEAR(values[i], expected - 273.15F, 1e-4);
    EXPECT_EQ(values[12 + i], expected);
    EXPECT_EQ(values[36 + i], expected + 30);
  }
  EXPECT_THROW(reader.read(3, 2, values), core::Error);
  EXPECT_THROW(reader.read(0, 3, values), core::Error);
}

TEST(FieldReader, FindsTheFieldsWhereNoneIsNamed) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  const FieldReader reader({folder / "a.nc"}, {});
  EXPECT_THAT(reader.variables(), ElementsAre(Variable{"tas", "air_temperature", "K"}));
  FieldFile flat;
  flat.dimensions = {"lat", "lon"};
  flat.times = {0};
  EXPECT_THAT(opening(folder, flat),
              ThrowsMessage<core::Error>(HasSubstr("a.nc: no variable has dimensions (time, y, x)")));
}

TEST(FieldReader, ReadsACrop) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  const FieldReader reader({folder / "a.nc"}, {{}, grid::Crop{1, 3, 2, 4}});
  EXPECT_THAT(reader.grid().x.values, ElementsAre(0.5, 1));
  std::vector<float> values(4);
  reader.read(0, 1, values);
  EXPECT_THAT(values, ElementsAre(292, 293, 302, 303));
  EXPECT_THAT(
      opening({folder / "a.nc"}, {{}, grid::Crop{0, 4, 0, 4}}),
      ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc"), HasSubstr("crop 0:4,0:4"), HasSubstr("3 x 4"))));
}

TEST(FieldReader, UnpacksWithAScaleOfAnySign) {
  const TemporaryFolder folder;
  for (const double scale : {0.01, -0.01}) {
    FieldFile file;
    file.type = NetcdfType::int32;
    file.attributes["scale_factor"] = scale;
    file.attributes["add_offset"] = 300.0;
    file.attributes["_FillValue"] = std::int64_t{-32767};
    file.stored = [](std::size_t t, std::size_t y, std::size_t x) {
      return static_cast<double>(100 * t + 10 * y + x);
    };
    file.write(folder / "a.nc");
    const std::vector<float> values = read_all(FieldReader({folder / "a.nc"}, {}));
    EXPECT_FLOAT_EQ(values[0], 300.0F);
    EXPECT_FLOAT_EQ(values[12 + 4 + 3], static_cast<float>(300 + 113 * scale));
  }
}

TEST(FieldReader, ConvertsUnitsAndTrustsAGivenOneWhereTheFileHasNone) {
  const TemporaryFolder folder;
  FieldFile file;
  file.attributes = {{"units", std::string("hPa")}};
  file.write(folder / "a.nc");
  const FieldReader pascal({folder / "a.nc"}, {{{"tas", "air_pressure", "Pa"}}, std::nullopt});
  EXPECT_EQ(pascal.variables().at(0), (Variable{"tas", "air_pressure", "Pa"}));
  EXPECT_EQ(read_all(pascal)[1], 28100.0F);
  EXPECT_THAT(opening({folder / "a.nc"}, {{{"tas", "", "K"}}, std::nullopt}),
              ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc: tas"), HasSubstr("hPa"), HasSubstr("K"))));

  file.attributes = {{"long_name", std::string("temperature")}};
  file.write(folder / "b.nc");
  EXPECT_THAT(opening({folder / "b.nc"}),
              ThrowsMessage<core::Error>(HasSubstr("b.nc: tas: it has no units attribute")));
  const FieldReader given({folder / "b.nc"}, {{{"tas", "", "K"}}, std::nullopt});
  EXPECT_EQ(read_all(given)[1], 281.0F);
}

TEST(FieldReader, KeepsEveryBitOfUnpackedValues) {
  const TemporaryFolder folder;
  FieldFile file;
  file.stored = [](std::size_t, std::size_t y, std::size_t x) { return y == 0 && x == 0 ? -0.0 : 0.1F; };
  file.attributes["standard_name"] = std::string("eastward_wind");
  file.attributes["units"] = std::string("m s-1");
  file.write(folder / "a.nc");
  const std::vector<float> values = read_all(FieldReader({folder / "a.nc"}, {}));
  EXPECT_TRUE(std::signbit(values[0]));
  EXPECT_EQ(values[1], 0.1F);
}

TEST(FieldReader, RefusesWhatItCannotReadRight) {
  const TemporaryFolder folder;
  FieldFile file;
  file.type = NetcdfType::int32;
  file.attributes["_Unsigned"] = std::string("true");
  file.write(folder / "a.nc");
  EXPECT_THAT(opening({folder / "a.nc"}),
              ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc: tas"), HasSubstr("_Unsigned"))));
}

TEST(FieldReader, TakesAnIntegerThatWasNeverWrittenForMissing) {
  const TemporaryFolder folder;
  FieldFile file;
  file.type = NetcdfType::int32;
  file.attributes["scale_factor"] = 0.01;
  file.stored = [](std::size_t t, std::size_t, std::size_t) { return t == 1 ? -2147483647.0 : 28000.0; };
  file.write(folder / "a.nc");
  EXPECT_THAT([&] { read_all(FieldReader({folder / "a.nc"}, {})); },
              ThrowsMessage<core::Error>(HasSubstr("missing value")));
}

TEST(FieldReader, NamesThePlaceOfAMissingValue) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    Attributes attributes;
    double stored;
    const char* problem;
  };
  const std::vector<Case> cases{
      {{{"_FillValue", 1e20F}}, 1e20, "missing value"},
      {{{"missing_value", 1e20}}, 1e20, "missing value"},
      {{{"missing_value", -999.0F}}, -999, "missing value"},
      {{{"_FillValue", std::numeric_limits<float>::quiet_NaN()}}, kNan, "missing value"},
      {{{"missing_value", std::vector<double>{-999, -888}}}, -888, "missing value"},
      {{{"valid_range", std::vector<double>{200, 330}}}, 199, "missing value"},
      {{{"valid_min", 200.0}}, 199, "missing value"},
      {{{"valid_max", 330.0}}, 331, "missing value"},
      {{}, kNan, "missing value"},
      {{}, 9.969209968386869e36, "missing value"},
      {{}, std::numeric_limits<double>::infinity(), "value that is not finite"},
  };
  const TemporaryFolder folder;
  for (const auto& one : cases) {
    FieldFile file;
    if (std::isinf(one.stored)) file.type = NetcdfType::float64;  // NetCDF converts no infinity to float32
    for (const auto& [key, value] : one.attributes) file.attributes[key] = value;
    file.stored = [&](std::size_t t, std::size_t y, std::size_t x) {
      return t == 2 && y == 1 && x == 3 ? one.stored : 280.0;
    };
    file.write(folder / "a.nc");
    const FieldReader reader({folder / "a.nc"}, {{}, grid::Crop{1, 3, 2, 4}});
    std::vector<float> values(16);
    EXPECT_NO_THROW(reader.read(0, 2, std::span(values).first(8)));
    EXPECT_THAT([&] { reader.read(0, 4, values); },
                ThrowsMessage<core::Error>((folder / "a.nc").string() + ": tas: " + one.problem +
                                           " at 2019-03-01T02:00:00, y 1, x 3 (lat 51.5, lon 1)"));
  }
}

TEST(FieldReader, ReadsFieldsWithTheirGaps) {
  const TemporaryFolder folder;
  FieldFile file;
  file.attributes["_FillValue"] = -999.0F;
  file.stored = [](std::size_t t, std::size_t y, std::size_t x) {
    return t == 2 && y == 1 && x == 3 ? -999 : 280.0;
  };
  file.write(folder / "a.nc");
  const FieldReader reader({folder / "a.nc"}, {{}, grid::Crop{1, 3, 2, 4}});
  std::vector<float> values(12);
  EXPECT_EQ(reader.read_with_gaps(1, 3, values), 1);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(std::isnan(values[i]), i == 5) << i;
  EXPECT_EQ(
      reader.describe_missing(2, 1),
      (folder / "a.nc").string() + ": tas: missing value at 2019-03-01T02:00:00, y 1, x 3 (lat 51.5, lon 1)");
}

TEST(FieldReader, FillsShortGapsInTimeWhereverReadsBeginAndEnd) {
  const TemporaryFolder folder;
  FieldFile file;
  file.times = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  // Linear in time, so that filling gives back what is missing.
  const auto value = [](std::size_t t) { return 280.0 + 4.0 * static_cast<double>(t); };
  file.attributes["_FillValue"] = -999.0F;
  file.stored = [&](std::size_t t, std::size_t y, std::size_t x) {
    return y == 1 && x == 3 && (t == 2 || t == 3 || t == 6) ? -999 : value(t);
  };
  file.write(folder / "a.nc");
  for (std::int64_t first = 0; first < 9; ++first) {
    for (std::int64_t count = 1; count <= 9 - first; ++count) {
      const FieldReader reader({folder / "a.nc"}, {{}, grid::Crop{1, 2, 3, 4}, 2});
      std::vector<float> values(static_cast<std::size_t>(count));
      reader.read(first, count, values);
      for (std::int64_t i = 0; i < count; ++i)
        EXPECT_NEAR(values[static_cast<std::size_t>(i)], value(static_cast<std::size_t>(first + i)), 1e-4);
    }
  }
  const FieldReader reader({folder / "a.nc"}, {{}, {}, 2});
  read_all(reader);
  read_all(reader);
  EXPECT_EQ(reader.filled(), 3);  // counted once
}

TEST(FieldReader, RefusesLongGapsAndGapsAtTheEnds) {
  const TemporaryFolder folder;
  FieldFile file;
  file.times = {0, 1, 2, 3, 4, 5};
  const auto reading = [&](std::vector<std::size_t> missing, std::int64_t longest_gap) {
    file.stored = [=](std::size_t t, std::size_t y, std::size_t x) {
      const bool is_missing = std::find(missing.begin(), missing.end(), t) != missing.end();
      return is_missing && y == 0 && x == 2 ? std::numeric_limits<double>::quiet_NaN() : 280.0;
    };
    file.write(folder / "a.nc");
    return [&, longest_gap] { read_all(FieldReader({folder / "a.nc"}, {{}, {}, longest_gap})); };
  };
  EXPECT_NO_THROW(reading({2, 3, 4}, 3)());
  EXPECT_THAT(reading({2, 3, 4}, 2),
              ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc: tas: missing value at 2019-03-01T02:00:00"),
                                               HasSubstr("y 0, x 2"), HasSubstr("more than 2 instants"))));
  EXPECT_THAT(reading({5}, 2), ThrowsMessage<core::Error>(HasSubstr("2019-03-01T05:00:00")));
  EXPECT_THAT(reading({0}, 2), ThrowsMessage<core::Error>(HasSubstr("end of the record")));
}

TEST(FieldReader, TakesExtraDimensionsOfSizeOneOnly) {
  const TemporaryFolder folder;
  FieldFile file;
  file.dimensions = {"time", "level", "lat", "lon"};
  file.write(folder / "a.nc");
  EXPECT_EQ(read_all(FieldReader({folder / "a.nc"}, {}))[12], 310.0F);
  file.dimensions = {"level", "time", "lat", "lon"};
  file.write(folder / "a.nc");
  EXPECT_EQ(read_all(FieldReader({folder / "a.nc"}, {}))[12], 310.0F);
  file.levels = 3;
  file.dimensions = {"time", "level", "lat", "lon"};
  EXPECT_THAT(opening(folder, file, {{{"tas", "", ""}}, std::nullopt}),
              ThrowsMessage<core::Error>(HasSubstr(
                  "tas: dimensions (time = 4, level = 3, lat = 3, lon = 4), expected (time, y, x)")));
}

TEST(FieldReader, RefusesOtherOrdersOfDimensions) {
  const TemporaryFolder folder;
  FieldFile file;
  file.dimensions = {"time", "lon", "lat"};
  EXPECT_THAT(opening(folder, file), ThrowsMessage<core::Error>(HasSubstr(
                                         "coordinate lon has units 'degrees_east', expected degrees_north")));
  file.dimensions = {"lat", "lon", "time"};
  EXPECT_THAT(opening(folder, file, {{{"tas", "", ""}}, std::nullopt}),
              ThrowsMessage<core::Error>(HasSubstr("expected (time, y, x)")));
}

TEST(FieldReader, FindsTheTimeCoordinateByStandardName) {
  const TemporaryFolder folder;
  FieldFile file;
  file.time_name = "valid_time";
  file.write(folder / "a.nc");
  EXPECT_EQ(FieldReader({folder / "a.nc"}, {}).times().format(1), "2019-03-01T01:00:00");
  file.time_units = "hours";
  EXPECT_THAT(opening(folder, file, {{{"tas", "", ""}}, std::nullopt}),
              ThrowsMessage<core::Error>(HasSubstr("with a time coordinate")));
}

TEST(FieldReader, NamesTheVariablesThereAre) {
  const TemporaryFolder folder;
  EXPECT_THAT(opening(folder, FieldFile(), {{{"t2m", "", ""}}, std::nullopt}),
              ThrowsMessage<core::Error>(HasSubstr("no variable t2m; there are: time, lat, lon, tas")));
}

TEST(FieldReader, RefusesAnotherStandardName) {
  const TemporaryFolder folder;
  EXPECT_THAT(opening(folder, FieldFile(), {{{"tas", "eastward_wind", ""}}, std::nullopt}),
              ThrowsMessage<core::Error>(
                  HasSubstr("a.nc: tas: standard name air_temperature, expected eastward_wind")));
}

TEST(FieldReader, TakesAStandardNameThatOverrulesTheFiles) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  const FieldSelection selection{.variables = {{"tas", "dew_point_temperature", ""}},
                                 .crop = {},
                                 .longest_gap = 0,
                                 .overrules_standard_names = true};
  EXPECT_EQ(FieldReader({folder / "a.nc"}, selection).variables()[0].standard_name, "dew_point_temperature");
}

TEST(FieldReader, RefusesBadTimeAxes) {
  const TemporaryFolder folder;
  FieldFile file;
  file.times = {0, 1, 3, 4};
  EXPECT_THAT(
      opening(folder, file),
      ThrowsMessage<core::Error>(HasSubstr(
          "a.nc: time axis: step 2, from 2019-03-01T01:00:00 to 2019-03-01T03:00:00, is 2 h, expected 1 h")));
  file.times = {0, 1, 1, 2};
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(HasSubstr("2019-03-01T01:00:00 is repeated")));
  file.times = {0, 1, 0, 1};
  EXPECT_THAT(opening(folder, file), ThrowsMessage<core::Error>(HasSubstr("goes back")));
  file.times = {0, 1};
  file.time_units = "months since 2019-01-01";
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc: time"), HasSubstr("months since"))));
  file.time_units = "hours since 2019-01-01";
  file.calendar = "lunar";
  EXPECT_THAT(opening(folder, file), ThrowsMessage<core::Error>(HasSubstr("unknown calendar 'lunar'")));
}

TEST(FieldReader, RefusesBadGrids) {
  const TemporaryFolder folder;
  FieldFile file;
  file.lat = {52, 51, 51.5};
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(HasSubstr("coordinate lat must rise or fall strictly")));
  file.lat = {52, 51, std::nan("")};
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(HasSubstr("coordinate lat must rise or fall strictly")));
  file.lat = {80, 90, 100};
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(HasSubstr("coordinate lat leaves the range")));
  file.lat = {52, 51.5, 51};
  file.lat_units = "m";
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(HasSubstr("coordinate lat has units 'm', expected degrees_north")));
  file.lat_units = "degrees";
  EXPECT_THAT(opening(folder, file),
              ThrowsMessage<core::Error>(HasSubstr("has units 'degrees', expected degrees_north")));
  file.lat_standard_name = "latitude";
  EXPECT_NO_THROW(opening(folder, file)()) << "the standard name says which degrees they are";
  file.attributes["grid_mapping"] = std::string("crs");
  EXPECT_THAT(opening(folder, file), ThrowsMessage<core::Error>(HasSubstr("no grid mapping variable crs")));
}

TEST(FieldReader, PutsLatitudesThatRoundingCarriedBeyondAPoleBackToIt) {
  const TemporaryFolder folder;
  FieldFile file;
  file.lat = {-90.00001, 0, 90.0000001};
  file.write(folder / "a.nc");
  EXPECT_THAT(FieldReader({folder / "a.nc"}, {}).grid().y.values, ElementsAre(-90, 0, 90));
  file.lat = {80, 85, 90.01};
  EXPECT_THAT(
      opening(folder, file),
      ThrowsMessage<core::Error>(HasSubstr("coordinate lat leaves the range -90 to 90 degrees: 90.01")));
}

TEST(FieldReader, SaysWhatRawOutputOfWrfIs) {
  const TemporaryFolder folder;
  write_raw_wrf(folder / "wrfout_d01");
  FieldSelection temperature;
  temperature.variables = {{"T2", "air_temperature", "K"}};
  const auto complaint = ThrowsMessage<core::Error>(
      AllOf(HasSubstr("wrfout_d01: it is raw output of WRF"), HasSubstr("xwrf.postprocess()")));
  EXPECT_THAT([&] { FieldReader({folder / "wrfout_d01"}, {}); }, complaint);
  EXPECT_THAT([&] { FieldReader({folder / "wrfout_d01"}, temperature); }, complaint);
  write_raw_wrf(folder / "made_cf", true);
  EXPECT_THAT([&] { FieldReader({folder / "made_cf"}, temperature); },
              ThrowsMessage<core::Error>(::testing::Not(HasSubstr("raw output"))));
}

TEST(FieldReader, JoinsFilesInOrderOfTime) {
  const TemporaryFolder folder;
  FieldFile later;
  later.time_units = "days since 2019-02-01";
  later.times = {28 + 4.0 / 24, 28 + 5.0 / 24};
  later.attributes["units"] = std::string("degC");
  later.stored = [](std::size_t t, std::size_t, std::size_t) { return static_cast<double>(t); };
  later.write(folder / "a.nc");
  FieldFile().write(folder / "b.nc");
  const FieldReader reader({folder / "b.nc", folder / "a.nc"}, {});
  ASSERT_EQ(reader.times().size(), 6);
  EXPECT_EQ(reader.times().format(5), "2019-03-01T05:00:00");
  std::vector<float> values(36);
  reader.read(3, 3, values);
  EXPECT_EQ(values[0], 370.0F);
  // The second file's unit is converted to that of the first named.
  EXPECT_FLOAT_EQ(values[12], 273.15F);
  EXPECT_FLOAT_EQ(values[24], 274.15F);
  std::vector<float> one(12);
  reader.read(5, 1, one);
  EXPECT_FLOAT_EQ(one[0], 274.15F);
  EXPECT_EQ(FieldReader({folder / "a.nc", folder / "b.nc"}, {}).times().seconds, reader.times().seconds);
}

TEST(FieldReader, JoinsFilesOfOneInstantEach) {
  const TemporaryFolder folder;
  std::vector<std::filesystem::path> files;
  for (int i = 0; i < 3; ++i) {
    FieldFile file;
    file.times = {6.0 * i};
    file.write(folder / ("a" + std::to_string(i) + ".nc"));
    files.push_back(folder / ("a" + std::to_string(i) + ".nc"));
  }
  EXPECT_EQ(FieldReader(files, {}).step_seconds(), 6 * 3600);
  EXPECT_EQ(FieldReader({files[0]}, {}).step_seconds(), 0);
  EXPECT_THAT(opening({files[0], files[0]}), ThrowsMessage<core::Error>(HasSubstr("overlap in time")));
}

TEST(FieldReader, NamesBothFilesOfAnOverlapOrGap) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  FieldFile other;
  other.times = {3, 4, 5};
  other.write(folder / "b.nc");
  EXPECT_THAT(opening({folder / "a.nc", folder / "b.nc"}),
              ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc and "), HasSubstr("b.nc overlap in time"),
                                               HasSubstr("ends at 2019-03-01T03:00:00"),
                                               HasSubstr("starts at 2019-03-01T03:00:00"))));
  other.times = {5, 6};
  other.write(folder / "b.nc");
  EXPECT_THAT(opening({folder / "a.nc", folder / "b.nc"}),
              ThrowsMessage<core::Error>(HasSubstr("b.nc do not join at a step of 1 h")));
  other.times = {4, 6};
  other.write(folder / "b.nc");
  EXPECT_THAT(opening({folder / "a.nc", folder / "b.nc"}),
              ThrowsMessage<core::Error>(HasSubstr("b.nc: time step 2 h")));
}

TEST(FieldReader, RefusesToJoinUnlikeFiles) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  FieldFile other;
  other.times = {4, 5};
  const auto joining = [&](const FieldFile& file) {
    file.write(folder / "b.nc");
    return opening({folder / "a.nc", folder / "b.nc"});
  };
  FieldFile grid = other;
  grid.lon = {-0.5, 0, 0.5};
  EXPECT_THAT(joining(grid), ThrowsMessage<core::Error>(AllOf(HasSubstr("b.nc: not on the grid of "),
                                                              HasSubstr("lon: 3 points, expected 4"))));
  FieldFile calendar = other;
  calendar.calendar = "noleap";
  EXPECT_THAT(joining(calendar), ThrowsMessage<core::Error>(HasSubstr("b.nc: calendar noleap")));
  FieldFile name = other;
  name.attributes["standard_name"] = std::string("surface_temperature");
  EXPECT_THAT(joining(name), ThrowsMessage<core::Error>(HasSubstr("surface_temperature")));
  EXPECT_THAT(opening(std::vector<std::filesystem::path>{}),
              ThrowsMessage<core::Error>(HasSubstr("no input file")));
}

}  // namespace
}  // namespace foehn::io::field_reader_test
