#include "foehn/evaluation/report.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <png.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "evaluation/page.hpp"
#include "evaluation/plots.hpp"
#include "evaluation/toy_files.hpp"
#include "evaluation/verdict.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::report_test {
namespace {

using foehn::testing::toy_grid;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

HourScores row(double fair_crps) {
  HourScores scores;
  scores.hours = 4;
  scores.ensemble.mean = {1.5, 2, -0.25};
  scores.ensemble.fair_crps = fair_crps;
  scores.ensemble.spread = 1;
  scores.ensemble.rank_histogram = {0.25, 0.5, 0.25};
  scores.interpolation = {3, 4, 0.5};
  return scores;
}

/// Two members of one variable on 4 x 4 cells, observed every second hour by blocks of 2.
Results made_up() {
  Results results;
  results.variables = {{"tas", "air_temperature", "K"}};
  results.grid = toy_grid(4, 4);
  results.block = 2;
  results.members = 2;
  results.hours = 7;
  results.first_time = "2019-03-26T00:00:00";
  results.last_time = "2019-03-26T06:00:00";
  results.period = 2;
  VariableResults scores;
  scores.all_hours = row(0.75);
  scores.by_hours_since_observation = {row(0.5), row(1)};
  scores.by_hours_since_observation[1].ensemble.spread_skill = 0.875;
  for (HourScores& each : scores.by_hours_since_observation) each.ensemble.debiased_spread_skill = 0.875;
  scores.all_hours.ensemble.spread_skill = 0.75;
  scores.observed_hours = row(0.5);
  scores.hours_between = row(1);
  scores.increments = {{1, 2, 3, 0.5}, {2, 1, 1.5, 0.25}};
  scores.seam = {2, 2.5};
  scores.agreement = {0.5, 1.25, -0.125};
  scores.spectrum = {{8, 4}, {1, 0.9}, {0.8, 0.1}, 0.05, {}};
  results.scores = {scores};
  const std::vector<double> field = {280, 281, 282, 283, 284, 285, 286, 287,
                                     288, 289, 290, 291, 292, 293, 294, 295};
  ExampleHour hour;
  hour.time = "2019-03-26T03:00:00";
  hour.observation_time = "2019-03-26T02:00:00";
  hour.observation = {280, 281, 282, 283};
  hour.interpolation = hour.truth = field;
  hour.members = {field, field};
  results.event = {"a storm", 0, {hour}};
  results.cells = {{std::vector<double>(16, -0.25), field, field, std::vector<double>(16, 0.5), field}};
  SeriesPoint point;
  point.latitude = -50.25;
  point.longitude = 4.5;
  point.members = {{1, 2, 3}, {2, 3, 4}};
  point.truth = point.interpolation = {1, 3, 2};
  results.series = {{"2019-03-26T00:00:00", {point, point}, {0, 2}, {1.5, 2.5}}};
  results.provenance = {{"members", "a/member_000.nc"}};
  return results;
}

TEST(ScoresJson, HoldsScoresWithTheirUnits) {
  const auto json = scores_json(made_up());
  const auto& tas = json.at("variables").at("tas");
  EXPECT_EQ(tas.at("units"), "K");
  EXPECT_EQ(tas.at("score_units").at("fair_crps"), "K");
  EXPECT_EQ(tas.at("score_units").at("spread_skill_ratio"), "1");
  EXPECT_EQ(tas.at("all_hours").at("fair_crps"), 0.75);
  EXPECT_EQ(tas.at("hours_between").at("fair_crps"), 1);
  EXPECT_EQ(tas.at("increments").at("seam").at("members"), 2.5);
  EXPECT_EQ(tas.at("increments").at("by_hours_since_observation")[1].at("members"), 1.5);
  EXPECT_EQ(tas.at("by_hours_since_observation")[1].at("hours_since_observation"), 1);
  EXPECT_EQ(tas.at("by_hours_since_observation")[1].at("fair_crps"), 1);
  EXPECT_EQ(tas.at("observation_agreement").at("rms"), 1.25);
  EXPECT_EQ(tas.at("observation_agreement").at("units"), "1");
}

TEST(ScoresJson, LeavesOutWhatIsNotDefined) {
  const auto json = scores_json(made_up());
  const auto& rows = json.at("variables").at("tas").at("by_hours_since_observation");
  EXPECT_FALSE(rows[0].contains("spread_skill_ratio"));
  EXPECT_TRUE(rows[1].contains("spread_skill_ratio"));
  EXPECT_FALSE(rows[0].contains("anomaly_interpolation_mae"));
}

TEST(ScoresJson, NamesAScoreThatIsNotFinite) {
  auto results = made_up();
  results.scores[0].all_hours.interpolation.rmse = std::numeric_limits<double>::infinity();
  try {
    scores_json(results);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("variables.tas.all_hours.interpolation_rmse"));
  }
}

