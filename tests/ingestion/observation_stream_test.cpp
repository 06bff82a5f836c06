#include "foehn/ingestion/observation_stream.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "grid/grids.hpp"
#include "simulation_file.hpp"

namespace foehn::ingestion::observation_stream_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Streams : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::function<void(SimulationFile&)>& bend = {}) {
    SimulationFile made;
    if (bend) bend(made);
    made.write(folder_ / name);
    return folder_ / name;
  }
  static std::vector<ObservationStream> open(const std::vector<std::filesystem::path>& files,
                                             const std::vector<WantedVariable>& wanted = {temperature()},
                                             const Target& target = small_target()) {
    std::vector<Record> records = find_records(files, wanted);
    for (Record& record : records) record.select_period("", "");
    return make_streams(std::move(records), target);
  }
  static auto refuses(const std::string& a, const std::string& b = "", const std::string& c = "") {
    return ThrowsMessage<core::Error>(AllOf(HasSubstr(a), HasSubstr(b), HasSubstr(c)));
  }

  io::TemporaryFolder folder_;
};

TEST_F(Streams, GiveBlockMeansOfLinearFieldsExactly) {
  auto streams = open({file("a.nc")});
  ASSERT_EQ(streams.size(), 1);
  const auto values = read(streams[0], 1);
  ASSERT_EQ(values.size(), 4);
  // Means of latitudes 48.25 and 49.25, longitudes 8.25 and 9.25.
  EXPECT_NEAR(values[0], 250.6 + 48.25 + 8.25 / 2, 1e-4);
  EXPECT_NEAR(values[1], 250.6 + 48.25 + 9.25 / 2, 1e-4);
  EXPECT_NEAR(values[2], 250.6 + 49.25 + 8.25 / 2, 1e-4);
}

TEST_F(Streams, AreTheBlockMeansOfTheRegriddedField) {
  Target target = small_target();
  target.domain.rotated_pole = grid::RotatedPole{39.25, -162, 0};
  target.domain.y = {"rlat", "grid_latitude", "degrees", {-1, -0.6, -0.2, 0.2}};
  target.domain.x = {"rlon", "grid_longitude", "degrees", {-5, -4.6, -4.2, -3.8}};
  const auto field = [](double, double lat, double lon) { return 280 + std::sin(lat) + std::cos(3 * lon); };
  for (const RegridMethod method : {RegridMethod::bilinear, RegridMethod::conservative}) {
    target.method = method;
    const auto path = file("a.nc", [&](SimulationFile& made) { made.value = field; });
    auto streams = open({path}, {temperature()}, target);
    const auto values = read(streams[0], 0);
    Record record = std::move(find_records({path}, {temperature()}).front());
    std::vector<float> source(36), fine(16);
    record.read(0, 1, {0, 6, 0, 6}, source);
    const grid::Grid& from = *record.grid()->rectilinear;
    (method == RegridMethod::bilinear
         ? grid::bilinear_weights(from, grid::geographic_coordinates(target.domain))
         : grid::conservative_weights(from, target.domain))
        .apply(source, fine);
    for (std::size_t block = 0; block < 4; ++block) {
      const std::size_t corner = block / 2 * 8 + block % 2 * 2;
      EXPECT_NEAR(values[block], (fine[corner] + fine[corner + 1] + fine[corner + 4] + fine[corner + 5]) / 4,
                  1e-4);
    }
  }
}

TEST_F(Streams, DoNotDependOnHowTheSourceRuns) {
  auto plain = open({file("a.nc")});
  auto turned = open({file("b.nc", [](SimulationFile& made) {
    made.lat = {54, 52, 50, 48, 46, 44};
    for (double& lon : made.lon) lon += 360;
    made.value = [value = made.value](double hour, double lat, double lon) {
      return value(hour, lat, lon - 360);
    };
  })});
  EXPECT_EQ(read(plain[0], 2), read(turned[0], 2));
}

