#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "process.hpp"

namespace foehn::testing::globe_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Toy weather of the globe on O8, a day of it, and what cells of O4 see of it every 6 hours.
class Globe : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new io::TemporaryFolder;
    const Outcome outcome = run_foehn("synth", {{"grid.name", "O8"},
                                                {"time.hours", "25"},
                                                {"seed", "1"},
                                                {"output.path", truth()},
                                                {"observation.grid", "O4"},
                                                {"observation.every", "6"},
                                                {"output.coarse", observations()}});
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, HasSubstr("25 hours of psl, tas on O8 cells"));
    write_prior();
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string truth() { return *folder_ / "truth.nc"; }
  static std::string observations() { return *folder_ / "coarse.nc"; }
  static std::string prior() { return *folder_ / "prior"; }

  /// A network whose weights are 0: the fields are white noise to it, of unit size.
  static void write_prior() {
    const at::Tensor quantiles =
        at::stack({at::linspace(98000, 104600, 9, at::kDouble), at::linspace(250, 305, 9, at::kDouble)});
    const model::Domain domain{
        {{"psl", "air_pressure_at_mean_sea_level", "Pa"}, {"tas", "air_temperature", "K"}},
        grid::named_grid("O8"),
        calendar::Calendar::standard,
        3600,
        model::Normalisation::of_quantiles("quant95", quantiles),
        quantiles};
    const model::GraphTransformerArchitecture architecture{
        .window = 3, .variables = 2, .mesh_level = 0, .width = 8, .heads = 2, .layers = 1};
    model::NetworkPrior network;
    network.architecture = architecture;
    for (const auto& [name, shape] : model::expected_tensors(architecture))
      network.tensors[name] = at::zeros(shape);
    model::save_network_prior(prior(), domain, network,
                              diffusion::Edm{.sigma_min = 0.002, .sigma_max = 80, .sigma_data = 1});
  }

  static std::vector<float> read(const std::string& path, std::int64_t instant) {
    const io::FieldReader reader({path}, {});
    std::vector<float> values(2 * static_cast<std::size_t>(reader.grid().cells()));
    reader.read(instant, 1, values);
    return values;
  }

  static io::TemporaryFolder* folder_;
};
io::TemporaryFolder* Globe::folder_ = nullptr;

/// What cells of O4 see of fields on O8, [variable, cell].
std::vector<float> seen(const std::vector<float>& fields) {
  static const grid::CellsWithin kWithin = grid::cells_within(grid::named_grid("O8"), grid::named_grid("O4"));
  std::vector<float> means(2 * 208);
  for (std::size_t variable = 0; variable < 2; ++variable)
    kWithin.means.apply(std::span(fields).subspan(variable * 544, 544),
                        std::span(means).subspan(variable * 208, 208));
  return means;
}

TEST_F(Globe, HasACoarseTwinOfAreaMeans) {
  const std::vector<float> expected = seen(read(truth(), 12)), found = read(observations(), 2);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6 * expected[i]);
}

