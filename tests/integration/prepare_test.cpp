#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "foehn/grid/rotation.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/domain.hpp"
#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::prepare_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A simulation of 360 days a year over the toy climate's domain, every 6 h across the end of February, with
/// temperature as means over 6 h where asked for.
void write_360_day_simulation(const std::filesystem::path& path, const std::string& cell_methods) {
  ToyFields truth(toy_climate().truth);
  io::FieldHeader header;
  header.variables = truth.variables;
  header.grid = truth.grid;
  header.calendar = calendar::Calendar::day_360;
  header.first_seconds = calendar::to_seconds(calendar::parse_date_time("2050-02-29T00:00"), header.calendar);
  header.step_seconds = 6 * 3600;
  header.cell_methods = cell_methods;
  if (cell_methods == "time: mean") {
    header.first_seconds += 3 * 3600;
    header.mean_interval = io::MeanInterval{-3 * 3600, 3 * 3600};
  }
  io::FieldWriter writer(path, header);
  const auto instant = truth.variables.size() * static_cast<std::size_t>(truth.grid.cells());
  for (std::size_t step = 0; step < 12; ++step)
    writer.append(std::span(truth.values).subspan(6 * step * instant, instant));
  writer.commit();
}

class PrepareRun : public ::testing::Test {
 protected:
  static void run(const std::string& subcommand, const Options& options, int ranks = 0) {
    const Outcome outcome = run_foehn(subcommand, options, ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  io::TemporaryFolder folder_;
};

TEST_F(PrepareRun, TakesA360DayCalendarThroughToTheTrajectory) {
  write_360_day_simulation(folder_ / "simulation.nc", "time: point");
  Options options = toy_climate().prepare_options(folder_ / "observations.nc");
  options["input.files"] = folder_ / "simulation.nc";
  options["time.start"] = "2050-02-29";
  options["time.end"] = "2050-02-30";
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  Options sample = toy_climate().sample_options(folder_ / "members");
  sample["input.observations"] = folder_ / "observations.nc";
  ASSERT_NO_FATAL_FAILURE(run("sample", sample, 2));
  const io::FieldReader member({folder_ / "members/member_000.nc"}, {});
  EXPECT_EQ(member.times().calendar, calendar::Calendar::day_360);
  EXPECT_EQ(member.times().size(), 43);
  EXPECT_EQ(member.times().format(42), "2050-02-30T18:00:00");
  if (!has_program("cdo")) GTEST_SKIP() << "skipped: no cdo";
  for (const char* name : {"observations.nc", "members/member_000.nc"})
    EXPECT_THAT(run_command({"cdo", "-s", "sinfo", folder_ / name}).out,
                AllOf(HasSubstr("360_day"), HasSubstr("2050-02-30 18:00:00")));
}

TEST_F(PrepareRun, WritesMeansWithTheirBounds) {
  write_360_day_simulation(folder_ / "simulation.nc", "time: mean");
  Options options = toy_climate().prepare_options(folder_ / "snapshots.nc");
  options["input.files"] = folder_ / "simulation.nc";
  options.erase("time.start");
  options.erase("time.end");
  const Outcome refused = run_foehn("prepare", options);
  EXPECT_EQ(refused.exit_code, 2) << refused;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("time means over 6 h"), HasSubstr("give output.means")));
  options["output.means"] = folder_ / "means.nc";
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "snapshots.nc"));
  const io::NetcdfFile file = io::NetcdfFile::open(folder_ / "means.nc");
  EXPECT_EQ(file.variable("tas").text("cell_methods"), "time: mean area: mean");
  EXPECT_EQ(file.variable("time").text("bounds"), "time_bnds");
  const auto times = file.read_doubles(file.variable("time"));
  const auto bounds = file.read_doubles(file.variable("time_bnds"));
  ASSERT_EQ(bounds.size(), 24);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i], 6.0 * static_cast<double>(i));  // hours since 2050-02-29T03:00
    EXPECT_EQ(bounds[2 * i], times[i] - 3);
    EXPECT_EQ(bounds[2 * i + 1], times[i] + 3);
  }
}

/// 128 x 128 cells of 0.055 degrees over Central Europe, on the rotated pole of EUR-11.
model::Domain central_europe() {
  const grid::RotatedPole pole{39.25, -162, 0};
  const grid::Position centre = grid::to_rotated(pole, {49, 11});
  const auto axis = [](const std::string& name, const std::string& standard_name, double middle) {
    grid::Axis made{name, standard_name, "degrees", {}};
    for (int i = 0; i < 128; ++i) made.values.push_back(middle + 0.055 * (i - 63.5));
    return made;
  };
  const auto levels = [](double low, double high) { return at::linspace(low, high, 9, at::kDouble); };
  const at::Tensor wind = levels(-30, 30);
  const at::Tensor quantiles = at::stack({levels(94e3, 106e3), levels(240, 315), wind, wind});
  return {{{"psl", "air_pressure_at_mean_sea_level", "Pa"},
           {"tas", "air_temperature", "K"},
           {"uas", "eastward_wind", "m s-1"},
           {"vas", "northward_wind", "m s-1"}},
          {axis("rlat", "grid_latitude", centre.latitude), axis("rlon", "grid_longitude", centre.longitude),
           pole},
          calendar::Calendar::proleptic_gregorian,
          3600,
          model::Normalisation::of_quantiles("quant95", quantiles),
          quantiles};
}

class RealDataPrepare : public PrepareRun {};

TEST_F(RealDataPrepare, AnEarthSystemModelIsPreparedOverCentralEurope) {
  const auto tas = io::real_data("cmip6_6hr_MPI-ESM1-2-HR_ssp585_tas.nc");
  if (!tas) GTEST_SKIP() << "skipped: no real data";
  model::write_domain(folder_ / "domain.nc", central_europe());
  const Options options = {{"input.files", tas->parent_path() / "cmip6_6hr_MPI-ESM1-2-HR_ssp585_*.nc"},
                           {"domain.path", folder_ / "domain.nc"},
                           {"observation.block", "16"},
                           {"output.path", folder_ / "observations.nc"}};
  ASSERT_NO_FATAL_FAILURE(run("prepare", options));
  ToyFields prepared(folder_ / "observations.nc");
  ASSERT_EQ(prepared.grid.ny(), 8);
  ASSERT_EQ(prepared.grid.nx(), 8);
  ASSERT_EQ(prepared.hours.size(), 2);
  // Beside what the source holds about the domain: a mean of it lies within its range.
  for (std::size_t v = 0; v < 4; ++v) {
    const std::string& name = prepared.variables[v].name;
    const io::FieldReader source({tas->parent_path() / ("cmip6_6hr_MPI-ESM1-2-HR_ssp585_" + name + ".nc")},
                                 {});
    std::vector<float> fields(2 * 192 * 384);
    source.read(0, 2, fields);
    double least = 1e30, most = -1e30;
    for (std::size_t y = 0; y < 192; ++y)
      for (std::size_t x = 0; x < 384; ++x) {
        const double lat = source.grid().y.values[y], lon = source.grid().x.values[x];
        if (lat < 44 || lat > 54 || lon < 3 || lon > 19) continue;
        least = std::min(least, static_cast<double>(fields[y * 384 + x]));
        most = std::max(most, static_cast<double>(fields[y * 384 + x]));
      }
    for (const float value : prepared.field(0, v)) {
      EXPECT_GE(value, least) << name;
      EXPECT_LE(value, most) << name;
    }
  }
}

}  // namespace
}  // namespace foehn::testing::prepare_test
