#include <gtest/gtest.h>

#include "evaluation/toy_files.hpp"
#include "foehn/evaluation/verify.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::era5_test {
namespace {

constexpr grid::Crop kCrop{0, 32, 0, 48};
constexpr int kHours = 49;
constexpr std::int64_t kPeriod = 6, kBlock = 8;

/// 49 hours of ERA5 from 2019-03-26 00:00 over the United Kingdom; latitudes fall.
class Era5 {
 public:
  explicit Era5(const std::filesystem::path& path)
      : reader_({path}, {{}, kCrop}), first_(io::select_period(reader_.times(), "2019-03-26", "").first) {
    values_.resize(static_cast<std::size_t>(kHours * reader_.grid().cells()));
    reader_.read(first_, kHours, values_);
  }

  const grid::Grid& grid() const { return reader_.grid(); }
  foehn::testing::ToyFile file() const {
    foehn::testing::ToyFile file;
    file.variables = reader_.variables();
    file.grid = grid();
    file.steps = kHours;
    return file;
  }
  double operator()(double hour, std::size_t /*variable*/, std::int64_t y, std::int64_t x) const {
    return values_[static_cast<std::size_t>(
        (static_cast<std::int64_t>(hour) * grid().ny() + y) * grid().nx() + x)];
  }

 private:
  io::FieldReader reader_;
  std::int64_t first_;
  std::vector<float> values_;
};

TEST(Era5Uk, InterpolationErrsAsAnIndependentComputationSays) {
  const auto path = io::real_data("era5_t2m_uk_201903.nc");
  if (!path) GTEST_SKIP() << "skipped: no real data";
  const Era5 era5(*path);
  const auto field = [&](auto... where) { return era5(where...); };
  const io::TemporaryFolder folder;
  const auto write = [&](const std::string& name, double shift, const foehn::testing::ToyFile& file) {
    return foehn::testing::write_toy(folder / name, foehn::testing::shifted(field, shift), file);
  };
  auto coarse = era5.file();
  coarse.step_hours = kPeriod;
  coarse.steps = kHours / kPeriod + 1;
  coarse.block = kBlock;
  const SourceFiles files{
      .members = {write("member_000.nc", -0.5, era5.file()), write("member_001.nc", 0.5, era5.file())},
      .reference = {*path},
      .observations = {write("coarse.nc", 0, coarse)},
      .reference_crop = kCrop};
  const auto results = verify(open_sources(files), {});

  // From the same file by NumPy: block means, linear in time, bilinear in space between block centres.
  const auto& scores = results.scores.at(0);
  EXPECT_NEAR(scores.all_hours.interpolation.mae, 0.76389, 2e-5);
  EXPECT_NEAR(scores.all_hours.interpolation.rmse, 1.10145, 2e-5);
  EXPECT_EQ(scores.all_hours.hours, kHours);
  EXPECT_NEAR(scores.all_hours.ensemble.mean.mae, 0, 1e-4);
  EXPECT_NEAR(scores.all_hours.ensemble.fair_crps.value(), 0, 1e-4);
  EXPECT_NEAR(scores.agreement.rms, 0.5, 1e-4);
}

}  // namespace
}  // namespace foehn::evaluation::era5_test