TEST_F(Streams, CrossTheSeamOfAGlobalGrid) {
  auto streams = open({file("a.nc",
                            [](SimulationFile& made) {
                              made.lat = {-60, 0, 60};
                              made.lon = {0, 90, 180, 270};
                              made.value = [](double, double, double lon) { return lon == 270 ? 200 : 300; };
                            })},
                      {temperature()}, [] {
                        Target target = small_target();
                        target.domain.x.values = {-60, -30, 30, 60};
                        return target;
                      }());
  const auto values = read(streams[0], 0);
  EXPECT_NEAR(values[0], 250, 1e-3);  // half-way between 270 and 360 degrees east
  EXPECT_NEAR(values[1], 300, 1e-3);
}

TEST_F(Streams, RenormaliseOverWhatIsNotMissing) {
  const auto path = file("a.nc", [](SimulationFile& made) {
    made.value = [](double, double lat, double lon) { return lat == 50 && lon == 10 ? 1e20 : 280; };
  });
  auto strict = open({path});
  EXPECT_THAT(
      [&] { read(strict[0], 0); },
      AllOf(refuses("a.nc: tas: missing value at 2001-01-01T00:00:00, row 3, column 3 (lat 50, lon 10)"),
            refuses("data.cell_missing_fraction")));
  Target target = small_target();
  target.cell_missing_fraction = 0.5;
  auto tolerant = open({path}, {temperature()}, target);
  for (const float value : read(tolerant[0], 0)) EXPECT_NEAR(value, 280, 1e-4);
}

TEST_F(Streams, HaveMissingBlocksUpToAFractionOfAVariablesValues) {
  // Most of one of four blocks, at two of four instants: an eighth.
  const auto path = file("a.nc", [](SimulationFile& made) {
    made.value = [](double hour, double lat, double lon) {
      return hour >= 12 && lat == 48 && lon == 8 ? 1e20 : 280;
    };
  });
  Target target = small_target();
  target.cell_missing_fraction = 0.5;
  target.missing_fraction = 0.125;
  auto allowed = open({path}, {temperature()}, target);
  for (const std::int64_t again : {1, 2}) {
    for (std::int64_t i = 0; i < 4; ++i) {
      const auto values = read(allowed[0], i);
      for (const float value : values) EXPECT_TRUE(std::isnan(value) || std::abs(value - 280) < 1e-4F);
      EXPECT_EQ(std::isnan(values[0]), i >= 2);
      EXPECT_FALSE(std::isnan(values[3]));
    }
    EXPECT_THAT(allowed[0].missing(), ::testing::ElementsAre(2)) << "read " << again << " times";
  }
  target.missing_fraction = 0.1;
  auto refused = open({path}, {temperature()}, target);
  EXPECT_NO_THROW(read(refused[0], 2));
  EXPECT_THAT(
      [&] { read(refused[0], 3); },
      AllOf(refuses("a.nc: tas: missing value at 2001-01-01T12:00:00, row 2, column 2 (lat 48, lon 8)"),
            refuses("of 16 coarse values are missing", "observation.missing_fraction")));
}

TEST_F(Streams, ConvertUnits) {
  auto streams = open({file("a.nc", [](SimulationFile& made) {
    made.attributes["units"] = std::string("degC");
    made.value = [](double, double, double) { return 10; };
  })});
  EXPECT_NEAR(read(streams[0], 0)[0], 283.15, 1e-4);
}

TEST_F(Streams, KeepMeansApartFromSnapshots) {
  const WantedVariable pressure{{"psl", "air_pressure_at_mean_sea_level", "Pa"}, "", {}};
  const auto psl = file("psl.nc", [](SimulationFile& made) {
    made.name = "psl";
    made.attributes["standard_name"] = std::string("air_pressure_at_mean_sea_level");
    made.attributes["units"] = std::string("Pa");
    made.attributes["cell_methods"] = std::string("time: mean");
    made.hours = {3, 9, 15, 21};
    made.bounds = {0, 6, 6, 12, 12, 18, 18, 24};
  });
  auto streams = open({file("tas.nc"), psl}, {temperature(), pressure});
  ASSERT_EQ(streams.size(), 2);
  EXPECT_EQ(streams[0].variables()[0].name, "tas");
  EXPECT_EQ(streams[1].variables()[0].name, "psl");
  EXPECT_EQ(streams[1].sampling().interval.seconds(), 6 * 3600);
  EXPECT_EQ(streams[1].times().format(0), "2001-01-01T03:00:00");
}