TEST(ScoresText, HasOneRowAnHourAndAllOfThem) {
  const std::string text = scores_text(made_up(), true);
  EXPECT_THAT(text, HasSubstr("tas (air_temperature) [K]"));
  EXPECT_THAT(text, HasSubstr("\n        0      4       0.5       1.5         2     -0.25         1         "
                              "-         3         4\n"));
  EXPECT_THAT(text, HasSubstr("\n      all      4      0.75"));
  EXPECT_THAT(text, HasSubstr("rms 1.250, mean -0.125 standard deviations (0.5 K)"));
  EXPECT_THAT(text, Not(HasSubstr("anomaly")));
}

TEST(ScoresText, ShowsAllHoursWithIntervalsFirst) {
  auto results = made_up();
  results.scores[0].all_hours.intervals["fair_crps"] = {0.5, 1};
  const std::string text = scores_text(results, false);
  EXPECT_THAT(text, HasSubstr("\nfair CRPS                        0.75 (0.5 to 1)\n"));
  EXPECT_THAT(text, HasSubstr("\nspectra: log ratio                          0.05\n"));
  EXPECT_THAT(text, Not(HasSubstr("since obs")));
}

TEST(ScoresText, SaysWhenThereIsOneMemberOnly) {
  auto results = made_up();
  results.members = 1;
  for (auto* scores : {&results.scores[0].all_hours, &results.scores[0].by_hours_since_observation[0],
                       &results.scores[0].by_hours_since_observation[1]}) {
    scores->ensemble.fair_crps = scores->ensemble.spread = scores->ensemble.spread_skill = std::nullopt;
  }
  results.scores[0].agreement.standard_deviation = std::nullopt;
  const std::string text = scores_text(results, false);
  EXPECT_THAT(text, HasSubstr("1 member (its MAE stands for the CRPS"));
  EXPECT_THAT(text, HasSubstr("rms 1.25 K"));
}

TEST(ScoresNetcdf, CanBeReadBack) {
  const TemporaryFolder folder;
  write_scores_netcdf(folder / "scores.nc", made_up());
  const auto file = io::NetcdfFile::open(folder / "scores.nc");
  const auto read = [&](const std::string& name) { return file.read_doubles(file.variable(name)); };
  EXPECT_THAT(read("hours_since_observation"), ElementsAre(0, 1));
  EXPECT_THAT(read("tas_fair_crps"), ElementsAre(0.5, 1));
  EXPECT_THAT(read("tas_fair_crps_all_hours"), ElementsAre(0.75));
  EXPECT_THAT(read("tas_rank_histogram"), ElementsAre(0.25, 0.5, 0.25));
  EXPECT_THAT(read("tas_spectrum_ratio"), ElementsAre(1, 0.9));
  EXPECT_THAT(read("tas_observation_agreement_rms"), ElementsAre(1.25));
  EXPECT_EQ(file.variable("tas_fair_crps").text("units"), "K");
  const auto ratio = file.variable("tas_spread_skill_ratio");
  EXPECT_THAT(file.read_doubles(ratio), ElementsAre(ratio.number("_FillValue").value(), 0.875));
}

TEST(ScoresNetcdf, LeavesNothingWhereItCannotBeWritten) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "scores.nc");
  EXPECT_THROW(write_scores_netcdf(folder / "scores.nc", made_up()), core::Error);
  EXPECT_FALSE(std::filesystem::exists(folder / ".scores.nc.part"));
  EXPECT_THROW(write_scores_netcdf(folder / "absent/scores.nc", made_up()), core::Error);
}

