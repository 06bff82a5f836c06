#include "foehn/conditioning/point_input.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "conditioning/withholding.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/observation/sparse_operator.hpp"
#include "io/test_files.hpp"
#include "model/two_variables.hpp"

namespace foehn::conditioning::point_input_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr auto kCalendar = calendar::Calendar::standard;
const Period kPeriod{.calendar = kCalendar, .first_seconds = 0, .step_seconds = 3600, .hours = 24};

/// Pressure and wind on 4 x 6 cells, whose climatology and deviation have a daily cycle.
/// @param is_constant  the deviation differs from cell to cell alone
model::Domain domain_of(bool is_constant = false) {
  at::manual_seed(4);
  at::Tensor variance = at::randn({5, 2, 4, 6}, at::kDouble) * (is_constant ? 0 : 0.1);
  variance.select(0, 0).add_(at::rand({2, 4, 6}, at::kDouble) + 0.5);
  const model::Deviation deviation(model::Climatology(model::harmonics_for(3600, 5 * 86400), variance), 0.05);
  const at::Tensor quantiles = at::arange(9, at::kDouble).mul(5e3).sub(2e4).expand({2, 9}).contiguous();
  model::Domain domain = model::two_variables(model::anomalies_of_two_variables(deviation), quantiles);
  domain.calendar = kCalendar;
  return domain;
}

class PointInputTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& rows, const std::string& name = "stations.csv") const {
    std::ofstream(folder_ / name) << "station,time,begin,method,lat,lon,uas[m s-1],uas_std[m s-1]\n" << rows;
    return folder_ / name;
  }
  PlacedPoints place(PointOptions options) const {
    options.std.resize(2);
    return PointInput(std::move(options), domain_).place(kPeriod);
  }
  PlacedPoints place_rows(const std::string& rows, PointOptions options = {}) const {
    options.files = {write(rows)};
    return place(std::move(options));
  }
  void expect_refused(const std::string& rows, const std::vector<std::string>& words,
                      const PointOptions& options = {}) const {
    for (const std::string& word : words)
      EXPECT_THAT([&] { place_rows(rows, options); }, ThrowsMessage<core::Error>(HasSubstr(word))) << rows;
  }

  io::TemporaryFolder folder_;
  model::Domain domain_ = domain_of();
};

std::string row(const std::string& name, const std::string& hour, double latitude, double longitude,
                double value = 3) {
  return fmt::format("{},1970-01-01T{},,point,{},{},{:.12f},0.5\n", name, hour, latitude, longitude, value);
}

/// What a set's operator makes of all 24 hours.
at::Tensor seen_by(const PointSet& set, const at::Tensor& slab) {
  observation::SparseOperator::Layout layout{
      {set.placement.variable}, set.placement.intervals, set.cells, set.weights};
  return observation::SparseOperator(std::move(layout)).apply(slab);
}

TEST_F(PointInputTest, GivesValuesThatTheOperatorMakesOfTheFieldsTheyWereTakenFrom) {
  for (const bool is_constant : {false, true}) {
    domain_ = domain_of(is_constant);
    const at::Tensor slab = at::randn({24, 2, 4, 6}, at::kDouble);
    std::vector<at::Tensor> fields;  // physical
    for (std::int64_t hour = 0; hour < 24; ++hour)
      fields.push_back(domain_.physical(slab[hour], kPeriod.seconds(hour), kCalendar)[1]);
    const at::Tensor wind = at::stack(fields);
    std::string rows;
    for (const int hour : {3, 4, 20})
      for (int x = 0; x < 5; ++x)  // in the middle of four cells
        rows += row(fmt::format("s{}", x), fmt::format("{:02}:00", hour), 57.625, -2.875 + 0.25 * x,
                    wind[hour].narrow(0, 1, 2).narrow(1, x, 2).mean().item<double>());
    rows += fmt::format("a,1970-01-01T09:00,1970-01-01T06:00,mean,58,-3,{:.12f},0.1\n",
                        wind.narrow(0, 6, 3).select(1, 0).select(1, 0).mean().item<double>());
    for (const int end : {12, 13})  // they overlap
      rows += fmt::format("a,1970-01-01T{}:00,1970-01-01T{:02}:00,sum,58,-3,{:.12f},0.1\n", end, end - 6,
                          wind.narrow(0, end - 6, 6).select(1, 0).select(1, 0).sum().item<double>());
    const PlacedPoints placed = place_rows(rows);
    ASSERT_EQ(placed.used.size(), 3U);
    std::int64_t values = 0;
    for (const PointSet& set : placed.used) {
      const at::Tensor seen = seen_by(set, slab), known = set.values.isnan().logical_not();
      values += known.sum().item<std::int64_t>();
      EXPECT_TRUE(at::allclose(seen.masked_select(known), set.values.masked_select(known).to(at::kDouble),
                               1e-5, 2e-5));
    }
    EXPECT_EQ(values, 18);
    const double scale = domain_.normalisation.scale()[1].item<double>();
    EXPECT_NEAR(placed.used[0].variance.min().item<double>(), 0.25 / (scale * scale), 1e-6);
  }
}

