#include "foehn/model/coarse_fields.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <memory>
#include <numbers>
#include <tuple>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/observation/block_mean.hpp"
#include "model/two_variables.hpp"

namespace foehn::model::coarse_fields_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

TEST(ToCells, IsLinearBetweenTheCentresOfBlocksAndBeyond) {
  const at::Tensor centres = at::tensor({0.0, 4.0, 8.0, 12.0}, at::kDouble).reshape({1, 2, 2});
  const at::Tensor cells = to_cells(centres, 2);
  ASSERT_EQ(cells.sizes(), at::IntArrayRef({1, 4, 4}));
  EXPECT_THAT(values_of(cells[0][0]), ::testing::ElementsAre(-3, -1, 1, 3));
  EXPECT_THAT(values_of(cells[0].select(1, 0)), ::testing::ElementsAre(-3, 1, 5, 9));
  EXPECT_EQ(cells[0][1][2].item<double>(), 5);
  EXPECT_TRUE(at::equal(to_cells(centres, 1), centres));
  EXPECT_TRUE(at::equal(to_cells(at::full({1, 1}, 3.5), 4), at::full({4, 4}, 3.5)));
}

TEST(ToCentres, MakesCellsWithTheMeansWanted) {
  at::manual_seed(1);
  for (const auto& [ny, nx, block] : {std::tuple{4, 6, 2}, {3, 5, 3}, {2, 9, 8}, {1, 4, 4}, {3, 3, 1}}) {
    const at::Tensor means = at::randn({3, 2, ny, nx}, at::kDouble);
    const at::Tensor cells = to_cells(to_centres(means, block), block);
    EXPECT_TRUE(at::allclose(observation::BlockMean(block).apply(cells), means, 1e-12, 1e-12)) << block;
  }
}

/// A field that is linear in time and space, [hour, variable, y, x].
at::Tensor linear(std::int64_t hours) {
  const at::Tensor time = at::arange(hours, at::kDouble).reshape({-1, 1, 1, 1}),
                   y = at::arange(8, at::kDouble).reshape({-1, 1}), x = at::arange(12, at::kDouble);
  return (time * at::tensor({1.0, -2.0}, at::kDouble).reshape({2, 1, 1}) + 0.5 * y - 0.25 * x).to(at::kFloat);
}

/// Its means over blocks of 2 x 2 at some hours.
CoarseSnapshots snapshots(const at::Tensor& fields, const std::vector<std::int64_t>& hours) {
  return {2, hours, observation::BlockMean(2).apply(fields.index_select(0, at::tensor(hours, at::kLong)))};
}

TEST(Interpolate, BringsBackAFieldThatIsLinearInTimeAndSpace) {
  const at::Tensor fields = linear(10);
  const CoarseFields found = interpolate(snapshots(fields, {0, 3, 9}), 1, 8, {});
  EXPECT_EQ(found.first_hour, 1);
  EXPECT_EQ(found.hours(), 8);
  EXPECT_TRUE(at::allclose(found.fields, fields.narrow(0, 1, 8), 1e-5, 1e-5));
  EXPECT_THAT(values_of(found.gaps.flatten()),
              ::testing::ElementsAre(1, 2, 2, 1, 0, 0, 1, 5, 2, 4, 3, 3, 4, 2, 5, 1));
}

TEST(Interpolate, DividesByTheDeviationOfTheHour) {
  const at::Tensor fields = linear(7);
  const CoarseSnapshots some = snapshots(fields, {0, 6});
  at::manual_seed(2);
  const at::Tensor deviation = at::rand({7, 2, 8, 12}, at::kDouble) + 0.5;
  const CoarseFields plain = interpolate(some, 2, 4, {}),
                     divided = interpolate(some, 2, 4, [&](std::int64_t hour) { return deviation[hour]; });
  EXPECT_TRUE(at::allclose(divided.fields * deviation.narrow(0, 2, 4).to(at::kFloat), plain.fields));
}

TEST(Interpolate, ConservesTheMeansOfSnapshots) {
  at::manual_seed(4);
  const CoarseSnapshots some{4, {0, 3, 5}, at::randn({3, 2, 2, 3})};
  const at::Tensor deviation = at::rand({6, 2, 8, 12}, at::kDouble) + 0.5;
  const CoarseFields found = interpolate(some, 0, 6, [&](std::int64_t hour) { return deviation[hour]; });
  const at::Tensor means = observation::BlockMean(4).apply(found.fields * deviation);
  EXPECT_TRUE(at::allclose(means.index_select(0, at::tensor({0, 3, 5}, at::kLong)),
                           some.values.to(at::kDouble), 1e-5, 1e-5));
}

