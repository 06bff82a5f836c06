#include "foehn/model/residual_fit.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "io/test_files.hpp"

namespace foehn::model::residual_fit_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kNy = 8, kNx = 12, kHours = 900, kBlock = 2;

grid::Grid grid_of_test() {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (int y = 0; y < kNy; ++y) grid.y.values.push_back(50 + y);
  for (int x = 0; x < kNx; ++x) grid.x.values.push_back(x);
  return grid;
}

/// Large weather that is the same in all cells and linear between every sixth hour, and noise whose mean over
/// each block is 0: of size 3 in the west and 0.5 in the east.
class FitOfResiduals : public ::testing::Test {
 protected:
  FitOfResiduals() {
    io::FieldHeader header;
    header.variables = {{"tas", "air_temperature", "K"}};
    header.grid = grid_of_test();
    io::FieldWriter writer(folder_ / "record.nc", header);
    at::Tensor noise = at::empty({kNy, kNx}, at::kDouble);
    for (std::int64_t hour = 0; hour < kHours; ++hour) {
      core::fill_normal<double>({.seed = 4}, static_cast<std::uint32_t>(hour),
                                {noise.data_ptr<double>(), kNy * kNx});
      const at::Tensor blocks = noise.reshape({kNy / kBlock, kBlock, kNx / kBlock, kBlock});
      const at::Tensor small = (blocks - blocks.mean(at::IntArrayRef{1, 3}, true)).reshape({kNy, kNx});
      const at::Tensor field =
          (280 + 20 * std::sin(0.01 * static_cast<double>(hour)) + small * size_).to(at::kFloat).contiguous();
      writer.append({field.data_ptr<float>(), kNy * kNx});
    }
    writer.commit();
  }
  static at::Tensor sizes() {
    at::Tensor size = at::full({kNy, kNx}, 0.5, at::kDouble);
    size.narrow(1, 0, kNx / 2).fill_(3);
    return size;
  }
  Domain domain() const {
    return {{{"tas", "air_temperature", "K"}},
            grid_of_test(),
            calendar::Calendar::standard,
            3600,
            Normalisation::anomaly(Climatology({{}}, at::full({1, 1, kNy, kNx}, 280.0, at::kDouble)),
                                   at::tensor({15.0}, at::kDouble)),
            at::zeros({1, 9}, at::kDouble)};
  }

  io::TemporaryFolder folder_;
  const at::Tensor size_ = sizes();
};

TEST_F(FitOfResiduals, FindsHowMuchEachCellVariesBesideItsCoarseField) {
  const io::FieldReader reader({folder_ / "record.nc"}, {});
  const CoarseForm form{{kBlock, 4}, {3, 6}, {}};
  std::int64_t read = 0;
  const ResidualFit fit =
      fit_residuals(reader, {0, kHours}, domain(), form, true, [&](std::int64_t hours) { read += hours; });
  EXPECT_EQ(read, kResidualFitPasses * kHours);
  const Normalisation& found = fit.normalisation;
  EXPECT_EQ(found.mode(), "anomaly");
  ASSERT_NE(found.deviation(), nullptr);
  // Three quarters of the noise's variance are left when the mean over four cells is taken off.
  const at::Tensor unit =
      found.scale().reshape({1, 1, 1}) * found.deviation()->at(0, reader.times().calendar);
  const at::Tensor expected = size_ * std::sqrt(0.75);
  EXPECT_NEAR((unit[0].narrow(1, 0, 4) / expected.narrow(1, 0, 4)).mean().item<double>(), 1, 0.05);
  EXPECT_NEAR((unit[0].narrow(1, 8, 4) / expected.narrow(1, 8, 4)).mean().item<double>(), 1, 0.05);
  EXPECT_NEAR(found.scale().item<double>(), expected.square().mean().sqrt().item<double>(), 0.05);
  EXPECT_TRUE(
      at::equal(found.climatology()->coefficients(), domain().normalisation.climatology()->coefficients()));
}

