#include "foehn/training/windows.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <netcdf.h>

#include <array>
#include <cmath>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/gaussian_fit.hpp"
#include "io/test_files.hpp"
#include "training/toy_fields.hpp"

namespace foehn::training::windows_test {
namespace {

constexpr std::int64_t kLength = 11, kStarts = 20;  // a window is longer than a day of 8 steps

class TrainingWindowsTest : public ::testing::Test {
 protected:
  static FieldCache toy(const io::TemporaryFolder& folder) {
    foehn::testing::write_toy_cache(folder / "cache.nc");
    return FieldCache(folder / "cache.nc");
  }
  TrainingWindows windows(Augmentation augmentation) const {
    augmentation.steps_per_day = foehn::testing::kToyStepsPerDay;
    return {fields_, kLength, kStarts, augmentation};
  }

  io::TemporaryFolder folder_;
  FieldCache fields_ = toy(folder_);
};

TEST_F(TrainingWindowsTest, AreTheRecordsWhereNothingIsAskedFor) {
  const TrainingWindows plain = windows({});
  std::int64_t first = kStarts, last = 0;
  for (std::uint32_t sample = 0; sample < 200; ++sample) {
    const TrainingWindow window = plain.draw(3, 5, sample);
    EXPECT_TRUE(at::equal(plain.read(window), fields_.read(window.hour, kLength)));
    first = std::min(first, window.hour);
    last = std::max(last, window.hour);
  }
  EXPECT_EQ(first, 0);
  EXPECT_EQ(last, kStarts - 1);
}

TEST_F(TrainingWindowsTest, DependOnSeedStepAndSampleAlone) {
  const Augmentation all{.mixing = 0.5, .amplitude = 0.3, .daily_cycle = 0.5};
  const TrainingWindows one = windows(all), other = windows(all);
  EXPECT_TRUE(at::equal(one.read(one.draw(3, 5, 7)), other.read(other.draw(3, 5, 7))));
  for (const TrainingWindow& different : {one.draw(4, 5, 7), one.draw(3, 6, 7), one.draw(3, 5, 8)})
    EXPECT_NE(different.noise, one.draw(3, 5, 7).noise);
}

TEST_F(TrainingWindowsTest, AreMixedAtTheSameHourOfTheDayByARotation) {
  const TrainingWindows mixed = windows({.mixing = 1});
  for (std::uint32_t sample = 0; sample < 50; ++sample) {
    const TrainingWindow window = mixed.draw(3, 5, sample);
    ASSERT_TRUE(window.mixed_in);
    EXPECT_EQ((*window.mixed_in - window.hour) % foehn::testing::kToyStepsPerDay, 0);
    EXPECT_LT(*window.mixed_in, kStarts);
    const at::Tensor expected = fields_.read(window.hour, kLength) * std::cos(window.angle) +
                                fields_.read(*window.mixed_in, kLength) * std::sin(window.angle);
    EXPECT_TRUE(at::allclose(mixed.read(window), expected, 1e-6, 1e-6));
  }
}

TEST_F(TrainingWindowsTest, AreDrawnFromTheGaussianPriorAsOftenAsAskedFor) {
  const TrainingWindows some = windows({.mixing = 1, .drawn = 0.3});
  int drawn = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    const TrainingWindow window = some.draw(3, 5, sample);
    EXPECT_NE(window.drawn.has_value(), window.mixed_in.has_value());
    if (!window.drawn) continue;
    ++drawn;
    EXPECT_EQ(window.drawn->key.member, sample);
    EXPECT_EQ(window.drawn->number, 5U);
  }
  EXPECT_NEAR(drawn, 600, 60);
}

TEST_F(TrainingWindowsTest, KeepTheirMeanSquareWhereTheirAmplitudeVaries) {
  const TrainingWindows varied = windows({.amplitude = 0.3});
  double sum = 0, of_logarithm = 0;
  constexpr int kSamples = 20000;
  for (std::uint32_t sample = 0; sample < kSamples; ++sample) {
    const double factor = varied.draw(3, 5, sample).factor;
    sum += factor * factor;
    of_logarithm += std::pow(std::log(factor) + 0.09, 2);
  }
  EXPECT_NEAR(sum / kSamples, 1, 0.02);
  EXPECT_NEAR(std::sqrt(of_logarithm / kSamples), 0.3, 0.01);
  const TrainingWindow window = varied.draw(3, 5, 1);
  EXPECT_TRUE(
      at::allclose(varied.read(window), fields_.read(window.hour, kLength) * window.factor, 1e-6, 1e-6));
}

TEST_F(TrainingWindowsTest, AreGivenAMultipleOfTheDailyCycleAtTheirHourOfTheDay) {
  const TrainingWindows clearer = windows({.daily_cycle = 0.5});
  double square = 0;
  constexpr int kSamples = 20000;
  for (std::uint32_t sample = 0; sample < kSamples; ++sample)
    square += std::pow(clearer.draw(3, 5, sample).daily_cycle, 2);
  EXPECT_NEAR(std::sqrt(square / kSamples), 0.5, 0.01);

  const at::Tensor cycle = fields_.daily_cycle(), record = fields_.read(0, kStarts + kLength);
  for (const std::int64_t hour : {0, 5, 8, 13, 19}) {
    const at::Tensor found = clearer.read({.hour = hour, .daily_cycle = -0.7});
    for (std::int64_t i = 0; i < kLength; ++i)
      EXPECT_TRUE(at::allclose(found[i], record[hour + i] - cycle[(hour + i) % 8] * 0.7, 1e-5, 1e-5));
  }
}

/// A cache made by foehn itself, of thirty days that begin at 03:00, with a daily cycle of 5 and 2 K in two
/// cells.
class CacheOfADailyCycle : public ::testing::Test {
 protected:
  static constexpr std::int64_t kHours = 720, kFirst = 3, kSkipped = 5;

