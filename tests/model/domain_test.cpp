#include "foehn/model/domain.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::model::domain_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kSeconds = 3 * 3600;
constexpr auto kCalendar = calendar::Calendar::noleap;

grid::Grid regular_grid() {
  return {{"lat", "latitude", "degrees_north", {58, 57.75, 57.5, 57.25}},
          {"lon", "longitude", "degrees_east", {-3, -2.75, -2.5, -2.25, -2, -1.75}},
          std::nullopt};
}

grid::Grid rotated_grid() {
  return {{"rlat", "grid_latitude", "degrees", {-1, -0.5, 0, 0.5}},
          {"rlon", "grid_longitude", "degrees", {-3, -2, -1, 0, 1, 2}},
          grid::RotatedPole{39.25, -162, 0}};
}

/// Two variables, each with its own quantiles 0, 1, 5, ... times a factor beyond an offset.
at::Tensor quantiles() {
  const at::Tensor levels = at::tensor({0., 1., 5., 25., 50., 75., 95., 99., 100.}, at::kDouble);
  return at::stack({280 + levels / 4, 2 * levels - 30});
}

Domain domain(Normalisation normalisation, const grid::Grid& grid = regular_grid()) {
  return {{{"tas", "air_temperature", "K"}, {"uas", "eastward_wind", "m s-1"}},
          grid,
          kCalendar,
          3600,
          std::move(normalisation),
          quantiles()};
}

Normalisation anomalies() {
  at::manual_seed(21);
  return Normalisation::anomaly(
      Climatology(harmonics_for(3600, 5 * 86400), at::randn({5, 2, 4, 6}, at::kDouble)),
      at::tensor({3.0, 40.0}, at::kDouble));
}

/// The same with a deviation that changes over the day, in places as little as it may.
Normalisation anomalies_by_cell() {
  const Normalisation plain = anomalies();
  at::Tensor variance = at::randn({5, 2, 4, 6}, at::kDouble) * 0.3;
  variance[0].abs_().add_(0.2);
  return Normalisation::anomaly(*plain.climatology(), plain.scale(),
                                Deviation(Climatology(plain.climatology()->harmonics(), variance), 0.1));
}

at::Tensor block_mean(const at::Tensor& fine) {
  return fine.reshape({2, 2, 2, 3, 2}).mean(at::IntArrayRef{2, 4});
}

TEST(Normalisation, OfQuantilesIsTheFormulaOfItsMode) {
  struct Case {
    const char* mode;
    double offset, low, high;  // numbers of quantiles() for the second variable
  };
  for (const Case& expected :
       {Case{"minmax", -30, -30, 170}, Case{"robust", 70, 20, 120}, Case{"robust95", 70, -20, 160},
        Case{"quant95", -20, -20, 160}, Case{"quant99", -28, -28, 168}}) {
    const auto normalisation = Normalisation::of_quantiles(expected.mode, quantiles());
    const at::Tensor physical = at::full({2, 4, 6}, 12.5, at::kDouble);
    const at::Tensor normalised = normalisation.normalise(physical, kSeconds, kCalendar);
    EXPECT_NEAR(normalised[1][3][5].item<double>(), (12.5 - expected.offset) / (expected.high - expected.low),
                1e-14)
        << expected.mode;
    EXPECT_EQ(normalisation.climatology(), nullptr);
  }
}

TEST(Normalisation, OfAnyModeComesBackAndCommutesWithBlockMeans) {
  at::manual_seed(22);
  const at::Tensor physical = at::randn({2, 4, 6}, at::kDouble) * 100;
  for (const auto& normalisation : {anomalies(), Normalisation::of_quantiles("robust", quantiles())}) {
    const at::Tensor normalised = normalisation.normalise(physical, kSeconds, kCalendar);
    EXPECT_TRUE(at::allclose(normalisation.physical(normalised, kSeconds, kCalendar), physical, 1e-12, 1e-9));
    // What lets coarse data guide normalised fields.
    const Domain coarse = domain(normalisation).block_mean(2);
    EXPECT_TRUE(at::allclose(coarse.normalise(block_mean(physical), kSeconds, kCalendar),
                             block_mean(normalised), 1e-9, 1e-9));
    EXPECT_EQ(coarse.grid.ny(), 2);
  }
}