TEST_F(Streams, UseTheInstantsThatAllVariablesHave) {
  const WantedVariable wind{{"uas", "eastward_wind", "m s-1"}, "", {}};
  const auto uas = file("uas.nc", [](SimulationFile& made) {
    made.name = "uas";
    made.attributes["standard_name"] = std::string("eastward_wind");
    made.attributes["units"] = std::string("m s-1");
    made.hours = {0, 3, 6, 9, 12, 15, 18, 21};
    made.value = [](double hour, double latitude, double longitude) {
      return hour / 10 + latitude + longitude / 2;
    };
  });
  auto streams = open({file("tas.nc"), uas}, {temperature(), wind});
  EXPECT_EQ(streams[0].times().size(), 4);
  EXPECT_NEAR(read(streams[0], 1)[4], 0.6 + 48.25 + 8.25 / 2, 1e-4) << "hour 6 of the wind";
}

class Winds : public Streams {
 protected:
  /// A wind of 3 m s-1 to the east and 4 to the north everywhere.
  std::vector<std::filesystem::path> files(const std::string& u_name = "eastward_wind",
                                           const std::string& v_name = "northward_wind") {
    const auto component = [&](const std::string& name, const std::string& standard_name, double speed) {
      return file(name + ".nc", [&](SimulationFile& made) {
        made.name = name;
        made.attributes["standard_name"] = standard_name;
        made.attributes["units"] = std::string("m s-1");
        made.value = [=](double, double, double) { return speed; };
      });
    };
    return {component("uas", u_name, 3), component("vas", v_name, 4)};
  }
  static std::vector<WantedVariable> wanted(const std::string& u, const std::string& v) {
    return {{{"uas", u, "m s-1"}, "", {}}, {{"vas", v, "m s-1"}, "", {}}};
  }
  static Target rotated() {
    Target target = small_target();
    target.domain = {{"rlat", "grid_latitude", "degrees", {-1, -0.6}},
                     {"rlon", "grid_longitude", "degrees", {-5, -4.6}},
                     grid::RotatedPole{39.25, -162, 0}};
    target.block = 1;
    return target;
  }
};

TEST_F(Winds, AreTurnedWhereTheNamesSayThatTheyGoAlongTheGrid) {
  const Target target = rotated();
  auto streams = open(files(), wanted("grid_eastward_wind", "grid_northward_wind"), target);
  EXPECT_TRUE(streams[0].turns_winds());
  const auto values = read(streams[0], 0);
  std::vector<float> u(4, 3), v(4, 4);
  grid::turn_winds_to_grid(grid::grid_angles(target.domain), u, v);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(values[i], u[i], 1e-5);
    EXPECT_NEAR(values[4 + i], v[i], 1e-5);
  }
  EXPECT_GT(std::abs(values[0] - 3), 0.1);
}

TEST_F(Winds, GoWhereTheUserSaysWhateverTheFilesSay) {
  auto names = wanted("grid_eastward_wind", "grid_northward_wind");
  const Target target = rotated();
  const auto as_named = read(open(files(), names, target)[0], 0);
  names[0].source_name = "uas";
  names[1].source_name = "vas";
  const auto told = [&](const std::string& u, const std::string& v) {
    names[0].source_standard_name = u;
    names[1].source_standard_name = v;
    return read(open(files("grid_eastward_wind", "grid_northward_wind"), names, target)[0], 0);
  };
  EXPECT_EQ(told("eastward_wind", "northward_wind"), as_named) << "turned by the names given";
}