TEST_F(Globe, IsSampledAsCoarserCellsSay) {
  for (const int ranks : {0, 2}) {
    const std::filesystem::path output = *folder_ / ("members" + std::to_string(ranks));
    const Outcome outcome = run_foehn("sample",
                                      {{"prior.path", prior()},
                                       {"input.observations", observations()},
                                       {"observation.operator", "native"},
                                       {"observation.std", "20,0.2"},
                                       {"sampler.steps", "8"},
                                       {"ensemble.members", "1"},
                                       {"output.directory", output}},
                                      ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  const std::string member = *folder_ / "members0/member_000.nc";
  EXPECT_EQ(io::content_of(member), io::content_of(*folder_ / "members2/member_000.nc"));
  for (const std::int64_t observation : {0, 2, 4}) {
    const std::vector<float> found = seen(read(member, 6 * observation)),
                             expected = read(observations(), observation);
    double error = 0;
    for (std::size_t i = 0; i < 208; ++i) error += std::pow((found[i] - expected[i]) / 20, 2) / 208;
    EXPECT_LT(std::sqrt(error), 1.6) << "observation " << observation;
  }
}

/// Scores two members, which are other weather than the truth.
Options scored(const io::TemporaryFolder& folder, const std::string& truth, const std::string& observations) {
  for (const char* seed : {"2", "3"}) {
    const Outcome outcome =
        run_foehn("synth", {{"grid.name", "O8"},
                            {"time.hours", "25"},
                            {"seed", seed},
                            {"output.path", folder / (std::string("other_") + seed + ".nc")}});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
  }
  return {{"input.members", folder / "other_*.nc"},
          {"input.reference", truth},
          {"input.observations", observations},
          {"observation.operator", "native"},
          {"output.directory", folder / "scores"}};
}

TEST_F(Globe, IsScoredOnItsCells) {
  Options options = scored(*folder_, truth(), observations());
  for (const int ranks : {0, 2}) {
    options["output.directory"] = *folder_ / ("scores" + std::to_string(ranks));
    const Outcome outcome = run_foehn("evaluate", options, ranks);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("O8, 544 cells"), HasSubstr("on a grid of O4, 208 cells"),
                                   HasSubstr("not for lists of cells: structural similarity")));
  }
  for (const char* name : {"scores.json", "scores.nc", "maps.nc", "report.html"})
    EXPECT_EQ(io::content_of(*folder_ / "scores0" / name), io::content_of(*folder_ / "scores2" / name))
        << name;
  const auto json = nlohmann::json::parse(io::content_of(*folder_ / "scores0/scores.json"));
  const auto& psl = json.at("variables").at("psl");
  // Weather of 800 Pa that has nothing to do with the truth's.
  EXPECT_NEAR(psl.at("all_hours").at("rmse").get<double>(), 800 * std::sqrt(1.5), 250);
  EXPECT_LT(psl.at("all_hours").at("interpolation_rmse").get<double>(), 300);
  EXPECT_EQ(psl.at("spectra").at("degree").size(), 7U);
  if (!has_program("cdo")) return;
  const Outcome maps = run_command({"cdo", "-s", "sinfo", *folder_ / "scores0/maps.nc"});
  EXPECT_EQ(maps.exit_code, 0) << maps;
  EXPECT_THAT(maps.out, AllOf(HasSubstr("unstructured"), HasSubstr("points=544"))) << maps;
}

TEST_F(Globe, IsNotScoredAgainstOtherCells) {
  Options options = scored(*folder_, truth(), observations());
  options.erase("observation.operator");
  const Outcome as_blocks = run_foehn("evaluate", options);
  EXPECT_EQ(as_blocks.exit_code, 1) << as_blocks;
  EXPECT_THAT(as_blocks.err, HasSubstr("observation.operator native"));
  options["observation.operator"] = "native";
  options["input.reference"] = observations();
  const Outcome on_others = run_foehn("evaluate", options);
  EXPECT_EQ(on_others.exit_code, 1) << on_others;
  EXPECT_EQ(error_lines(on_others.err), 1) << on_others;
  EXPECT_THAT(on_others.err, AllOf(HasSubstr("coarse.nc"), HasSubstr("208 cells, expected 544")));
}

TEST_F(Globe, IsRefusedByWhatNeedsRows) {
  const auto expect_refused = [&](const std::string& subcommand, const Options& options, const char* why) {
    const Outcome outcome = run_foehn(subcommand, options);
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("without rows and columns"), HasSubstr(why)));
  };
  expect_refused("fit", {{"data.files", truth()}, {"prior.path", *folder_ / "fitted"}}, "cosine transform");
  expect_refused("train", {{"data.files", truth()}, {"prior.path", *folder_ / "trained"}}, "U-Net");
  expect_refused("coarsen", {{"input.file", truth()}, {"output.path", *folder_ / "blocks.nc"}},
                 "observation.operator native");
  Options prepare{{"input.files", truth()}, {"prior.path", prior()}, {"output.path", *folder_ / "made.nc"}};
  expect_refused("prepare", prepare, "observation.operator native");
}

TEST_F(Globe, IsDescribedByInfo) {
  const Outcome outcome = run_foehn("info", {}, 0, {prior()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("O8, 544 cells without rows and columns, on 16 circles of latitude"));
}

}  // namespace
}  // namespace foehn::testing::globe_test
