#include "foehn/ingestion/record.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"
#include "simulation_file.hpp"

namespace foehn::ingestion::record_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Records : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::function<void(SimulationFile&)>& bend = {}) {
    SimulationFile made;
    if (bend) bend(made);
    made.write(folder_ / name);
    return folder_ / name;
  }
  std::filesystem::path day(int index, const std::function<void(SimulationFile&)>& bend = {}) {
    return file("tas_" + std::to_string(index) + ".nc", [&](SimulationFile& made) {
      for (double& hour : made.hours) hour += 24 * index;
      if (bend) bend(made);
    });
  }
  Record find(const std::vector<std::filesystem::path>& files, const WantedVariable& wanted = temperature()) {
    return std::move(find_records(files, {wanted}).front());
  }
  static auto refuses(const std::string& a, const std::string& b = "", const std::string& c = "") {
    return ThrowsMessage<core::Error>(AllOf(HasSubstr(a), HasSubstr(b), HasSubstr(c)));
  }

  io::TemporaryFolder folder_;
  grid::Crop all_{0, 6, 0, 6};
};

TEST_F(Records, JoinFilesInOrderOfTime) {
  Record record = find({day(1), day(0), day(2)});
  record.select_period("", "");
  EXPECT_EQ(record.times().size(), 12);
  EXPECT_EQ(record.step_seconds(), 6 * 3600);
  EXPECT_EQ(record.times().calendar, calendar::Calendar::day_360);
  std::vector<float> values(3 * 36);
  record.read(3, 3, all_, values);  // across two files
  EXPECT_FLOAT_EQ(values[0], 250 + 1.8 + 44 + 2);
  EXPECT_FLOAT_EQ(values[36], 250 + 2.4 + 44 + 2);
}

TEST_F(Records, KeepTheFilesOfThePeriodAlone) {
  Record record = find({day(0), day(1), day(2)});
  record.select_period("2001-01-02", "2001-01-02");
  ASSERT_EQ(record.files().size(), 1);
  EXPECT_EQ(record.file_of(0).filename(), "tas_1.nc");
  std::vector<float> values(36);
  record.read(1, 1, all_, values);
  EXPECT_FLOAT_EQ(values[0], 250 + 3.0 + 44 + 2);
}

TEST_F(Records, ReadFilesThatAreNamedTwiceOnce) {
  const auto path = day(0);
  EXPECT_EQ(find({path, path}).files().size(), 1);
}

TEST_F(Records, JoinOverlapsThatAgree) {
  const auto second = file("b.nc", [](SimulationFile& made) { made.hours = {12, 18, 24, 30}; });
  Record record = find({day(0), second});
  record.select_period("", "");
  EXPECT_EQ(record.times().size(), 6);
  EXPECT_NO_THROW(record.check_overlaps(all_));
}

TEST_F(Records, RefuseOverlapsThatDisagree) {
  const auto second = file("b.nc", [](SimulationFile& made) {
    made.hours = {12, 18, 24, 30};
    made.value = [](double hour, double lat, double lon) {
      return 250 + hour / 10 + lat + lon / 2 + (hour == 18 && lat == 50 ? 0.01 : 0);
    };
  });
  Record record = find({day(0), second});
  record.select_period("", "");
  EXPECT_THAT([&] { record.check_overlaps(all_); },
              refuses("tas: ", "disagree", "2001-01-01T18:00:00, row 3, column 0 (lat 50, lon 4)"));
  EXPECT_NO_THROW(record.check_overlaps({0, 3, 0, 6})) << "only the region counts";
  Record early = find({day(0), second});
  early.select_period("", "2001-01-01T12:00");
  EXPECT_NO_THROW(early.check_overlaps(all_)) << "only the period counts";
}

TEST_F(Records, NameAGapAndTheFilesBesideIt) {
  Record record = find({day(0), day(2)});
  EXPECT_THAT([&] { record.select_period("", ""); },
              AllOf(refuses("tas: a gap in time between 2001-01-01T18:00:00", "tas_0.nc", "tas_2.nc"),
                    refuses("30 h, expected 6 h")));
  Record before = find({day(0), day(2)});
  EXPECT_NO_THROW(before.select_period("", "2001-01-01")) << "a gap outside the period is none";
  Record after = find({day(0), day(2)});
  EXPECT_NO_THROW(after.select_period("2001-01-03", "")) << "a gap outside the period is none";
  const std::vector<std::pair<std::string, std::string>> into_the_gap{
      {"", "2001-01-02"}, {"2001-01-02T18:00", ""}, {"2001-01-02", "2001-01-03"}};
  for (const auto& [start, end] : into_the_gap) {
    Record cut = find({day(0), day(2)});
    EXPECT_THAT([&] { cut.select_period(start, end); },
                refuses("tas: a gap in time", "tas_0.nc", "tas_2.nc"));
  }
}

TEST_F(Records, RefuseAVariableWithoutAUnit) {
  const auto unnamed = day(0, [](SimulationFile& made) { made.attributes.erase("units"); });
  EXPECT_THAT([&] { find({unnamed}); }, refuses("tas_0.nc", "no units attribute", "K"));
}