TEST(ReportHtml, IsOnePageWithTablesChartsAndMaps) {
  auto results = made_up();
  results.variables[0].name = "<tas>";
  const std::string html = report_html(results);
  EXPECT_THAT(html, HasSubstr("<h2 id=\"v0\">&lt;tas&gt; (air_temperature) [K]</h2>"));
  for (const char* part :
       {"<svg", "error [K]", "Rank histogram", "PIT histogram", "Spread over error", "Scores by cell",
        "ensemble spread", "The strongest event: a storm", "input of 03-26T02:00", "member 2",
        "At 50.25° S, 4.50° E", "a/member_000.nc", "prefers-color-scheme: dark", "@media print"})
    EXPECT_THAT(html, HasSubstr(part));
  // Every picture is in the page.
  EXPECT_THAT(html, Not(HasSubstr("src=\"http")));
  EXPECT_THAT(html, Not(HasSubstr("href=\"http")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr(">nan")), Not(HasSubstr(" nan"))));
}

TEST(ReportHtml, SaysInWordsWhatIsGoodAndWhatIsNot) {
  auto results = made_up();
  HourScores& all = results.scores[0].all_hours;
  all.ensemble.debiased_spread_skill = 0.5;
  all.interpolation.mae = 1;
  const std::string html = report_html(results);
  EXPECT_THAT(
      html,
      HasSubstr("<li class=\"poor\"><b>poor</b><span>tas: members spread 0.50 times as much as they err, too "
                "little"));
  EXPECT_THAT(
      html,
      HasSubstr(
          "<li class=\"good\"><b>good</b><span>tas: the fair CRPS is 75 % of the error of interpolated"));
  EXPECT_LT(html.find("<b>poor</b>"), html.find("<b>good</b>"));
  EXPECT_THAT(scores_text(results, false), HasSubstr("  poor  tas: members spread 0.50 times"));
}

/// The red, green and blue of an image element's pixels, row by row.
std::vector<std::uint8_t> pixels_of(const std::string& element) {
  const std::string marker = "base64,";
  const auto first = element.find(marker) + marker.size();
  const std::string text = element.substr(first, element.find('"', first) - first);
  std::vector<std::uint8_t> bytes(text.size());
  EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()), 0) << image.message;
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0) << image.message;
  return pixels;
}

/// Numbers by hour of the day of a variable with instants every 6 h.
TrajectoryStatistic six_hourly_cycle() {
  TrajectoryStatistic cycle;
  cycle.variable = "tas";
  cycle.name = "daily_cycle";
  cycle.abscissa = "hour_of_day";
  for (int hour = 0; hour < 24; ++hour) {
    cycle.at.push_back(hour);
    cycle.members.push_back(hour % 6 == 0 ? 280 + hour : std::numeric_limits<double>::quiet_NaN());
  }
  cycle.lowest = cycle.highest = cycle.interpolation = cycle.members;
  return cycle;
}

TEST(TrajectoryCharts, JoinTheHoursOfTheDayThatHaveInstants) {
  Results results = made_up();
  results.trajectories = {six_hourly_cycle()};
  EXPECT_THAT(trajectory_charts(results, "tas"),
              ContainsRegex("d=\"M[0-9. ]*L[0-9. ]*L[0-9. ]*L[0-9. ]*\" fill=\"none\""));
}

TEST(TrajectoryCharts, ShowTheDensityOfTheCoarseInput) {
  Results results = made_up();
  TrajectoryStatistic quantiles;
  quantiles.variable = "tas";
  quantiles.name = "quantile";
  quantiles.abscissa = "quantile_level";
  quantiles.at = {0.25, 0.5, 0.75};
  quantiles.members = quantiles.lowest = quantiles.highest = {280, 282, 285};
  results.trajectories = {quantiles};
  EXPECT_THAT(trajectory_charts(results, "tas"), Not(HasSubstr("coarse input")));
  results.trajectories.front().observations = {281, 282, 284};
  EXPECT_THAT(trajectory_charts(results, "tas"), HasSubstr("coarse input"));
}