TEST_F(FitOfResiduals, TakesOneDeviationWhereItIsToldTo) {
  const io::FieldReader reader({folder_ / "record.nc"}, {});
  const ResidualFit found =
      fit_residuals(reader, {100, 300}, domain(), {{kBlock}, {6}, {}}, false, [](std::int64_t) {});
  EXPECT_EQ(found.normalisation.deviation(), nullptr);
}

/// Where a climatology has as many numbers as a record has days, it follows the noise of the days that it
/// knows: residuals of others are larger, and the scale is theirs.
TEST_F(FitOfResiduals, FindsHowMuchLargerResidualsOfHoursAreThatNoClimatologyKnows) {
  const io::FieldReader reader({folder_ / "record.nc"}, {});
  const io::IndexRange period{0, 16 * 24};  // folds of two days
  Domain of_period = domain();
  ClimatologyEstimator climatology(harmonics_for(3600, 5 * 86400), {1, kNy, kNx});
  at::Tensor field = at::empty({1, kNy, kNx}, at::kFloat);
  for (std::int64_t hour = period.first; hour < period.last; ++hour) {
    reader.read(hour, 1, {field.data_ptr<float>(), kNy * kNx});
    climatology.add(field, reader.times().seconds[static_cast<std::size_t>(hour)], reader.times().calendar);
  }
  of_period.normalisation = Normalisation::anomaly(climatology.estimate(), at::tensor({15.0}, at::kDouble));
  const ResidualFit found =
      fit_residuals(reader, period, of_period, {{kBlock}, {6}, {}}, false, [](std::int64_t) {});
  // Five coefficients from n independent hours take 5/n of the noise's variance, and add 5/m to that of
  // others, m being those of seven eighths of the record. Residuals of one hour in six are of two in all.
  const double n = 16 * 24, m = n * 7 / 8;
  const double expected = std::sqrt((1 + 5 / m) / (1 - 5 / n));
  EXPECT_GT(found.inflation[0].item<double>(), 1);
  EXPECT_NEAR(found.inflation[0].item<double>(), expected, 0.5 * (expected - 1));
}

/// Where fields vary little, a transform is linear: residuals are those of the fields times its slope.
TEST_F(FitOfResiduals, IsOfTransformedValues) {
  const io::FieldReader reader({folder_ / "record.nc"}, {});
  Domain transformed = domain();
  const observation::Transforms transforms{observation::Transform::parse("log:2000")};
  const double middle = std::log(280 + 2000), slope = 1.0 / (280 + 2000);
  transformed.normalisation =
      Normalisation::anomaly(Climatology({{}}, at::full({1, 1, kNy, kNx}, middle, at::kDouble)),
                             at::tensor({15 * slope}, at::kDouble), {}, transforms);
  std::int64_t read = 0;
  const ResidualFit found = fit_residuals(reader, {0, kHours}, transformed, {{kBlock}, {6}, {}}, false,
                                          [&](std::int64_t hours) { read += hours; });
  EXPECT_EQ(read, (kResidualFitPasses + TransformedFields::passes(transforms)) * kHours);
  EXPECT_EQ(found.normalisation.transforms(), transforms);
  const ResidualFit plain =
      fit_residuals(reader, {0, kHours}, domain(), {{kBlock}, {6}, {}}, false, [](std::int64_t) {});
  const double expected = plain.normalisation.scale().item<double>() * slope;
  EXPECT_NEAR(found.normalisation.scale().item<double>() / expected, 1, 0.01);
}

TEST_F(FitOfResiduals, RefusesAPeriodWithoutAGapOfEachKind) {
  EXPECT_NO_THROW(check_residual_fit({0, 41}, {{1, 2}, {6, 12}, {}}));
  EXPECT_THAT(
      [&] {
        check_residual_fit({0, 20}, {{1, 2}, {6, 12}, {}});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("4 kinds"), HasSubstr("found 20"))));
}

}  // namespace
}  // namespace foehn::model::residual_fit_test
