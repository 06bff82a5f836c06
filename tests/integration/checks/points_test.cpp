// Observations that are rows of a sparse matrix: at stations, and of a model's own cells.
#include <nlohmann/json.hpp>

#include "foehn/comm/communicator.hpp"
#include "integration/same_netcdf.hpp"
#include "refusal.hpp"

namespace foehn::testing::points_test {
namespace {

using Folder = std::filesystem::path;

class PointsRefuse : public Refusal {};

TEST_P(PointsRefuse, It) {
  expect_refused("sample", toy_.sample_options(out()));
}

/// Adds a table of stations, and options.
Spoil with_stations(const std::string& table, const Options& more = {}) {
  return [=](Options& options, const Folder& folder) {
    io::write_content(folder / "stations.csv", table);
    options["input.stations"] = folder / "stations.csv";
    for (const auto& [name, value] : more) options[name] = value;
  };
}

const std::string kOutside = "time,lat,lon,tas[K],tas_std[K]\n2001-01-08T00:00,-89,0,280,1\n";
const std::string kHeader = "station,time,lat,lon,height,tas[K]\n";
const std::string kHill = "hill,2001-01-08T03:00,54.02,-4.03,400,278\n";
const Options kErrors{{"stations.std", "tas=0.5"}};

Options with_errors(Options more) {
  more.insert(kErrors.begin(), kErrors.end());
  return more;
}

const std::vector<BadInput> kBadStations = {
    {"AMissingFile", set("input.stations", "nowhere.csv"), {"nowhere.csv"}},
    {"AMissingUnit",
     with_stations("time,lat,lon,tas\n2001-01-08T00:00,50,0,280\n"),
     {"stations.csv", "line 1", "tas", "unit is missing"}},
    {"AStationOutsideTheDomain", with_stations(kOutside), {"stations.csv", "tas", "lat -89", "domain"}},
    {"AStationTwice",
     with_stations(kHeader + kHill + kHill, kErrors),
     {"stations.csv", "tas of station hill (lat 54.02, lon -4.03)", "2001-01-08T03:00:00", "given twice"}},
    {"TimesBetweenSteps",
     with_stations(kHeader + "hill,2001-01-08T03:30,54.02,-4.03,400,278\n", kErrors),
     {"stations.csv", "no value of tas lies in the domain and in the trajectory"}},
    {"ATimeThatIsNone",
     with_stations(kHeader + "hill,2001-01-32T03:00,54.02,-4.03,400,278\n", kErrors),
     {"stations.csv", "line 2", "2001-01-32"}},
    {"NoError", with_stations(kHeader + kHill), {"stations.csv", "stations.std tas=VALUE"}},
    {"AVariableThatThePriorDoesNotHave",
     with_stations(kOutside, {{"stations.std", "rh=3"}}),
     {"stations.std", "'rh=3'"},
     2},
    {"AnErrorGivenTwice",
     with_stations(kOutside, {{"stations.std", "tas=3,tas=2"}}),
     {"stations.std: tas is given twice"},
     2},
    {"ABiasThatIsNoNumber",
     with_stations(kOutside, {{"stations.bias_std", "tas=some"}}),
     {"stations.bias_std", "'tas=some'"},
     2},
    {"ACorrelationThatIsNotPositive",
     with_stations(kOutside, {{"stations.correlation", "tas=0"}}),
     {"stations.correlation", "'tas=0'"},
     2},
    {"ABiasOfNoStations",
     set("stations.bias_std", "tas=1"),
     {"stations.bias_std: applies only to input.stations"},
     2},
    {"ABiasOfAVariableThatStationsDoNotHave",
     with_stations(kHeader + kHill, with_errors({{"stations.bias_std", "psl=50"}})),
     {"stations.bias_std: input.stations have no psl"},
     2},
    {"ALandMaskWithoutStations",
     [](Options& options, const Folder&) { options["stations.land_mask"] = toy_climate().truth; },
     {"stations.land_mask: applies only to input.stations"},
     2},
    {"ALandMaskWithoutLand",
     [](Options& options, const Folder& folder) {
       with_stations(kHeader + kHill, with_errors({{"stations.land_mask", toy_climate().truth}}))(options,
                                                                                                  folder);
     },
     {"stations.land_mask", "truth.nc", "land_area_fraction"}},
    {"ALapseRateWithoutAnOrography",
     with_stations(kHeader + kHill, with_errors({{"stations.lapse_rate", "9.8"}})),
     {"stations.lapse_rate: applies only with stations.orography"},
     2},
    {"AMissingOrography",
     with_stations(kHeader + kHill, with_errors({{"stations.orography", "nowhere.nc"}})),
     {"stations.orography", "nowhere.nc"}},
    {"AnOrographyWithoutHeights",
     [](Options& options, const Folder& folder) {
       with_stations(kHeader + kHill, with_errors({{"stations.orography", toy_climate().truth}}))(options,
                                                                                                  folder);
     },
     {"stations.orography", "truth.nc", "surface_altitude"}},
    {"AShareOfEverythingThatIsWithheld",
     with_stations(kOutside, {{"observation.withhold", "1"}}),
     {"observation.withhold", "nothing would be left"},
     2},
    {"AShareOfNothingThatIsWithheld",
     set("observation.withhold", "0.5"),
     {"observation.withhold", "input.stations"},
     2},
};
INSTANTIATE_TEST_SUITE_P(Stations, PointsRefuse, ::testing::ValuesIn(kBadStations), name_of);

/// Puts the coarse values onto cells of 1.5 degrees, which lie wholly within the domain, and have no blocks.
void move_to_native_cells(ToyFields& fields) {
  fields.grid.y.values = {53, 54.5};
  fields.grid.x.values = {-5.8, -4.3, -2.8};
}

Spoil with_native(const std::function<void(ToyFields& fields)>& change) {
  return [=](Options& options, const Folder& folder) {
    bend("input.observations", [=](ToyFields& fields) {
      move_to_native_cells(fields);
      change(fields);
    })(options, folder);
    options["observation.operator"] = "native";
  };
}

const std::vector<BadInput> kBadNative = {
    {"CellsElsewhere",
     with_native([](ToyFields& fields) {
       fields.grid.y.values = {3, 4.5};
     }),
     {"bent.nc", "none of its cells", "lies wholly within the prior's domain"}},
    {"CellsTakenForBlocks",
     [](Options& options, const Folder& folder) {
       with_native([](ToyFields&) {})(options, folder);
       options.erase("observation.operator");
     },
     {"bent.nc", "lat"}},
    {"FilesThatAreRegridded",
     [](Options& options, const Folder&) {
       options.erase("input.observations");
       options["input.files"] = toy_climate().truth;
       options["observation.operator"] = "native";
     },
     {"observation.operator: native takes input.observations"},
     2},
    {"WeightsForBlocks",
     [](Options& options, const Folder&) { options["observation.weights"] = toy_climate().truth; },
     {"observation.weights: applies only to", "observation.operator native"},
     2},
    {"WeightsThatAreNone",
     [](Options& options, const Folder& folder) {
       with_native([](ToyFields&) {})(options, folder);
       options["observation.weights"] = toy_climate().truth;
     },
     {"observation.weights", "not a weight file"}},
    {"AMissingValue",
     with_native([](ToyFields& fields) { fields.field(1, 1)[2] = std::numeric_limits<float>::quiet_NaN(); }),
     {"bent.nc", "tas", "2001-01-08T06:00:00", "observation.missing_fraction"}},
};
INSTANTIATE_TEST_SUITE_P(Native, PointsRefuse, ::testing::ValuesIn(kBadNative), name_of);

/// Two stations and a third now and then, with means and sums beside snapshots.
std::string stations() {
  std::string table = "station,time,begin,method,lat,lon,tas[K],psl[hPa]\n";
  for (const char* hour : {"00", "02", "03", "07", "11", "13", "17", "20", "23"}) {
    const std::string time = std::string("2001-01-08T") + hour + ":00";
    table += "a," + time + ",,point,54.02,-4.03,279,1012\nb," + time + ",,point,53.1,-2.4,281,1009\n";
  }
  table += "c,2001-01-08T09:00,2001-01-08T06:00,mean,55.1,-6.2,278,\n";
  table += "c,2001-01-08T12:00,2001-01-08T06:00,mean,55.1,-6.2,278.5,\n";
  return table;
}

class Points : public ::testing::TestWithParam<const char*> {};

TEST_P(Points, AndNativeCellsGiveTheSameMembersInTeamsOfAnySize) {
  const io::TemporaryFolder folder;
  Options options = toy_climate().sample_options(folder / "together");
  with_native([](ToyFields&) {})(options, folder / "");
  with_stations(stations(), {{"stations.std", "tas=0.5,psl=80"},
                             {"stations.bias_std", "tas=0.4"},
                             {"stations.correlation", "tas=6,psl=3"},
                             {"observation.withhold", "0.3"},
                             {"ensemble.members", "3"}})(options, folder / "");
  options["sampler.guidance"] = GetParam();
  const Outcome together = run_here("sample", options);
  ASSERT_EQ(together.exit_code, 0) << together;
  options["ensemble.ranks_per_member"] = "1";
  options["output.directory"] = folder / "apart";
  const Outcome apart = run_here("sample", options);
  ASSERT_EQ(apart.exit_code, 0) << apart;
  if (!is_root()) return;
  const auto record_of = [&](const char* name) {
    return nlohmann::json::parse(io::content_of(folder / name / "run.json")).at("self_check");
  };
  for (const char* member : {"member_000.nc", "member_002.nc"})
    EXPECT_THAT(netcdf_differences(folder / "together" / member, folder / "apart" / member),
                ::testing::IsEmpty());
  EXPECT_EQ(record_of("together"), record_of("apart"));
  EXPECT_THAT(together.out, ::testing::HasSubstr("6 native cells"));
  EXPECT_THAT(together.out, ::testing::HasSubstr("and a bias of 0.4, correlated over 6 h"));
  EXPECT_GT(record_of("together").at("withheld").size(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Guidance, Points, ::testing::Values("mmps", "sda", "sda-exact"));

TEST(PointsWithHeights, AreNotCorrectedWithoutAnOrography) {
  const io::TemporaryFolder folder;
  Options options = toy_climate().sample_options(folder / "out");
  with_stations(kHeader + kHill, kErrors)(options, folder / "");
  const Outcome outcome = run_here("sample", options);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  if (!is_root()) return;
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("tas is not corrected for the stations' heights"));
}

}  // namespace
}  // namespace foehn::testing::points_test