TEST(Interpolate, GivesAnHourTheSameBitsAmongAnyOthers) {
  at::manual_seed(3);
  const CoarseSnapshots all{2, {0, 3, 6, 12}, at::randn({4, 2, 3, 5})},
      some{2, {3, 6, 12}, all.values.narrow(0, 1, 3)};
  const CoarseFields whole = interpolate(all, 0, 13, {}), part = interpolate(some, 4, 5, {});
  EXPECT_TRUE(at::equal(part.fields, whole.fields.narrow(0, 4, 5)));
  EXPECT_TRUE(at::equal(part.gaps, whole.gaps.narrow(0, 4, 5)));
}

TEST(Interpolate, RefusesHoursBeforeTheFirstSnapshotAndAfterTheLast) {
  const CoarseSnapshots some{1, {3, 6}, at::zeros({2, 1, 2, 2})};
  EXPECT_NO_THROW(interpolate(some, 3, 4, {}));
  EXPECT_THAT([&] { interpolate(some, 2, 2, {}); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("hour 2"), HasSubstr("3 to 6"))));
  EXPECT_THAT([&] { interpolate(some, 6, 2, {}); }, ThrowsMessage<core::Error>(HasSubstr("hour 7")));
}

/// 16 cells, of which those of O4 are finer.
const std::vector<std::int64_t> kCoarseRows{3, 5, 5, 3};

TEST(CoarseCells, KeepConstantsAndWhatAreasWeigh) {
  const grid::Grid fine = grid::named_grid("O4");
  const CoarseCells cells(kCoarseRows, fine);
  ASSERT_EQ(cells.grid().cells(), 16);
  const at::Tensor means = cells.means(at::full({2, 1, fine.cells()}, 3.5, at::kDouble));
  ASSERT_EQ(means.sizes(), at::IntArrayRef({2, 1, 16}));
  EXPECT_TRUE(at::allclose(means, at::full_like(means, 3.5)));
  EXPECT_TRUE(at::allclose(cells.to_cells(means), at::full({2, 1, fine.cells()}, 3.5, at::kDouble)));
  at::manual_seed(4);
  const at::Tensor fields = at::randn({1, fine.cells()}, at::kDouble);
  const auto integral = [](const at::Tensor& values, const grid::Grid& grid) {
    return (values.flatten() * at::tensor(grid.unstructured->areas, at::kDouble)).sum().item<double>();
  };
  EXPECT_NEAR(integral(cells.means(fields), cells.grid()), integral(fields, fine), 1e-12);
}

TEST(CoarseCells, AreFewerThanThoseOfFields) {
  EXPECT_THAT([] { CoarseCells(kCoarseRows, grid::reduced_gaussian_grid(kCoarseRows)); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("16 cells"), HasSubstr("fewer"))));
}

TEST(CoarseCells, InterpolateSineOfLatitudeToOrderOfTheirSize) {
  const grid::Grid fine = grid::named_grid("O8"), coarse = grid::named_grid("O4");
  const grid::CellRows rows = *grid::find_rows(*coarse.unstructured);
  std::vector<std::int64_t> sizes;
  for (std::int64_t row = 0; row < rows.rows(); ++row) sizes.push_back(rows.size(row));
  const CoarseCells cells(sizes, fine);
  const auto height = [](const grid::Grid& grid) {
    return (at::tensor(grid.unstructured->centres.latitude, at::kDouble).unsqueeze(0) *
            (std::numbers::pi / 180))
        .sin();
  };
  EXPECT_LT((cells.to_cells(height(coarse)) - height(fine)).abs().max().item<double>(), 0.05);
  EXPECT_LT((cells.means(height(fine)) - height(coarse)).abs().max().item<double>(), 0.05);
}

TEST(Interpolate, OfCellsTakesTheirValuesAtCentresAndHasTheBitsOfEachHour) {
  at::manual_seed(5);
  const auto cells = std::make_shared<const CoarseCells>(kCoarseRows, grid::named_grid("O4"));
  const CoarseSnapshots all{1, {0, 3, 6, 12}, at::randn({4, 2, 1, 16}), cells},
      some{1, {3, 6, 12}, all.values.narrow(0, 1, 3), cells};
  const at::Tensor deviation = at::rand({13, 2, 1, 208}) + 0.5;
  const auto of_hour = [&](std::int64_t hour) { return deviation[hour]; };
  const CoarseFields whole = interpolate(all, 0, 13, of_hour), part = interpolate(some, 4, 5, of_hour);
  EXPECT_TRUE(at::equal(whole.fields.narrow(0, 4, 5), part.fields));
  EXPECT_TRUE(at::equal(whole.gaps.narrow(0, 4, 5), part.gaps));
  EXPECT_TRUE(at::allclose(whole.fields[6] * deviation[6], cells->to_cells(all.values[2]), 1e-6, 1e-6));
}