  static double degrees(std::int64_t hour, std::int64_t cell) {
    const double angle = 2 * std::acos(-1.0) * static_cast<double>(hour + kFirst) / 24;
    return 280 + static_cast<double>(cell) + (cell % 2 == 0 ? 5 : 2) * std::cos(angle) +
           std::sin(0.7 * static_cast<double>(hour) + static_cast<double>(cell));
  }

  FieldCache cache_of(std::int64_t step_hours) {
    io::FieldHeader header;
    header.variables = {{"tas", "air_temperature", "K"}};
    header.grid = {{"lat", "latitude", "degrees_north", {50, 51, 52, 53}},
                   {"lon", "longitude", "degrees_east", {0, 1, 2, 3}},
                   std::nullopt};
    header.first_seconds = kFirst * 3600;
    header.step_seconds = step_hours * 3600;
    io::FieldWriter writer(folder_ / "record.nc", header);
    for (std::int64_t hour = 0; hour < kHours; hour += step_hours) {
      std::vector<float> field;
      for (std::int64_t cell = 0; cell < 16; ++cell) field.push_back(static_cast<float>(degrees(hour, cell)));
      writer.append(field);
    }
    writer.commit();
    const io::FieldReader reader({folder_ / "record.nc"}, {});
    const io::IndexRange all{kSkipped, kHours / step_hours};
    const model::GaussianFit fit =
        model::fit_gaussian_prior(reader, all, {.markov_order = 1}, [](std::int64_t) {});
    scale_ = fit.domain.normalisation.scale().item<double>();
    FieldCache::write(folder_ / "cache.nc", "digest", reader, all, fit.domain, {0, fit.inflation},
                      [](std::int64_t) {});
    return FieldCache(folder_ / "cache.nc");
  }

  io::TemporaryFolder folder_;
  double scale_ = 0;
};

TEST_F(CacheOfADailyCycle, KnowsItFromTheFirstInstantOn) {
  const at::Tensor cycle = cache_of(1).daily_cycle();
  ASSERT_EQ(cycle.sizes(), (at::IntArrayRef{24, 1, 4, 4}));
  EXPECT_LT(cycle.mean(0).abs().max().item<double>(), 1e-6);
  for (const std::int64_t hour : {0, 9, 21})
    for (const std::int64_t cell : {0, 1}) {
      const double angle = 2 * std::acos(-1.0) * static_cast<double>(hour + kSkipped + kFirst) / 24;
      EXPECT_NEAR(cycle[hour][0][0][cell].item<double>() * scale_, (cell == 0 ? 5 : 2) * std::cos(angle),
                  0.1);
    }
}

TEST_F(CacheOfADailyCycle, IsRefusedWhereItIsNotFinite) {
  cache_of(1);
  const std::string path = folder_ / "cache.nc";
  int file = -1, variable = -1;
  ASSERT_EQ(nc_open(path.c_str(), NC_WRITE, &file), NC_NOERR);
  ASSERT_EQ(nc_inq_varid(file, "daily_cycle", &variable), NC_NOERR);
  const std::array<std::size_t, 4> index{7, 0, 2, 3};
  const float nan = NAN;
  ASSERT_EQ(nc_put_var1_float(file, variable, index.data(), &nan), NC_NOERR);
  ASSERT_EQ(nc_close(file), NC_NOERR);
  EXPECT_THAT([&] { FieldCache(path).daily_cycle(); },
              ::testing::ThrowsMessage<core::Error>(::testing::AllOf(
                  ::testing::HasSubstr(path),
                  ::testing::HasSubstr("daily_cycle: fields 0 to 23 hold values that are not finite"),
                  ::testing::HasSubstr("remove it"))));
}

TEST_F(CacheOfADailyCycle, HasNoneOfFieldsTwiceADay) {
  const FieldCache fields = cache_of(12);
  EXPECT_FALSE(fields.daily_cycle().defined());
  EXPECT_THAT([&] { TrainingWindows(fields, 3, 10, {.daily_cycle = 0.5, .steps_per_day = 2}); },
              ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("train.daily_cycle")));
}

}  // namespace
}  // namespace foehn::training::windows_test