TEST_F(PointInputTest, InterpolatesBetweenTheRowsOfAReducedGaussianGrid) {
  const at::Tensor quantiles = at::arange(9, at::kDouble).mul(5e3).sub(2e4).expand({2, 9}).contiguous();
  domain_.normalisation = model::Normalisation::of_quantiles("quant95", quantiles);
  domain_.grid = grid::named_grid("O8");
  const auto& cells = *domain_.grid.unstructured;
  // At a cell it is the cell, and from the south pole the mean of 20.
  const PlacedPoints placed =
      place_rows(row("cell", "03:00", cells.centres.latitude[100], cells.centres.longitude[100]) +
                 row("pole", "03:00", -90, 7));
  ASSERT_EQ(placed.used.size(), 1U);
  const at::Tensor slab = at::randn({24, 2, 1, 544}, at::kDouble);
  const at::Tensor seen = seen_by(placed.used[0], slab).flatten(), field = slab[3][1][0];
  const auto span = [](const at::Tensor& values) { return values.max() - values.min(); };
  EXPECT_EQ(placed.used[0].placement.points, 2);
  EXPECT_NEAR(seen[0].item<double>(), field[100].item<double>(), 1e-5 * span(field).item<double>());
  EXPECT_NEAR(seen[1].item<double>(), field.slice(0, 524).mean().item<double>(),
              1e-5 * span(field).item<double>());
  PointOptions nearest;
  nearest.interpolation = Interpolation::nearest;
  EXPECT_EQ(
      place_rows(row("beside", "03:00", cells.centres.latitude[100] + 0.5, cells.centres.longitude[100]),
                 nearest)
          .used[0]
          .cells.max()
          .item<std::int64_t>(),
      100);
  std::swap(domain_.grid.unstructured->centres.latitude[3], domain_.grid.unstructured->centres.latitude[100]);
  expect_refused(row("cell", "03:00", 0, 0), {"input.stations", "no rows of a reduced Gaussian grid"});
}

TEST_F(PointInputTest, SaysWhereEachPointIsOfATrack) {
  std::string rows;
  for (int hour = 0; hour < 24; ++hour)
    rows += row("", fmt::format("{:02}:00", hour), 57.3 + 0.02 * hour, -3 + 0.05 * hour);
  const PlacedPoints placed = place_rows(rows);
  ASSERT_EQ(placed.used.size(), 1U);
  const PointSet& track = placed.used[0];
  EXPECT_EQ(track.placement.points, 24);
  EXPECT_EQ(track.values.sizes(), at::IntArrayRef({24, 1, 1, 1}));
  EXPECT_EQ(track.cells.size(1), 24);
  EXPECT_NEAR(track.weights.sum().item<double>(), 24, 24);  // times deviations of about 1
}

TEST_F(PointInputTest, PutsTimesAtTheNearestStep) {
  const PlacedPoints placed = place_rows(row("a", "05:50", 58, -3) + row("a", "06:20", 58, -3) +
                                         row("a", "06:30", 58, -3) + row("a", "06:40", 58, -3));
  EXPECT_EQ(placed.used[0].placement.intervals,
            (std::vector<observation::Interval>{{6, 7}, {7, 8}}));  // 05:50 is nearer to six than 06:20
  EXPECT_EQ(placed.used[0].placement.count, 2);
}