TEST(DeviationOfHours, IsThatOfTheNormalisationAtTheirTimes) {
  EXPECT_FALSE(deviation_of_hours(anomalies_of_two_variables(), {}));
  const Deviation deviation(
      Climatology(harmonics_for(3600, 5 * 86400), at::rand({5, 2, 4, 6}, at::kDouble) + 0.1), 0.1);
  const Clock clock{calendar::Calendar::noleap, 7200, 3600};
  const DeviationOfHour found = deviation_of_hours(anomalies_of_two_variables(deviation), clock);
  EXPECT_TRUE(at::equal(found(5), deviation.at(7 * 3600, clock.calendar)));
}

/// Two variables about a climatology that differs from cell to cell; the second is transformed.
Normalisation with_transform(const std::string& transform) {
  at::manual_seed(3);
  const at::Tensor mean = at::rand({1, 2, 4, 6}, at::kDouble) + 0.5;
  return Normalisation::anomaly(Climatology({{}}, mean), at::tensor({3.0, 0.8}, at::kDouble), {},
                                {{}, observation::Transform::parse(transform)});
}

TEST(TransformedSnapshots, OfObservedMeansAreThoseOfTheFieldsThemselves) {
  const Normalisation normalisation = with_transform("power:0.5:0.01");
  const TransformedSnapshots transformed(normalisation, {});
  const at::Tensor fields = at::randn({2, 4, 6}, at::kDouble).to(at::kFloat);
  at::Tensor means = observation::BlockMean(2).apply(fields);
  const at::Tensor untouched = means[0].clone();
  transformed.replace_means(fields, 7, 2, means);
  EXPECT_TRUE(at::equal(means[0], untouched));

  const at::Tensor amounts = normalisation.physical(fields, 0, calendar::Calendar::standard)[1];
  EXPECT_GT(amounts.eq(0).sum().item<std::int64_t>(), 0);
  const at::Tensor scale = at::tensor({1.0, 0.25}, at::kDouble);
  CoarseSnapshots observed{2, {7}, at::zeros({1, 2, 2, 3}, at::kFloat)};
  observed.values[0][1].copy_(observation::BlockMean(2).apply(amounts) / 0.25);
  transformed.replace_observed(scale, observed);
  EXPECT_TRUE(at::allclose(observed.values[0][1], means[1], 1e-5, 1e-6)) << observed.values[0][1] << means[1];
}

TEST(TransformedSnapshots, TransformTheMean) {
  const Normalisation normalisation = with_transform("log:0.1");
  at::Tensor means = at::zeros({2, 2, 3}, at::kDouble);
  const at::Tensor fields = at::full({2, 4, 6}, 2.0, at::kDouble);
  TransformedSnapshots(normalisation, {}).replace_means(fields, 0, 2, means);
  const at::Tensor offset = normalisation.offset(0, calendar::Calendar::standard)[1];
  const at::Tensor amounts = (offset + 0.8 * 2).exp() - 0.1;
  const observation::BlockMean blocks(2);
  const at::Tensor expected = ((blocks.apply(amounts) + 0.1).log() - blocks.apply(offset)) / 0.8;
  EXPECT_TRUE(at::allclose(means[1], expected, 1e-12, 1e-12));
  EXPECT_TRUE(means[1].gt(2).all().item<bool>());  // a mean of amounts is above the amount of a mean
}

TEST(CoarseForm, ThatDoesNotFitIsRefused) {
  const grid::Grid grid = two_variables(anomalies_of_two_variables(), at::zeros({2, 9}, at::kDouble)).grid;
  const auto check = [&](const CoarseForm& form) { check_form(form, grid, 2); };
  EXPECT_NO_THROW(check({{1, 2}, {3, 6}, {0.5, 2}}));
  EXPECT_THAT([&] { check({{}, {6}, {1, 1}}); }, ThrowsMessage<core::Error>(HasSubstr("blocks: ")));
  EXPECT_THAT(
      [&] {
        check({{2}, {6, 3}, {1, 1}});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("every"), HasSubstr("[6, 3]"))));
  EXPECT_THAT(
      [&] {
        check({{4}, {6}, {1, 1}});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("4 x 4"), HasSubstr("4 x 6"))));
  EXPECT_THAT(
      [&] {
        check({{2}, {6}, {1}});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("scale"), HasSubstr("per variable, 2"))));
  EXPECT_THAT([&] { check({{2}, {6}, {1, 0}}); }, ThrowsMessage<core::Error>(HasSubstr("[1, 0]")));
  EXPECT_NO_THROW(check({{1}, {6}, {1, 1}, kCoarseRows}));
  EXPECT_THAT(
      [&] {
        check({{2}, {6}, {1, 1}, kCoarseRows});
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("blocks"), HasSubstr("row_sizes"))));
  EXPECT_THAT(
      [&] {
        check({{1}, {6}, {1, 1}, {4, 0, 4}});
      },
      ThrowsMessage<core::Error>(HasSubstr("row_sizes")));
}

}  // namespace
}  // namespace foehn::model::coarse_fields_test