TEST(PointCharts, CountLongitudesFromGreenwichToBothSides) {
  Results results = made_up();
  results.series.front().points.front().longitude = 297.5;
  EXPECT_THAT(point_charts(results, 0), HasSubstr("62.50° W"));
}

TEST(ScoreCharts, HaveTicksAtWholeMonths) {
  Results results = made_up();
  results.scores.front().by_month = std::vector<HourScores>(12);
  results.scores.front().by_month[0] = results.scores.front().by_month[1] = row(1);
  EXPECT_THAT(score_charts(results, 0), AllOf(HasSubstr("month of the year"), Not(HasSubstr(">1.2<"))));
}

TEST(Summary, SaysHowLongStepsAre) {
  Results results = made_up();
  EXPECT_THAT(scores_text(results, false), HasSubstr("7 hours"));
  results.step_hours = 6;
  EXPECT_THAT(scores_text(results, false), HasSubstr("7 steps of 6 h"));
}

TEST(MapFigure, PutsTheNorthAboveAndTheScalesEndsInDarkAndLight) {
  auto grid = toy_grid(2, 1);
  const std::vector<double> field = {0, 1};
  const auto dark = ElementsAre(68, 1, 84, 253, 231, 37);
  const auto light = ElementsAre(253, 231, 37, 68, 1, 84);
  EXPECT_THAT(pixels_of(map_figure("map", field, grid, {0, 1})), light);
  std::swap(grid.y.values[0], grid.y.values[1]);
  EXPECT_THAT(pixels_of(map_figure("map", field, grid, {0, 1})), dark);
}

TEST(MapFigure, IsGreyWhereAValueIsMissing) {
  const std::vector<double> field = {std::nan(""), 1};
  EXPECT_THAT(pixels_of(map_figure("map", field, toy_grid(2, 1), {0, 1})),
              ElementsAre(253, 231, 37, 190, 190, 190));
}

TEST(MapFigure, GoesFromBlueOverWhiteToRedForDifferences) {
  const std::vector<double> field = {-1, 1};
  EXPECT_THAT(pixels_of(map_figure("map", field, toy_grid(2, 1), {-1, 1}, ColourScale::diverging)),
              ElementsAre(103, 0, 31, 5, 48, 97));
}

/// Great Britain's coast crosses a domain around it, from its north-western corner; none crosses one
/// in the middle of the Sahara.
TEST(CoastlinePath, LiesWhereCoastsAre) {
  const std::string path = coastline_path(toy_grid(20, 40), 40, 20);  // 50 to 54.75 N, 5 W to 4.75 E
  EXPECT_THAT(path, HasSubstr("M"));
  grid::Grid sahara = toy_grid(4, 4);
  for (double& latitude : sahara.y.values) latitude -= 27;
  for (double& longitude : sahara.x.values) longitude += 10;
  EXPECT_EQ(coastline_path(sahara, 4, 4), "");
}

/// Nothing but where it is drawn depends on how longitudes are counted or which way latitudes run.
TEST(CoastlinePath, KnowsLongitudesModuloATurn) {
  grid::Grid shifted = toy_grid(20, 40), flipped = toy_grid(20, 40);
  for (double& longitude : shifted.x.values) longitude += 360;
  std::reverse(flipped.y.values.begin(), flipped.y.values.end());
  EXPECT_EQ(coastline_path(shifted, 40, 20), coastline_path(toy_grid(20, 40), 40, 20));
  EXPECT_EQ(coastline_path(flipped, 40, 20), coastline_path(toy_grid(20, 40), 40, 20));
  // Around Fiji, across the date line, counted on or with a jump.
  grid::Grid fiji = toy_grid(20, 40);
  for (double& latitude : fiji.y.values) latitude -= 70;
  for (double& longitude : fiji.x.values) longitude += 180;
  grid::Grid with_jump = fiji;
  for (double& longitude : with_jump.x.values) longitude -= longitude > 180 ? 360 : 0;
  EXPECT_THAT(coastline_path(fiji, 40, 20), HasSubstr("M"));
  EXPECT_EQ(coastline_path(with_jump, 40, 20), coastline_path(fiji, 40, 20));
}