TEST(Normalisation, DividesAnomaliesByTheDeviationOfTheirCellAndInstant) {
  const Normalisation normalisation = anomalies_by_cell();
  const Climatology& variance = normalisation.deviation()->variance();
  EXPECT_FALSE(normalisation.deviation()->is_constant());
  bool is_floored = false;
  for (std::int64_t seconds = 0; seconds < 86400; seconds += 10800) {
    const at::Tensor physical = at::randn({2, 4, 6}, at::kDouble) * 100;
    const at::Tensor normalised = normalisation.normalise(physical, seconds, kCalendar);
    EXPECT_TRUE(at::allclose(normalisation.physical(normalised, seconds, kCalendar), physical, 1e-12, 1e-9));
    const at::Tensor least = 0.1 * variance.coefficients()[0], then = variance.at(seconds, kCalendar);
    const at::Tensor by_hand = (physical - normalisation.climatology()->at(seconds, kCalendar)) /
                               (normalisation.scale().reshape({2, 1, 1}) * at::maximum(then, least).sqrt());
    EXPECT_TRUE(at::allclose(normalised, by_hand, 1e-12, 1e-12));
    EXPECT_TRUE((normalisation.deviation()->at(seconds, kCalendar) >= normalisation.deviation()->least())
                    .all()
                    .item<bool>());
    is_floored = is_floored || (then < least).any().item<bool>();
    // Observations are in units of the scale, and the operator knows the deviation.
    const Domain coarse = domain(normalisation).block_mean(2);
    EXPECT_TRUE(at::allclose(coarse.normalise(block_mean(physical), seconds, kCalendar),
                             block_mean(normalised * normalisation.deviation()->at(seconds, kCalendar)), 1e-9,
                             1e-9));
  }
  EXPECT_TRUE(is_floored);
}

/// The second variable is transformed, the first is not.
Normalisation transformed(const Normalisation& plain) {
  const observation::Transforms transforms{{}, observation::Transform::parse("log:40:10")};
  if (plain.climatology() == nullptr)
    return Normalisation::of_quantiles(plain.mode(), quantiles().abs(), transforms);
  return Normalisation::anomaly(*plain.climatology(), plain.scale() / 100, *plain.deviation(), transforms);
}

TEST(Normalisation, TransformsBeforeItNormalises) {
  at::manual_seed(4);
  for (const Normalisation& plain :
       {anomalies_by_cell(), Normalisation::of_quantiles("quant95", quantiles())}) {
    const Normalisation normalisation = transformed(plain);
    const at::Tensor physical = at::rand({2, 4, 6}, at::kDouble) * 100 + 11;
    const at::Tensor normalised = normalisation.normalise(physical, kSeconds, kCalendar);
    EXPECT_TRUE(at::allclose(normalisation.physical(normalised, kSeconds, kCalendar), physical, 1e-12, 1e-9));
    at::Tensor log = physical.clone();
    log[1] = (log[1] + 40).log();
    EXPECT_TRUE(at::equal(normalised, normalisation.normalise_transformed(log, kSeconds, kCalendar)));
    const at::Tensor low = normalisation.physical(at::full_like(normalised, -1e4), kSeconds, kCalendar);
    EXPECT_EQ(low[1].abs().max().item<double>(), 0);
    EXPECT_LT(low[0].max().item<double>(), 0);
  }
}

TEST(Normalisation, OfObservationsIsThatOfPhysicalValues) {
  at::manual_seed(4);
  for (const Normalisation& plain :
       {anomalies_by_cell(), Normalisation::of_quantiles("quant95", quantiles())}) {
    EXPECT_TRUE(at::equal(domain(plain).of_observations().normalisation.scale(), plain.scale()));
    const Domain observed = domain(transformed(plain)).of_observations();
    const at::Tensor physical = at::rand({2, 4, 6}, at::kDouble) * 100;
    const at::Tensor normalised = observed.normalise(physical, kSeconds, kCalendar);
    EXPECT_TRUE(at::allclose(normalised[1], physical[1] / 20, 1e-12));  // a tenth of -30 to 170
    const at::Tensor as_before = transformed(plain).normalise(physical, kSeconds, kCalendar);
    EXPECT_TRUE(at::equal(normalised[0], as_before[0]));
    if (plain.deviation() == nullptr) continue;
    const at::Tensor deviation = observed.normalisation.deviation()->at(kSeconds, kCalendar);
    EXPECT_EQ(deviation[1].sub(1).abs().max().item<double>(), 0);
  }
}

TEST(Normalisation, NamesTheModesItKnows) {
  EXPECT_THAT([] { Normalisation::of_quantiles("zscore", quantiles()); },
              ThrowsMessage<core::Error>(AllOf(
                  HasSubstr("'zscore'"), HasSubstr("anomaly, minmax, robust, robust95, quant95, quant99"))));
}