TEST_F(Records, RefuseFilesThatAreNotAlike) {
  const auto other = [&](const std::function<void(SimulationFile&)>& bend) {
    const auto path = day(1, bend);
    return [=, this] { find({day(0), path}); };
  };
  EXPECT_THAT(other([](SimulationFile& made) { made.calendar = "noleap"; }),
              refuses("tas_1.nc: calendar noleap", "tas_0.nc it is 360_day"));
  EXPECT_THAT(other([](SimulationFile& made) { made.lat[0] = 43.9; }), refuses("not on the grid of", "lat"));
  EXPECT_THAT(other([](SimulationFile& made) {
                made.attributes["cell_methods"] = std::string("time: mean");
                for (const double hour : made.hours)
                  made.bounds.insert(made.bounds.end(), {hour - 3, hour + 3});
              }),
              refuses("tas_1.nc holds means over 6 h", "tas_0.nc holds snapshots"));
  EXPECT_THAT(other([](SimulationFile& made) { made.attributes["units"] = std::string("Pa"); }),
              refuses("tas_1.nc: tas", "Pa", "K"));
}

TEST_F(Records, TellMeansFromSnapshots) {
  const auto means = [](SimulationFile& made) {
    made.attributes["cell_methods"] = std::string("time: mean");
    made.hours = {3, 9, 15, 21};
    made.bounds = {0, 6, 6, 12, 12, 18, 18, 24};
  };
  const io::Sampling sampling = find({file("mean.nc", means)}).sampling();
  EXPECT_EQ(sampling.kind, io::TimeSampling::mean);
  EXPECT_EQ(sampling.interval, (io::MeanInterval{-3 * 3600, 3 * 3600}));
  const auto without_a_blank = [&](SimulationFile& made) {
    means(made);
    made.attributes["cell_methods"] = std::string("area:mean time:mean");
  };
  EXPECT_EQ(find({file("mean.nc", without_a_blank)}).sampling().kind, io::TimeSampling::mean);
  Record running = find({file("running.nc", [&](SimulationFile& made) {
    means(made);
    made.bounds = {0, 24, 6, 30, 12, 36, 18, 42};
  })});
  EXPECT_THAT([&] { running.select_period("", ""); }, refuses("running.nc: means over 1 d every 6 h"));

  const auto refused = [&](const std::function<void(SimulationFile&)>& bend) {
    const auto path = file("bent.nc", [&](SimulationFile& made) {
      means(made);
      bend(made);
    });
    return [=, this] { find({path}); };
  };
  EXPECT_THAT(refused([](SimulationFile& made) { made.bounds.clear(); }),
              refuses("no bounds", "bent.nc: tas"));
  EXPECT_THAT(refused([](SimulationFile& made) { made.bounds[3] = 13; }),
              refuses("2001-01-01T09:00:00 is over 2001-01-01T06:00:00 to 2001-01-01T13:00:00"));
  EXPECT_THAT(refused([](SimulationFile& made) { made.bounds = {4, 6, 6, 12, 12, 18, 18, 24}; }),
              refuses("beside its time stamp"));
  EXPECT_THAT(refused([](SimulationFile& made) { made.attributes.erase("cell_methods"); }),
              refuses("time_bnds", "data.cell_methods"));
  EXPECT_THAT(
      refused([](SimulationFile& made) { made.attributes["cell_methods"] = std::string("time: maximum"); }),
      refuses("time: maximum is neither", "data.variables", "data.cell_methods"));
}

TEST_F(Records, OfMeansBelongToThePeriodOfTheirMiddle) {
  Record record = find({day(0, [](SimulationFile& made) {
    made.attributes["cell_methods"] = std::string("time: mean");
    made.hours = {18, 24, 30, 36};  // stamped at their ends
    for (const double hour : made.hours) made.bounds.insert(made.bounds.end(), {hour - 6, hour});
  })});
  record.select_period("2001-01-01", "2001-01-01");
  ASSERT_EQ(record.times().size(), 2);
  EXPECT_EQ(record.times().format(1), "2001-01-02T00:00:00");
}

TEST_F(Records, OfMeansMayBeAskedForFromTheFirstOnesBegin) {
  const auto means = [&] {
    return find({day(0, [](SimulationFile& made) {
      made.attributes["cell_methods"] = std::string("time: mean");
      made.hours = {60, 180, 300};  // 5 days each, stamped in the middle
      for (const double hour : made.hours) made.bounds.insert(made.bounds.end(), {hour - 60, hour + 60});
    })});
  };
  Record record = means();
  record.select_period("2001-01-01", "2001-01-15");
  EXPECT_EQ(record.times().size(), 3);
  EXPECT_THAT([&] { means().select_period("2000-12-29", ""); }, refuses("time.start", "outside the data"));
  EXPECT_THAT([&] { means().select_period("", "2001-01-17"); }, refuses("time.end", "outside the data"));
}

