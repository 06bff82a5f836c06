#include "foehn/bias/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bias/records.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::bias::calibration_test {
namespace {

using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::string kName = "calibration.nc";

std::vector<Calibration> two_variables(const Layout& layout) {
  Record observed = seasons(8000, 280, 3, 5), simulated = seasons(8000, 283, 2, 7);
  observed.cells = simulated.cells = 2;
  std::vector<Calibration> calibrations{calibrate(observed, simulated, Kind::additive, 40, layout),
                                        calibrate(simulated, observed, Kind::multiplicative, 40, layout)};
  calibrations[1].variable = "sfcWind";
  calibrations[1].units = "m s-1";
  calibrations[1].standard_name = "wind_speed";
  return calibrations;
}

grid::Grid two_cells() {
  return {{"rlat", "grid_latitude", "degrees", {1.5}},
          {"rlon", "grid_longitude", "degrees", {-2, -1}},
          grid::RotatedPole{39.25, -162, 0}};
}

CalibrationFile file_of(const std::vector<Calibration>& calibrations) {
  const Origin origin{two_cells(),
                      "1985-01-01T00:00:00",
                      "2014-12-30T18:00:00",
                      "MPI-ESM1-2-HR",
                      "historical",
                      "tas_a.nc, tas_b.nc",
                      "era5.nc",
                      "bilinear"};
  return {origin, calibrations};
}

TEST(Kind, HasNamesAndSigns) {
  for (const Kind kind : {Kind::additive, Kind::multiplicative}) EXPECT_EQ(parse_kind(kind_name(kind)), kind);
  EXPECT_EQ(parse_kind("+"), Kind::additive);
  EXPECT_EQ(parse_kind("*"), Kind::multiplicative);
  EXPECT_THAT([] { parse_kind("logarithmic"); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("'logarithmic'"), HasSubstr("additive"))));
}

TEST(Calibrations, ComeBackBitForBit) {
  const TemporaryFolder folder;
  for (const Layout& layout : {Layout{false, 0}, Layout{false, 2}, Layout{true, 0}, Layout{true, 2}}) {
    std::vector<Calibration> calibrations = two_variables(layout);
    calibrations[1].daily_times = {21600, 43200, 10800};
    const CalibrationFile written = file_of(calibrations);
    write_calibrations(folder / kName, written);
    const CalibrationFile found = read_calibrations(folder / kName);
    EXPECT_EQ(found.calibrations, calibrations);
    EXPECT_FALSE(grid::difference(written.origin.grid, found.origin.grid));
    for (const auto text : {&Origin::first_date, &Origin::last_date, &Origin::source_id,
                            &Origin::experiment_id, &Origin::simulated_files, &Origin::reference_files})
      EXPECT_EQ(found.origin.*text, written.origin.*text);
  }
}

TEST(Calibrations, AreCheckedBeforeUse) {
  const Calibration good = two_variables({}).front();
  const auto bent = [&](auto bend) {
    return [&good, bend] {
      Calibration calibration = good;
      bend(calibration);
      check_calibration(calibration);
    };
  };
  EXPECT_NO_THROW(check_calibration(good));
  EXPECT_THAT(bent([](Calibration& c) { c.observed.counts[3] += 1; }),
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("calibration of 'tas': observations"), HasSubstr("the bins count"))));
  EXPECT_THAT(bent([](Calibration& c) { c.simulated.counts[3] = -1; }),
              ThrowsMessage<core::Error>(HasSubstr("bin 3 counts -1 values")));
  EXPECT_THAT(bent([](Calibration& c) { c.simulated.counts.pop_back(); }),
              ThrowsMessage<core::Error>(HasSubstr("39 counts, expected 40")));
  EXPECT_THAT(bent([](Calibration& c) { c.simulated.bins.number = 39; }),
              ThrowsMessage<core::Error>(HasSubstr("laid out differently")));
  EXPECT_THAT(bent([](Calibration& c) { c.observed.bins.upper[0] = c.simulated.bins.upper[0] = 270; }),
              ThrowsMessage<core::Error>(HasSubstr("for values from")));
  Record cold = bell(400, -3, 1);
  EXPECT_THAT([&] { check_calibration(calibrate(cold, cold, Kind::multiplicative, 40)); },
              ThrowsMessage<core::Error>(HasSubstr("a multiplicative correction of negative values")));
}