TEST_F(PointInputTest, LeavesOutWhatLiesOutside) {
  const PlacedPoints placed =
      place_rows(row("a", "05:00", 58, -3) + row("far", "05:00", 40, -3) +
                 "a,1970-02-01T05:00,,point,58,-3,3,1\n" + row("edge", "05:00", 58.12, -3.12));
  EXPECT_EQ(placed.used[0].placement.count, 2);
  expect_refused(row("far", "05:00", 40, -3), {"stations.csv", "no value of uas lies in the domain"});
}

TEST_F(PointInputTest, TakesTheNearestCellWhereToldTo) {
  const PlacedPoints placed = place_rows(row("a", "05:00", 57.7, -2.6),
                                         {.files = {}, .interpolation = Interpolation::nearest, .std = {}});
  EXPECT_EQ(placed.used[0].cells.numel(), 1);
  EXPECT_EQ(placed.used[0].cells.item<std::int64_t>(), 1 * 6 + 2);
}

TEST_F(PointInputTest, ComparesStationsWithLandAlone) {
  // The first column is sea, and so is all south of 57 N.
  io::NetcdfFile file = io::NetcdfFile::create(folder_ / "mask.nc");
  const auto write_axis = [&](const char* name, const char* units, const std::vector<double>& values) {
    file.define_dimension(name, static_cast<std::int64_t>(values.size()));
    file.define_variable(name, io::NetcdfType::float64, {name}, {{"units", std::string(units)}});
    return values;
  };
  const std::vector<double> latitudes = write_axis("lat", "degrees_north", domain_.grid.y.values),
                            longitudes = write_axis("lon", "degrees_east", domain_.grid.x.values);
  file.define_variable("lsm", io::NetcdfType::float64, {"lat", "lon"},
                       {{"standard_name", std::string("land_binary_mask")}, {"units", std::string("%")}});
  std::vector<double> shares;
  for (const double latitude : latitudes)
    for (const double longitude : longitudes)
      shares.push_back(longitude < longitudes[1] || latitude < latitudes[1] ? 20 : 70);
  file.write("lat", latitudes);
  file.write("lon", longitudes);
  file.write("lsm", shares);
  file.close();

  const double south = (latitudes[0] + latitudes[1]) / 2, east = 0.25 * longitudes[0] + 0.75 * longitudes[1];
  PointOptions options;
  options.land_mask = folder_ / "mask.nc";
  const std::string coast = row("coast", "05:00", south, east), sea = row("sea", "05:00", latitudes[3], east);
  PlacedPoints placed = place_rows(coast + sea, options);
  EXPECT_EQ(placed.used[0].placement.count, 1);
  const auto in_use = placed.used[0].weights.abs() > 1e-6;
  EXPECT_EQ(in_use.sum().item<std::int64_t>(), 2);
  for (const at::Tensor& cell : placed.used[0].cells.flatten().unbind())
    EXPECT_TRUE(cell.item<std::int64_t>() == 1 || cell.item<std::int64_t>() == 7) << cell;
  // Nearer to the sea's cell than to land's.
  const std::string shore = row("shore", "05:00", latitudes[0], 0.75 * longitudes[0] + 0.25 * longitudes[1]);
  options.interpolation = Interpolation::nearest;
  placed = place_rows(shore, options);
  EXPECT_EQ(placed.used[0].cells.item<std::int64_t>(), 1);
  expect_refused(sea, {"no value of uas lies in the domain", "in the sea", "station sea"}, options);
  options.land_mask = folder_ / "stations.csv";
  expect_refused(shore, {"stations.land_mask"}, options);
}