class DomainFile : public ::testing::Test {
 protected:
  std::string failure() const {
    try {
      read_domain(path_);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }

  io::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "domain.nc";
};

TEST_F(DomainFile, BringsBackEveryModeAndGrid) {
  for (const auto& grid : {regular_grid(), rotated_grid()}) {
    for (const auto& normalisation :
         {anomalies(), anomalies_by_cell(), Normalisation::of_quantiles("quant95", quantiles())}) {
      write_domain(path_, domain(normalisation, grid));
      const Domain read = read_domain(path_);
      EXPECT_FALSE(grid::difference(grid, read.grid));
      EXPECT_EQ(read.grid.rotated_pole.has_value(), grid.rotated_pole.has_value());
      EXPECT_EQ(read.normalisation.mode(), normalisation.mode());
      EXPECT_TRUE(at::equal(read.quantiles, quantiles()));
      const at::Tensor physical = at::randn({2, 4, 6}, at::kDouble);
      EXPECT_TRUE(at::equal(read.normalise(physical, kSeconds, kCalendar),
                            normalisation.normalise(physical, kSeconds, kCalendar)));
      EXPECT_EQ(io::NetcdfFile::open(path_).has_variable("climatology"), normalisation.mode() == "anomaly");
    }
  }
}

TEST_F(DomainFile, BringsBackTransforms) {
  for (const Normalisation& plain :
       {anomalies_by_cell(), Normalisation::of_quantiles("quant95", quantiles())}) {
    Domain written = domain(transformed(plain));
    written.quantiles = quantiles().abs();
    write_domain(path_, written);
    const Domain read = read_domain(path_);
    EXPECT_EQ(read.normalisation.mode(), plain.mode());
    EXPECT_EQ(read.normalisation.transforms(), written.normalisation.transforms());
    const at::Tensor physical = at::rand({2, 4, 6}, at::kDouble) * 50;
    EXPECT_TRUE(at::equal(read.normalise(physical, kSeconds, kCalendar),
                          written.normalise(physical, kSeconds, kCalendar)));
  }
}

TEST_F(DomainFile, BringsBackCellsWithoutRows) {
  const grid::Grid grid = grid::reduced_gaussian_grid(std::vector<std::int64_t>{4, 8, 8, 4});
  const Normalisation of_rows = anomalies_by_cell();
  const auto of_cells = [](const Climatology& climatology) {
    return Climatology(climatology.harmonics(), climatology.coefficients().reshape({5, 2, 1, 24}));
  };
  const Normalisation by_cell =
      Normalisation::anomaly(of_cells(*of_rows.climatology()), of_rows.scale(),
                             Deviation(of_cells(of_rows.deviation()->variance()), 0.1));
  for (const auto& normalisation : {by_cell, Normalisation::of_quantiles("quant95", quantiles())}) {
    write_domain(path_, domain(normalisation, grid));
    const Domain read = read_domain(path_);
    EXPECT_FALSE(grid::difference(grid, read.grid));
    EXPECT_EQ(read.grid.cells(), 24);
    const at::Tensor physical = at::randn({2, 1, 24}, at::kDouble);
    EXPECT_TRUE(at::equal(read.normalise(physical, kSeconds, kCalendar),
                          normalisation.normalise(physical, kSeconds, kCalendar)));
  }
  EXPECT_THAT([&] { domain(by_cell, grid).block_mean(2); },
              ThrowsMessage<core::Error>(HasSubstr("24 (cell) without rows and columns")));
}

TEST_F(DomainFile, IsRefusedWhereQuantilesLeaveNoRange) {
  Domain flat = domain(Normalisation::of_quantiles("quant95", quantiles()));
  flat.quantiles = quantiles();
  flat.quantiles[1].fill_(4);
  write_domain(path_, flat);
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("domain.nc"), HasSubstr("quant95"), HasSubstr("'uas'"), HasSubstr("found 0")));
}

TEST_F(DomainFile, IsRefusedWhereADeviationHasNoPositiveMean) {
  const Normalisation plain = anomalies();
  const Climatology zero(plain.climatology()->harmonics(), at::zeros({5, 2, 4, 6}, at::kDouble));
  write_domain(path_,
               domain(Normalisation::anomaly(*plain.climatology(), plain.scale(), Deviation(zero, 0.1))));
  EXPECT_THAT(failure(), AllOf(HasSubstr("'deviation_variance'"), HasSubstr("positive")));
}

TEST_F(DomainFile, IsRefusedWithoutAnAxis) {
  {
    io::NetcdfFile file = io::NetcdfFile::create(path_);
    file.define_dimension("lat", 2);
    file.define_variable("lat", io::NetcdfType::float64, {"lat"},
                         {{"axis", std::string("Y")}, {"units", std::string("degrees_north")}});
    file.set_global_attributes({{"normalisation", std::string("quant95")},
                                {"variable_names", std::string("tas")},
                                {"variable_standard_names", std::string("air_temperature")},
                                {"variable_units", std::string("K")}});
    file.close();
  }
  EXPECT_THAT(failure(), AllOf(HasSubstr("domain.nc"), HasSubstr("axis"), HasSubstr("'X'")));
}

}  // namespace
}  // namespace foehn::model::domain_test
