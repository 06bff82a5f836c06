// The way from Anemoi's diffusion downscaler to foehn: tools/import_anemoi.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foehn/model/conditional_residual.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "io/test_files.hpp"
#include "process.hpp"

namespace foehn::testing::import_anemoi_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kSource = fs::path(FOEHN_TEST_REFERENCE) / "../..";

/// Debian's own Python, unless FOEHN_PYTHON names another.
std::string python() {
  const char* chosen = std::getenv("FOEHN_PYTHON");
  return chosen == nullptr ? "/usr/bin/python3" : chosen;
}

/// A prior of one hour of psl and tas on 6 x 8 cells of the globe, without weights of any meaning.
std::map<std::string, at::Tensor> write_like(const fs::path& folder) {
  const at::Tensor quantiles = at::linspace(0, 1, 9, at::kDouble).expand({2, 9}).contiguous();
  const grid::Grid grid{{"lat", "latitude", "degrees_north", {75, 45, 15, -15, -45, -75}},
                        {"lon", "longitude", "degrees_east", {0, 45, 90, 135, 180, 225, 270, 315}},
                        {}};
  const model::Domain domain{
      {{"psl", "air_pressure_at_mean_sea_level", "Pa"}, {"tas", "air_temperature", "K"}},
      grid,
      calendar::Calendar::standard,
      3600,
      model::Normalisation::of_quantiles("quant95", quantiles),
      quantiles};
  model::GraphTransformerArchitecture network{
      .window = 1, .variables = 2, .mesh_level = 0, .width = 8, .heads = 2, .layers = 2, .inputs = 2};
  network.extra_inputs = model::ConditionalResidual::extra_inputs(1);
  network.static_fields = {"lsm"};
  model::NetworkPrior prior{.architecture = network,
                            .tensors = model::random_tensors(model::expected_tensors(network), 5),
                            .lag_covariance = {},
                            .coarse = model::CoarseForm{{2}, {6}, {1, 1}},
                            .static_fields = at::rand({1, 6, 8}),
                            .remarks = {{"foehn.trained_steps", "1"}}};
  model::save_network_prior(folder, domain, prior, diffusion::Edm{});
  return prior.tensors;
}

class ImportAnemoi : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run_command({python(), "-c", "import numpy"}).exit_code != 0)
      GTEST_SKIP() << "no NumPy for Python here (Debian: python3-numpy)";
    tensors_ = write_like(folder_ / "like");
    const Outcome made =
        run_command({python(), "-B", (kSource / "tests/integration/make_anemoi.py").string(), folder_ / ""});
    ASSERT_EQ(made.exit_code, 0) << made;
  }
  Outcome run_import(const std::string& weights, const std::string& channels = "channels.txt",
                     const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{python(),           (kSource / "tools/import_anemoi").string(),
                                   folder_ / weights,  "--like",
                                   folder_ / "like",   "--channels",
                                   folder_ / channels, "--output",
                                   folder_ / "prior"};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words);
  }

  io::TemporaryFolder folder_;
  std::map<std::string, at::Tensor> tensors_;
};

TEST_F(ImportAnemoi, GivesEveryTensorItsPlace) {
  const Outcome imported = run_import("good.safetensors");
  ASSERT_EQ(imported.exit_code, 0) << imported;
  EXPECT_THAT(imported.err, HasSubstr("edge_attr"));
  const model::PriorBundle prior = model::load_prior(folder_ / "prior", at::kFloat);
  for (const auto& [name, tensor] : tensors_) {
    at::Tensor expected = tensor * 2;
    // What Anemoi's network does not know it ignores: gaps and blocks of coarse fields.
    if (name == "data_in.weight" || name == "data_out.weight") expected.narrow(1, 4, 3).zero_();
    EXPECT_TRUE(at::equal(prior.network->tensors().at(name), expected)) << name;
  }
  const Outcome again = run_import("good.safetensors");
  EXPECT_EQ(again.exit_code, 1) << again;
  EXPECT_THAT(again.err, HasSubstr("a prior is there already"));
}

TEST_F(ImportAnemoi, NamesWhatDoesNotFitAndWritesNothing) {
  const auto expect_refused = [&](const std::string& weights, const std::string& channels, const auto& why) {
    const Outcome refused = run_import(weights, channels);
    EXPECT_EQ(refused.exit_code, 1) << refused;
    EXPECT_THAT(refused.err, why);
    EXPECT_FALSE(fs::exists(folder_ / "prior"));
  };
  expect_refused(
      "shape.safetensors", "channels.txt",
      AllOf(HasSubstr("'encoder.proc.lin_key.weight'"), HasSubstr("expected [8, 8], found [8, 3]")));
  expect_refused("missing.safetensors", "channels.txt",
                 AllOf(HasSubstr("nothing becomes 'encoder.key.weight', expected [8, 8]")));
  expect_refused("surplus.safetensors", "channels.txt",
                 HasSubstr("'processor_graph_provider.trainable.trainable' [5, 8] has no counterpart"));
  expect_refused("period.safetensors", "channels.txt", HasSubstr("expected 1000^(-i/16)"));
  expect_refused("good.safetensors", "insolation.txt",
                 AllOf(HasSubstr("'insolation' has no counterpart"), HasSubstr("'coarse psl' is missing")));
  const Outcome told = run_import("surplus.safetensors", "channels.txt", {"--leave-out", "*trainable"});
  EXPECT_EQ(told.exit_code, 0) << told;
}

}  // namespace
}  // namespace foehn::testing::import_anemoi_test