TEST_F(Records, AreSnapshotsWithAWordOfIfNothingIsSaid) {
  const auto path = file("a.nc", [](SimulationFile& made) { made.attributes.erase("cell_methods"); });
  EXPECT_TRUE(find({path}).sampling().is_assumed);
  WantedVariable wanted = temperature();
  wanted.sampling = io::TimeSampling::snapshot;
  EXPECT_FALSE(find({path}, wanted).sampling().is_assumed);
}

TEST_F(Records, AreFoundByStandardNameOrAsTold) {
  const auto t2m = file("t2m.nc", [](SimulationFile& made) { made.name = "t2m"; });
  const auto tmax = file("tmax.nc", [](SimulationFile& made) { made.name = "tasmax"; });
  EXPECT_EQ(find({t2m}).files().front().layout.header.name, "t2m");
  EXPECT_EQ(find({day(0), tmax}).files().size(), 1) << "the name of the domain wins";
  EXPECT_THAT(([&] {
                find({t2m, tmax});
              }),
              refuses("t2m in", "tasmax in", "data.variables, such as t2m=air_temperature"));
  WantedVariable wanted = temperature();
  wanted.source_name = "t2m";
  EXPECT_EQ(find({t2m, tmax}, wanted).files().size(), 1);
  wanted.source_name = "temp";
  EXPECT_THAT([&] { find({t2m}, wanted); },
              refuses("no file holds a variable temp", "t2m (air_temperature)"));
  WantedVariable pressure{{"psl", "air_pressure_at_mean_sea_level", "Pa"}, "", {}};
  EXPECT_THAT([&] { find({t2m}, pressure); }, refuses("no file holds psl", "t2m (air_temperature)"));
  const auto psl = file("psl.nc", [](SimulationFile& made) {
    made.name = "slp";
    made.attributes["standard_name"] = std::string("air_pressure_at_sea_level");
    made.attributes["units"] = std::string("hPa");
    made.value = [](double, double latitude, double longitude) { return 950 + latitude + longitude / 2; };
  });
  Record record = find({psl}, pressure);  // by an older standard name
  std::vector<float> values(36);
  record.read(0, 1, all_, values);
  EXPECT_FLOAT_EQ(values[0], 100 * 996);
}

TEST_F(Records, AreNotFoundByPlaceholdersAndServeOneVariableEach) {
  const auto named = [&](const std::string& name, const std::string& standard_name) {
    return file(name + ".nc", [&](SimulationFile& made) {
      made.name = name;
      made.attributes["standard_name"] = standard_name;
      made.attributes["units"] = std::string("m s-1");
      made.value = [](double, double, double) { return 3; };
    });
  };
  const auto v10 = named("v10", "unknown");
  // A prior that was learnt from variables without standard names knows their names alone.
  const WantedVariable u{{"u10", "unknown", "m s-1"}, "", {}}, v{{"v10", "unknown", "m s-1"}, "", {}};
  EXPECT_THAT([&] { find_records({v10}, {u, v}); }, refuses("no file holds u10", "v10"));
  EXPECT_EQ(find_records({v10}, {v}).size(), 1U);
  const auto wind = named("wind", "eastward_wind");
  WantedVariable first{{"u10", "eastward_wind", "m s-1"}, "wind", {}, "eastward_wind"}, second = first;
  second.variable.name = "v10";
  EXPECT_THAT(
      [&] {
        find_records({wind}, {first, second});
      },
      refuses("wind.nc: wind matches both u10 and v10", "data.variables"));
}

TEST_F(Records, AreWhatTheUserSaysWhateverTheFilesSay) {
  WantedVariable wanted = temperature();
  wanted.source_name = "t2m";
  wanted.source_standard_name = "air_temperature";
  const auto unnamed = file("unnamed.nc", [](SimulationFile& made) {
    made.name = "t2m";
    made.attributes.erase("standard_name");
  });
  const auto misnamed = file("misnamed.nc", [](SimulationFile& made) {
    made.name = "t2m";
    made.attributes["standard_name"] = std::string("surface_temperature");
    for (double& hour : made.hours) hour += 24;
  });
  Record record = find({unnamed, misnamed}, wanted);
  EXPECT_EQ(record.source_standard_name(), "air_temperature");
  record.select_period("", "");
  EXPECT_EQ(record.times().size(), 8) << "files that call it differently are joined";
}

TEST_F(Records, ReadMissingAndPackedValues) {
  const auto path = file("a.nc", [](SimulationFile& made) {
    made.attributes["scale_factor"] = -0.5;
    made.attributes["add_offset"] = 280.0;
    made.value = [](double, double lat, double lon) { return lat == 44 && lon == 6 ? 1e20 : lat; };
  });
  Record record = find({path});
  std::vector<float> values(36);
  record.read(0, 1, all_, values);
  EXPECT_FLOAT_EQ(values[0], 280 - 22);
  EXPECT_TRUE(std::isnan(values[1]));
}

}  // namespace
}  // namespace foehn::ingestion::record_test