TEST(Calibrations, OfDifferentLayoutsAreNotWritten) {
  const TemporaryFolder folder;
  std::vector<Calibration> calibrations = two_variables({});
  calibrations[1] = two_variables({false, 2})[1];
  EXPECT_THAT([&] { write_calibrations(folder / kName, file_of(calibrations)); },
              ThrowsMessage<core::Error>(HasSubstr("'tas' and 'sfcWind' are laid out differently")));
  EXPECT_THAT([&] { write_calibrations(folder / kName, file_of({})); },
              ThrowsMessage<core::Error>(HasSubstr("no calibration")));
  CalibrationFile elsewhere = file_of(two_variables({false, 2}));
  elsewhere.origin.grid.x.values = {-2, -1, 0};
  EXPECT_THAT([&] { write_calibrations(folder / kName, elsewhere); },
              ThrowsMessage<core::Error>(HasSubstr("statistics of 2 cells on a grid of 3")));
  EXPECT_TRUE(folder.names().empty());
}

TEST(CalibrationFile, IsRefusedWhenCutShort) {
  const TemporaryFolder folder;
  write_calibrations(folder / kName, file_of(two_variables({true, 2})));
  const std::string whole = io::content_of(folder / kName);
  for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{100}, std::size_t{0}}) {
    io::write_content(folder / "cut.nc", std::string_view(whole).substr(0, size));
    EXPECT_THAT([&] { read_calibrations(folder / "cut.nc"); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("reading the calibration"), HasSubstr("cut.nc"))))
        << size;
  }
  EXPECT_THAT([&] { read_calibrations(folder / "none.nc"); },
              ThrowsMessage<core::Error>(HasSubstr("no such file")));
}

/// A file with the attributes of a calibration of one variable, and a histogram of the sizes given.
void write_imitation(const std::filesystem::path& path, std::int64_t version,
                     const std::vector<std::int64_t>& sizes) {
  io::NetcdfFile file = io::NetcdfFile::create(path);
  std::vector<std::string> dimensions{"variable", "group", "cell", "bin"};
  dimensions.resize(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) file.define_dimension(dimensions[i], sizes[i]);
  // Chunked: then a huge variable takes no room.
  file.define_variable("observed_count", io::NetcdfType::int64, dimensions, {}, {.chunks = {}, .deflate = 1});
  file.set_global_attributes({{"bias_calibration_version", version},
                              {"cells", std::string("separate")},
                              {"variable_names", std::string("tas")},
                              {"variable_standard_names", std::string("air_temperature")},
                              {"variable_units", std::string("K")},
                              {"variable_kinds", std::string("additive")}});
  file.close();
}

TEST(CalibrationFile, IsRefusedWhenOfAnotherLayout) {
  const TemporaryFolder folder;
  const auto reading = [path = folder / kName] { read_calibrations(path); };
  io::FieldFile().write(folder / kName);
  EXPECT_THAT(reading, ThrowsMessage<core::Error>(HasSubstr("not a calibration of a bias correction")));
  write_imitation(folder / kName, 3, {1, 1, 1, 40});
  EXPECT_THAT(reading, ThrowsMessage<core::Error>(HasSubstr("version 3 of the layout, expected 2")));
  write_imitation(folder / kName, 2, {1, 1, 40});
  EXPECT_THAT(reading, ThrowsMessage<core::Error>(HasSubstr("has 3 dimensions, expected 4")));
  write_imitation(folder / kName, 2, {1, 5, 1, 40});
  EXPECT_THAT(reading, ThrowsMessage<core::Error>(HasSubstr("expected 1 or 12 groups")));
  write_imitation(folder / kName, 2, {1, 12, 1 << 20, 1 << 20});
  EXPECT_THAT(reading, ThrowsMessage<core::Error>(HasSubstr("at most 134217728 in product")));
  write_imitation(folder / kName, 2, {1, 1, 1, 40});
  EXPECT_THAT(reading, ThrowsMessage<core::Error>(HasSubstr("no variable bin_lower")));
}

}  // namespace
}  // namespace foehn::bias::calibration_test
