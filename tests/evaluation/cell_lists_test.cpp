#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>

#include "evaluation/picture.hpp"
#include "evaluation/ranks_in_turn.hpp"
#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/philox.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/evaluation/verify.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/rotation.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::cell_lists_test {
namespace {

using foehn::testing::on_ranks_in_turn;
using foehn::testing::shifted;
using foehn::testing::ToyField;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Three cells, in no rows, of areas 1, 2 and 3.
grid::Grid three_cells() {
  grid::UnstructuredCells cells;
  cells.centres = {{50, 51, 49}, {0, 2, 4}};
  cells.areas = {1e-3, 2e-3, 3e-3};
  return {{}, {}, std::nullopt, cells};
}

/// A plane through the globe's centre, tilted, and rising by the hour.
double plane_on(const grid::Grid& grid, double hour, std::int64_t cell) {
  const auto i = static_cast<std::size_t>(cell);
  const grid::Geographic& centres = grid.unstructured->centres;
  const double latitude = centres.latitude[i] * grid::kRadians,
               longitude = centres.longitude[i] * grid::kRadians;
  return std::sin(latitude) + std::cos(latitude) * std::cos(longitude) + hour;
}

/// A toy on O8, observed on the cells of O4 every 6 h.
struct OnO8 {
  TemporaryFolder folder;
  SourceFiles files;

  OnO8() {
    const grid::Grid fine = grid::named_grid("O8"), coarse = grid::named_grid("O4");
    const ToyField truth = [=](double hour, std::size_t, std::int64_t, std::int64_t x) {
      return plane_on(fine, hour, x);
    };
    for (std::uint64_t member = 0; member < 2; ++member) {
      const ToyField noisy = [=](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
        std::vector<double> noise(544);
        core::fill_normal<double>({member, 0, 0}, static_cast<std::uint32_t>(hour), noise);
        return truth(hour, variable, y, x) + 0.1 * noise[static_cast<std::size_t>(x)];
      };
      files.members.push_back(
          write_toy(folder / ("member_" + std::to_string(member) + ".nc"), noisy, {.grid = fine}));
    }
    files.reference = {write_toy(folder / "truth.nc", truth, {.grid = fine})};
    const ToyField seen = [=](double hour, std::size_t, std::int64_t, std::int64_t x) {
      return plane_on(coarse, hour, x);
    };
    files.observations = {
        write_toy(folder / "coarse.nc", seen, {.grid = coarse, .step_hours = 6, .steps = 3})};
    files.are_native = true;
  }