TEST(LineChart, PassesOverWhatIsNoNumber) {
  const std::string svg = line_chart({"errors", "hours [h]", "error [K]"}, std::vector<double>{0, 1, 2},
                                     {{"a", Role::members, {std::nan(""), 0.4, 0.35}}});
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, HasSubstr(">0.4<"));
}

TEST(LineChart, LeavesOutWhatALogarithmCannotShow) {
  const std::string svg = line_chart({.title = "power",
                                      .x_label = "wavelength [cells]",
                                      .y_label = "power [K2]",
                                      .has_logarithmic_x = true,
                                      .has_logarithmic_y = true},
                                     std::vector<double>{1, 10, 100}, {{"a", Role::truth, {0, 10, 1000}}});
  EXPECT_THAT(svg,
              AllOf(HasSubstr(">10<"), HasSubstr(">1000<"), Not(HasSubstr("inf")), Not(HasSubstr("nan"))));
}

TEST(LineChart, IsEmptyWithoutNumbers) {
  EXPECT_EQ(line_chart({"errors", "hours [h]", "error [K]"}, std::vector<double>{0, 1},
                       {{"a", Role::members, {std::nan(""), std::nan("")}}}),
            "");
}

TEST(LineChart, LabelsItsAxesAndCurves) {
  const std::string svg = line_chart({"errors", "hours [h]", "error [K]"}, std::vector<double>{0, 1, 2},
                                     {{"a & b", Role::members, {0.1, 0.4, 0.35}}});
  for (const char* part : {"errors", "hours [h]", "error [K]", "a &amp; b", ">0.4<"})
    EXPECT_THAT(svg, HasSubstr(part));
}

TEST(Verdicts, OfWindPowerAreOfThePeriodAsAWhole) {
  Results results;
  results.variables = {{"uas", "eastward_wind", "m s-1"}};
  results.scores.resize(1);
  results.scores[0].all_hours = row(4);
  TrajectoryStatistic capacity;
  capacity.variable = "wind_power";
  capacity.name = "capacity_factor";
  capacity.units = "1";
  capacity.members = {0.6};
  capacity.truth = {0.59};
  results.trajectories = {capacity};
  EXPECT_THAT(verdicts_text(results),
              AllOf(HasSubstr("uas: only in part - poor in skill"),
                    HasSubstr("wind power: yes - good in the one respect looked at; over the period as a "
                              "whole, not hour by hour")));
}

TEST(Verdicts, DoNotJudgeAgreementWithObservationsOfOthers) {
  Results results = made_up();
  EXPECT_THAT(verdicts_text(results), HasSubstr("standard deviations of the observation error"));
  results.were_drawn_from_observations = false;
  results.doubts = {"member_000.nc was drawn from other files"};
  EXPECT_THAT(verdicts_text(results),
              AllOf(Not(HasSubstr("standard deviations of the observation error")),
                    Not(HasSubstr("jumps at")), HasSubstr("note: member_000.nc was drawn from other files")));
  results.scores.clear();
  results.variables.clear();
  EXPECT_THAT(verdicts_text(results), HasSubstr("nothing here says so"));
}

TEST(Verdicts, NameTheScaleAtWhichPowerDiffersMost) {
  Results results = made_up();
  results.scores[0].spectrum = {{16, 8, 4}, {1.1, 0.25, 0.5}, {1, 1, 1}, 0.7, {}};
  EXPECT_THAT(verdicts_text(results), HasSubstr("too smooth; 0.25 times at 8 cells"));
}

TEST(BarChart, CountsMembersUnderItsBars) {
  const std::string svg = bar_chart({.title = "ranks",
                                     .x_label = "members below",
                                     .y_label = "frequency [1]",
                                     .is_x_in_whole_numbers = true},
                                    std::vector<double>{0.25, 0.5, 0.25}, -0.5, 2.5);
  for (const char* tick : {">0<", ">1<", ">2<"}) EXPECT_THAT(svg, HasSubstr(tick));
  EXPECT_THAT(svg, Not(HasSubstr(">3<")));
}

}  // namespace
}  // namespace foehn::evaluation::report_test
