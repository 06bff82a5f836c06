// Networks that know the time of the year and of the day.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "foehn/core/error.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::model::dates_test {
namespace {

constexpr std::int64_t kDay = calendar::kSecondsPerDay;
const diffusion::NoiseLevel kLevel = diffusion::VpCosine{}.at(0.4);

TEST(DateLabels, AreTheAnglesOfYearAndDayInTheMiddleOfAWindow) {
  // 1 April, 18:00, is the middle of a window of three steps of six hours.
  const std::int64_t first =
      calendar::to_seconds(calendar::parse_date_time("2001-04-01T12:00"), calendar::Calendar::day_360);
  const Clock clock{calendar::Calendar::day_360, first, kDay / 4};
  const at::Tensor labels = date_labels(clock, {0, 1}, 3);
  const double of_year = 2 * std::numbers::pi * (90 + 0.75) / 360;
  const at::Tensor expected = at::tensor({std::sin(of_year), std::cos(of_year), -1.0, 0.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(labels[0], expected, 0, 1e-12));
  EXPECT_TRUE(at::allclose(labels[1].narrow(0, 2, 2), at::tensor({0.0, 1.0}, at::kDouble), 0, 1e-12));
}

ScoreUnetArchitecture architecture() {
  return {.window = 3,
          .variables = 2,
          .hidden = {4, 6},
          .blocks = {1, 1},
          .attention = {1},
          .embedding = 8,
          .dates = true};
}

TEST(ScoreUnetThatKnowsDates, SeesThoseOfEachWindow) {
  ScoreUnet network(architecture(), random_tensors(architecture(), 3), at::TensorOptions(at::kDouble));
  const Clock clock{calendar::Calendar::noleap, 0, kDay / 8};
  network.set_clock(clock);
  at::manual_seed(3);
  const at::Tensor x = at::randn({1, 6, 4, 6}, at::kDouble).expand({3, 6, 4, 6});
  const at::Tensor found = network.noise_estimate({x, {0, 3, 8 * 365}}, kLevel);
  EXPECT_FALSE(at::allclose(found[1], found[0])) << "another time of the day";
  EXPECT_TRUE(at::allclose(found[2], found[0])) << "a year later";
  const at::Tensor t = at::full({1}, kLevel.t, at::kDouble);
  EXPECT_TRUE(at::allclose(found, network.forward(x, t, date_labels(clock, {0, 3, 8 * 365}, 3))));
  network.set_clock({calendar::Calendar::noleap, 100 * kDay, kDay / 8});
  EXPECT_FALSE(at::allclose(network.noise_estimate({x, {0, 3, 8 * 365}}, kLevel)[0], found[0]))
      << "another time of the year";
}

TEST(ScoreUnetThatKnowsDates, MustBeToldWhenHoursAre) {
  ScoreUnet network(architecture(), random_tensors(architecture(), 3), at::TensorOptions(at::kFloat));
  EXPECT_THAT(
      [&] {
        network.noise_estimate({at::zeros({1, 6, 4, 6}), {0}}, kLevel);
      },
      ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("when the trajectory begins")));
}

TEST(ScoreUnetThatKnowsDates, HasOneMoreLinearLayer) {
  ScoreUnetArchitecture without = architecture();
  without.dates = false;
  EXPECT_EQ(parameter_count(architecture()), parameter_count(without) + 8 * (kDateLabels + 1));
  EXPECT_EQ(window_flops(architecture(), 4, 6), window_flops(without, 4, 6) + 2 * 8 * kDateLabels);
}

}  // namespace
}  // namespace foehn::model::dates_test