  std::string failure() const {
    try {
      open_sources(files);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST(CellLists, CountByArea) {
  const TemporaryFolder folder;
  const ToyFile file{.grid = three_cells()}, coarse{.grid = three_cells(), .step_hours = 6, .steps = 3};
  const ToyField truth = [](double, std::size_t, std::int64_t, std::int64_t) { return 0.0; };
  const auto errors = [](double error) {
    return [=](double, std::size_t, std::int64_t, std::int64_t x) { return error + static_cast<double>(x); };
  };
  SourceFiles files;
  files.members = {write_toy(folder / "a.nc", errors(0), file), write_toy(folder / "b.nc", errors(2), file)};
  files.reference = {write_toy(folder / "truth.nc", truth, file)};
  files.observations = {write_toy(folder / "coarse.nc", truth, coarse)};
  const Results results = verify(open_sources(files), {});
  const HourScores& scores = results.scores.front().all_hours;
  // The mean errs by 1, 2 and 3.
  EXPECT_NEAR(scores.ensemble.mean.bias, (1 * 1 + 2 * 2 + 3 * 3) / 6.0, 1e-6);
  EXPECT_NEAR(scores.ensemble.mean.rmse, std::sqrt((1 * 1 + 2 * 4 + 3 * 9) / 6.0), 1e-6);
  EXPECT_NEAR(scores.ensemble.spread.value(), std::sqrt(2), 1e-6);
  // One member meets the truth in the first cell: it lies below it with half of the cell's weight.
  EXPECT_NEAR(scores.ensemble.rank_histogram.front(), (0.5 * 1 + 2 + 3) / 6, 1e-6);
  EXPECT_TRUE(results.scores.front().spectra.members.empty());
  EXPECT_THAT(results.not_scored, ElementsAre(HasSubstr("not for lists of cells: structural similarity"),
                                              AllOf(HasSubstr("spectra"), HasSubstr("no rows"))));
  EXPECT_NO_THROW(report_html(results));
}

TEST(CellLists, AreScoredBesideObservationsOfOtherCells) {
  const OnO8 toy;
  const Results results = verify(open_sources(toy.files), {.observation_std = {0.1}});
  const VariableResults& scores = results.scores.front();
  // 2 members of noise 0.1: fair CRPS 0.1 E|z| - 0.1 E|z - z'|/2.
  EXPECT_NEAR(scores.all_hours.ensemble.fair_crps.value(),
              0.1 * std::sqrt(2 / std::numbers::pi) * (1 - std::sqrt(0.5)), 2e-3);
  // A plane is linear on the triangles but for their distance from the sphere.
  EXPECT_LT(scores.all_hours.interpolation.mae, 0.05);
  EXPECT_GT(scores.all_hours.interpolation.mae, 0);
  // A mean over about 2.6 cells of noise.
  EXPECT_NEAR(scores.agreement.rms, std::sqrt(1 / 2.6), 0.2);
  EXPECT_EQ(scores.agreement.missing_fraction, 0);
  // Both halves of the plane are of degree 1, of mean square 1/3 each.
  ASSERT_EQ(scores.spectra.degree.size(), 7U);
  EXPECT_NEAR(scores.spectra.truth[0], 2.0 / 3, 1e-6);
  EXPECT_NEAR(scores.spectra.truth[1], 0, 1e-10);
  // Noise of every cell by itself: as much in each coefficient as a cell's part of the sphere gives.
  EXPECT_NEAR(scores.spectra.members[6], 15 * 0.01 / 544, 0.4 * 15 * 0.01 / 544);

  const auto json = scores_json(results);
  EXPECT_EQ(json.at("grid_size"), nlohmann::json::array({544}));
  EXPECT_EQ(json.at("observation_cells"), 208);
  EXPECT_EQ(json.at("variables").at("tas").at("spectra").at("degree").size(), 7U);
  EXPECT_FALSE(json.at("variables").at("tas").contains("structural_similarity"));
  const std::string text = scores_text(results, false);
  EXPECT_THAT(text, AllOf(HasSubstr("O8, 544 cells"), HasSubstr("on a grid of O4, 208 cells"),
                          HasSubstr("not for lists of cells")));
  EXPECT_THAT(report_html(results),
              AllOf(HasSubstr("degree of spherical harmonics"), HasSubstr("class=\"coast\"")));
}

TEST(CellLists, GiveTheSameOnAnyNumberOfRanks) {
  const OnO8 toy;
  const Sources sources = open_sources(toy.files);
  const std::string alone = scores_json(verify(sources, {})).dump();
  for (const int size : {2, 3}) {
    const Results results =
        on_ranks_in_turn(size, [&](const Ranks& ranks) { return verify(sources, {}, ranks); });
    EXPECT_EQ(scores_json(results).dump(), alone) << size << " ranks";
  }
}

TEST(CellLists, AreRefusedBesideOtherCells) {
  OnO8 toy;
  const SourceFiles right = toy.files;
  const ToyField field = [](double, std::size_t, std::int64_t, std::int64_t) { return 0.0; };
  toy.files.reference = {write_toy(toy.folder / "other.nc", field, {.grid = grid::named_grid("O7")})};
  EXPECT_THAT(toy.failure(),
              AllOf(HasSubstr("reference"), HasSubstr("other.nc"), HasSubstr("448 cells, expected 544")));
  toy.files.reference = {write_toy(toy.folder / "rows.nc", field, {})};
  EXPECT_THAT(toy.failure(),
              AllOf(HasSubstr("rows.nc"), HasSubstr("8 x 12 (lat x lon), expected one of 544")));
  toy.files = right;
  toy.files.members.back() = write_toy(toy.folder / "rows.nc", field, {});
  EXPECT_THAT(toy.failure(),
              AllOf(HasSubstr("rows.nc"), HasSubstr("8 x 12 (lat x lon), expected one of 544")));
  toy.files = right;
  toy.files.are_native = false;
  EXPECT_THAT(toy.failure(), AllOf(HasSubstr("coarse.nc"), HasSubstr("observation.operator native")));
}

TEST(ObservedCells, MayBeOfAGridOfTheirOwn) {
  // Fine: 8 x 12 of a quarter of a degree from 50 N, 5 W; coarse: of half a degree, and larger.
  grid::Grid coarse = foehn::testing::toy_grid(7, 9);
  for (std::size_t y = 0; y < 7; ++y) coarse.y.values[y] = 49.125 + 0.5 * static_cast<double>(y);
  for (std::size_t x = 0; x < 9; ++x) coarse.x.values[x] = -5.875 + 0.5 * static_cast<double>(x);
  const grid::Grid fine = foehn::testing::toy_grid(8, 12);
  const ObservedCells cells(fine, coarse, grid::cells_within(fine, coarse));
  EXPECT_EQ(cells.block(), std::nullopt);
  EXPECT_TRUE(cells.can_interpolate());
  EXPECT_FALSE(cells.is_covered(0));
  EXPECT_TRUE(cells.is_covered(2 * 9 + 2));
  EXPECT_EQ(cells.holder_of(0), 2U * 9 + 2);
  std::vector<double> field(96), means(63), back(96);
  for (std::size_t i = 0; i < 96; ++i) field[i] = fine.y.values[i / 12] + 2 * fine.x.values[i % 12];
  cells.mean(std::span<const double>(field), means);
  EXPECT_TRUE(std::isnan(means.front()));
  EXPECT_NEAR(means[2 * 9 + 2], 50.125 - 2 * 4.875, 1e-3);  // rows are not of one area
  for (std::size_t i = 0; i < 63; ++i) means[i] = coarse.y.values[i / 9] + 2 * coarse.x.values[i % 9];
  cells.interpolate(means, back);
  for (std::size_t i = 0; i < 96; ++i) EXPECT_NEAR(back[i], field[i], 1e-9);
  means[2 * 9 + 2] = kNaN;
  cells.interpolate(means, back);
  EXPECT_TRUE(std::isnan(back[0]));
  EXPECT_NEAR(back[95], field[95], 1e-9);
}

TEST(Picture, ShowsTheNearestCell) {
  const grid::Grid globe = grid::named_grid("O8"), region = three_cells();
  const Picture whole(globe), part(region);
  std::vector<double> latitudes = whole.values(globe.unstructured->centres.latitude);
  ASSERT_EQ(latitudes.size(), 180U * 360);
  for (std::size_t i = 0; i < latitudes.size(); ++i)
    EXPECT_NEAR(latitudes[i], 89.5 - static_cast<double>(i / 360), 8) << i;
  const std::vector<double> places = part.values(std::vector<double>{1, 2, 3});
  for (const double cell : {1.0, 2.0, 3.0}) EXPECT_GT(std::count(places.begin(), places.end(), cell), 100);
  EXPECT_GT(std::count_if(places.begin(), places.end(), [](double place) { return std::isnan(place); }), 100);
  EXPECT_TRUE(std::is_sorted(part.shown().x.values.begin(), part.shown().x.values.end()));
  EXPECT_EQ(part.shown().y.values.front() > part.shown().y.values.back(), true);
}

}  // namespace
}  // namespace foehn::evaluation::cell_lists_test