TEST_F(Winds, MayLieOnStaggeredGrids) {
  const auto component = [&](const std::string& name, const std::string& standard_name, bool is_staggered) {
    return file(name + ".nc", [&](SimulationFile& made) {
      made.name = name;
      made.attributes["standard_name"] = standard_name;
      made.attributes["units"] = std::string("m s-1");
      if (is_staggered) made.lat = {45, 47, 49, 51, 53};
      // Linear, which bilinear regridding keeps.
      made.value = [=](double, double lat, double lon) { return name == "uas" ? lat / 10 : lon - lat / 5; };
    });
  };
  const Target target = rotated();
  const auto names = wanted("grid_eastward_wind", "grid_northward_wind");
  const auto winds = [&](bool is_staggered) {
    return read(
        open({component("uas", "eastward_wind", false), component("vas", "northward_wind", is_staggered)},
             names, target)[0],
        0);
  };
  const auto on_one = winds(false), staggered = winds(true);
  ASSERT_EQ(on_one.size(), 8);
  for (std::size_t i = 0; i < on_one.size(); ++i) EXPECT_NEAR(staggered[i], on_one[i], 1e-5);
}

TEST_F(Winds, OfOnePairGoInOnePairOfDirections) {
  // On a regular grid both names mean the same, so that there they are no contradiction.
  const auto names = wanted("grid_eastward_wind", "grid_northward_wind");
  const auto mixed = read(open(files("eastward_wind", "grid_northward_wind"), names, rotated())[0], 0);
  EXPECT_EQ(mixed, read(open(files(), names, rotated())[0], 0));
  const auto on_a_rotated_grid = [&](const std::string& name) {
    return file(name + ".nc", [&](SimulationFile& made) {
      made.name = name;
      made.attributes["standard_name"] = std::string(name == "uas" ? "eastward_wind" : "grid_northward_wind");
      made.attributes["units"] = std::string("m s-1");
      made.rotated_pole = grid::RotatedPole{39.25, -162, 0};
      made.lat = {-2, -1, 0, 1};
      made.lon = {-6, -5, -4, -3};
    });
  };
  EXPECT_THAT(
      [&] {
        open({on_a_rotated_grid("uas"), on_a_rotated_grid("vas")}, names, rotated());
      },
      refuses("eastward_wind", "grid_northward_wind", "matching directions"));
}

TEST_F(Winds, AreMissingTogetherWhereTheyAreTurned) {
  const auto winds = files();
  file("vas.nc", [](SimulationFile& made) {
    made.name = "vas";
    made.attributes["standard_name"] = std::string("northward_wind");
    made.attributes["units"] = std::string("m s-1");
    made.value = [](double, double, double) { return 1e20; };
  });
  Target target = rotated();
  target.missing_fraction = 1;
  auto streams = open(winds, wanted("grid_eastward_wind", "grid_northward_wind"), target);
  for (const float value : read(streams[0], 0)) EXPECT_TRUE(std::isnan(value));
  EXPECT_THAT(streams[0].missing(), ::testing::ElementsAre(4, 4));
}

TEST_F(Winds, StayGeographicWhereTheDomainSaysSo) {
  auto kept = open(files(), wanted("eastward_wind", "northward_wind"), rotated());
  EXPECT_FALSE(kept[0].turns_winds());
  EXPECT_NEAR(read(kept[0], 0)[0], 3, 1e-5);
}

TEST_F(Winds, NeedBothComponentsToBeTurned) {
  EXPECT_THAT([&] { open(files(), {wanted("grid_eastward_wind", "grid_northward_wind")[0]}, rotated()); },
              refuses("uas", "the other component"));
}

TEST_F(Streams, RefuseADomainOutsideARegionalSource) {
  Target target = small_target();
  target.domain.y.values = {60, 61, 62, 63};
  EXPECT_THAT([&] { open({file("a.nc")}, {temperature()}, target); }, refuses("regridding tas", "60"));
}

TEST_F(Streams, RefuseMixedCalendars) {
  const WantedVariable wind{{"uas", "eastward_wind", "m s-1"}, "", {}};
  const auto uas = file("uas.nc", [](SimulationFile& made) {
    made.name = "uas";
    made.attributes["standard_name"] = std::string("eastward_wind");
    made.attributes["units"] = std::string("m s-1");
    made.calendar = "noleap";
  });
  EXPECT_THAT(([&] {
                open({file("tas.nc"), uas}, {temperature(), wind});
              }),
              refuses("uas.nc) is in the calendar noleap", "tas.nc) in 360_day"));
}

}  // namespace
}  // namespace foehn::ingestion::observation_stream_test