TEST_F(PointInputTest, SaysWhoseErrorsAreCorrelated) {
  std::string rows = row("b", "07:00", 57.5, -2.6);
  for (const char* hour : {"03:00", "05:00"})
    for (const char* name : {"a", "b"}) rows += row(name, hour, 57.5, *name == 'a' ? -2.9 : -2.6);
  PointOptions options;
  const PointSet plain = std::move(place_rows(rows, options).used[0]);
  options.bias_std = {{}, 2.0};
  options.correlation_hours = {{}, 3.0};
  const PointSet set = std::move(place_rows(rows, options).used[0]);
  EXPECT_EQ(set.stations[0], set.stations[2]);
  EXPECT_NE(set.stations[0], set.stations[1]);
  EXPECT_EQ(std::count(set.stations.begin(), set.stations.end(), -1), 1);  // one has no value at seven
  const double scale = domain_.normalisation.scale()[1].item<double>();
  EXPECT_DOUBLE_EQ(set.bias_variance, 4 / (scale * scale));
  EXPECT_DOUBLE_EQ(set.correlation_steps, 3);
  EXPECT_TRUE(at::equal(set.variance, plain.variance));
  EXPECT_NE(digest_of({set}), digest_of({plain}));
  EXPECT_THAT(describe(set.placement, domain_.variables),
              HasSubstr("errors of 0.5 m s-1 and a bias of 2, correlated over 3 h"));
}

TEST_F(PointInputTest, RefusesWhatIsWrong) {
  expect_refused(
      row("Kew", "05:00", 58, -3) + row("Kew", "05:00", 58, -3, 4),
      {"stations.csv", "uas of station Kew (lat 58, lon -3)", "1970-01-01T05:00:00", "given twice"});
  expect_refused("a,1970-01-01T05:00,,point,58,-3,3,\n", {"standard deviation", "stations.std uas=VALUE"});
  expect_refused(row("a", "05:00", 58, -3, 9e5), {"station a", "900000 m s-1", "is its unit right?"});
  expect_refused("a,1970-01-01T05:30,1970-01-01T04:00,mean,58,-3,3,1\n",
                 {"1970-01-01T04:00:00 to 1970-01-01T05:30:00", "whole steps of 1 h"});
  PointOptions of_others;
  of_others.bias_std = {2.0, {}};
  expect_refused(row("a", "05:00", 58, -3), {"stations.bias_std: input.stations have no psl"}, of_others);
  of_others.bias_std = {};
  of_others.correlation_hours = {2.0, {}};
  expect_refused(row("a", "05:00", 58, -3), {"stations.correlation: input.stations have no psl"}, of_others);
  const auto other = write(row("b", "05:00", 58, -3), "other.csv");
  PointOptions both;
  both.files = {write(row("a", "05:00", 58, -3)), other};
  EXPECT_THAT([&] { place(both); }, ThrowsMessage<core::Error>(AllOf(
                                        HasSubstr("other.csv"), HasSubstr("twice"), HasSubstr("also in"))));
}

TEST_F(PointInputTest, WithholdsWholeStationsOrTimes) {
  std::string rows;
  for (const char* hour : {"03:00", "05:00", "07:00", "09:00"})
    for (int x = 0; x < 5; ++x) rows += row(fmt::format("s{}", x), hour, 57.5, -2.9 + 0.25 * x);
  PointOptions options;
  options.withheld = 0.4;
  const PlacedPoints stations = place_rows(rows, options);
  EXPECT_EQ(stations.withheld[0].placement.points, 2);
  EXPECT_EQ(stations.withheld[0].placement.count, 8);
  EXPECT_EQ(stations.used[0].placement.points, 3);
  EXPECT_EQ(stations.used[0].placement.count, 12);
  options.withheld_unit = WithheldUnit::times;
  options.withheld = 0.25;
  const PlacedPoints times = place_rows(rows, options);
  EXPECT_EQ(times.withheld[0].placement.intervals.size(), 1U);
  EXPECT_EQ(times.withheld[0].placement.count, 5);
  options.withheld = 0.05;
  expect_refused(rows, {"observation.withhold", "none", "nothing to score"}, options);
  options.withheld = 0.95;
  expect_refused(rows, {"observation.withhold", "all of them", "nothing to condition on"}, options);
}

TEST(Withholding, DependsOnSeedAndKeysAlone) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.insert(std::to_string(i));
  const auto chosen = choose_withheld(keys, 0.3, 1, "stations");
  EXPECT_EQ(chosen.size(), 30U);
  EXPECT_EQ(choose_withheld(keys, 0.3, 1, "stations"), chosen);
  EXPECT_NE(choose_withheld(keys, 0.3, 2, "stations"), chosen);
  const auto more = choose_withheld(keys, 0.4, 1, "stations");
  for (const std::string& key : chosen) EXPECT_TRUE(more.contains(key));
}

}  // namespace
}  // namespace foehn::conditioning::point_input_test
