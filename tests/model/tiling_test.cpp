// Networks that see tiles of a large domain.
#include "foehn/model/tiling.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <vector>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/network_architecture.hpp"

namespace foehn::model::tiling_test {
namespace {

using diffusion::at_hour_zero;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

grid::Grid grid_of(std::int64_t ny, std::int64_t nx, double step) {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (std::int64_t y = 0; y < ny; ++y) grid.y.values.push_back(40 - static_cast<double>(y));
  for (std::int64_t x = 0; x < nx; ++x) grid.x.values.push_back(step * static_cast<double>(x));
  return grid;
}

/// 24 x 36 cells, round the globe.
grid::Grid round_the_globe() {
  return grid_of(24, 36, 10);
}

ScoreUnetArchitecture in_tiles() {
  return {.window = 1,
          .variables = 1,
          .hidden = {4, 6},
          .blocks = {1, 1},
          .attention = {},
          .embedding = 8,
          .static_fields = {"orography"},
          .tile = {12, 16, 4}};
}

std::unique_ptr<Network> network_on(const grid::Grid& grid, const at::Tensor& orography) {
  const ScoreUnetArchitecture architecture = in_tiles();
  auto network =
      make_network(architecture, random_tensors(architecture, 3), graph_on(grid, architecture), at::kDouble);
  set_tiles(*network, architecture, grid);
  network->set_static_fields(orography);
  return network;
}

at::Tensor normal(std::vector<std::int64_t> shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kDouble);
}

TEST(Tiling, CoversEveryCellByWeightsOfOneInAll) {
  for (const double step : {10.0, 1.0}) {
    const grid::Grid grid = grid_of(24, 36, step);
    EXPECT_EQ(goes_round(grid), step == 10);
    const Tiling tiling({12, 16, 4}, grid);
    const at::Tensor fields = normal({2, 24, 36}, 1);
    at::Tensor sum = at::zeros_like(fields);
    for (std::size_t tile = 0; tile < tiling.size(); ++tile)
      tiling.add(tiling.cut(fields, tile) * tiling.weights(tile), tile, sum);
    EXPECT_TRUE(at::allclose(sum, fields, 1e-12, 1e-12));
  }
}

TEST(Tiling, TakesColumnsOnBothSidesOfTheDateLine) {
  const at::Tensor fields = at::arange(6, at::kDouble).reshape({1, 6});
  EXPECT_TRUE(at::equal(cut_tile(fields, 0, 4, {1, 3}), at::tensor({4.0, 5.0, 0.0}).reshape({1, 3})));
}

TEST(Tiling, RefusesTilesThatDoNotFit) {
  const auto refuses = [](const TileForm& form, const char* why) {
    EXPECT_THAT([&] { check_tiles(form, round_the_globe(), 4); }, ThrowsMessage<core::Error>(HasSubstr(why)));
  };
  refuses({12, 18, 4}, "multiples of 4");
  refuses({28, 16, 4}, "no more than the grid has, 24 x 36");
  refuses({12, 16, 7}, "an overlap of 0 to 6 cells, half of a side, found 7");
}

/// Fields that were turned round the globe by a whole number of tiles give estimates that were, too: the
/// columns where the grid begins are like any others.
TEST(NetworkInTiles, KnowsNoFirstColumn) {
  const at::Tensor orography = normal({1, 24, 36}, 2), fields = normal({1, 1, 24, 36}, 4);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  constexpr std::int64_t kApart = 12;  // 36 columns, 3 tiles
  const at::Tensor estimate =
      network_on(round_the_globe(), orography)->noise_estimate(at_hour_zero(fields), level);
  const at::Tensor turned = network_on(round_the_globe(), orography.roll(kApart, -1))
                                ->noise_estimate(at_hour_zero(fields.roll(kApart, -1)), level);
  EXPECT_TRUE(at::allclose(turned, estimate.roll(kApart, -1), 1e-10, 1e-10));
}

TEST(NetworkInTiles, HasTheDerivativeOfItsEstimate) {
  const auto network = network_on(round_the_globe(), normal({1, 24, 36}, 2));
  const at::Tensor fields = normal({2, 1, 24, 36}, 4), direction = normal({2, 1, 24, 36}, 5),
                   cotangent = normal({2, 1, 24, 36}, 6);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.4);
  constexpr double kStep = 1e-5;
  const at::Tensor change = (network->noise_estimate(at_hour_zero(fields + kStep * direction), level) -
                             network->noise_estimate(at_hour_zero(fields - kStep * direction), level)) /
                            (2 * kStep);
  const double
      forward = (change * cotangent).sum().item<double>(),
      back = (network->noise_vjp(at_hour_zero(fields), level, cotangent) * direction).sum().item<double>();
  EXPECT_NEAR(forward, back, 1e-6 * std::abs(back));
}

TEST(NetworkInTiles, RefusesFieldsOfAnotherDomain) {
  const auto network = network_on(round_the_globe(), normal({1, 24, 36}, 2));
  EXPECT_THAT(
      [&] {
        network->noise_estimate(at_hour_zero(at::zeros({1, 1, 24, 24}, at::kDouble)),
                                diffusion::VpCosine{}.at(0.4));
      },
      ThrowsMessage<core::Error>(HasSubstr("expected fields of 24 x 36 cells, found [1, 1, 24, 24]")));
}

}  // namespace
}  // namespace foehn::model::tiling_test
