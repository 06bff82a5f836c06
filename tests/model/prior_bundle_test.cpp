#include "foehn/model/prior_bundle.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/edm_denoiser.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/model/network_architecture.hpp"
#include "model/two_variables.hpp"

namespace foehn::model::prior_bundle_test {
namespace {

using diffusion::at_hour_zero;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class PriorBundleTest : public ::testing::Test {
 protected:
  PriorBundleTest() : folder_(std::filesystem::path(::testing::TempDir()) / "foehn_prior_bundle_test") {
    std::filesystem::remove_all(folder_);
    at::manual_seed(10);
    lags_ = at::zeros({3, 2, 2, 4, 6}, at::kDouble);
    for (const std::int64_t lag : {0, 1, 2})
      for (const std::int64_t variable : {0, 1}) lags_[lag][variable][variable] = std::pow(0.8, lag);
  }
  ~PriorBundleTest() override { std::filesystem::remove_all(folder_); }

  static Domain domain() {
    return two_variables(anomalies_of_two_variables(), at::randn({2, 9}, at::kDouble));
  }

  std::filesystem::path folder_;
  at::Tensor lags_;
};

TEST_F(PriorBundleTest, ComesBackAsItWasSaved) {
  const Domain saved = domain();
  save_gaussian_prior(folder_, saved, lags_, diffusion::VpCosine{.eta = 2e-3});
  const PriorBundle prior = load_prior(folder_, at::kDouble);
  EXPECT_EQ(prior.description.kind, "gaussian");
  EXPECT_EQ(prior.description.markov_order, 1);
  EXPECT_DOUBLE_EQ(prior.description.schedule.vp_cosine()->eta, 2e-3);
  EXPECT_EQ(prior.description.domain.variables, saved.variables);
  EXPECT_EQ(prior.description.domain.calendar, saved.calendar);
  EXPECT_EQ(prior.description.domain.step_seconds, 3600);
  EXPECT_FALSE(grid::difference(saved.grid, prior.description.domain.grid));
  EXPECT_TRUE(at::equal(prior.description.domain.normalisation.scale(), saved.normalisation.scale()));
  EXPECT_TRUE(at::equal(prior.description.domain.quantiles, saved.quantiles));
  EXPECT_TRUE(at::equal(prior.description.domain.normalisation.climatology()->at(7200, saved.calendar),
                        saved.normalisation.climatology()->at(7200, saved.calendar)));
}

TEST_F(PriorBundleTest, ChangesItsDigestWithItsContent) {
  save_gaussian_prior(folder_, domain(), lags_, {});
  const std::string before = prior_digest(folder_);
  EXPECT_EQ(prior_digest(folder_), before);
  save_gaussian_prior(folder_, domain(), lags_ * 1.0000001, {});
  EXPECT_NE(prior_digest(folder_), before);
}

TEST_F(PriorBundleTest, IsRefusedOnAGridWithoutRows) {
  Domain list = domain();
  list.grid = grid::reduced_gaussian_grid(std::vector<std::int64_t>{6, 6, 6, 6});
  list.quantiles = std::get<0>(list.quantiles.sort(1));
  list.normalisation = Normalisation::of_quantiles("quant95", list.quantiles);
  save_gaussian_prior(folder_, list, lags_.reshape({3, 2, 2, 1, 24}), {});
  EXPECT_THAT([&] { load_prior(folder_, at::kFloat); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("domain.nc"), HasSubstr("without rows"))));
}

TEST_F(PriorBundleTest, NamesWhatIsMissing) {
  EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(HasSubstr("domain.nc")));
  save_gaussian_prior(folder_, domain(), lags_, {});
  std::filesystem::remove(folder_ / "weights.safetensors");
  EXPECT_THAT([&] { load_prior(folder_, at::kFloat); },
              ThrowsMessage<core::Error>(HasSubstr("weights.safetensors")));
}

class DamagedWeights : public PriorBundleTest {
 protected:
  /// Saves a prior whose weights say what is given.
  void save(const std::string& kind, const std::string& architecture, const std::string& schedule,
            const std::string& tensor, const at::Tensor& values) {
    save_gaussian_prior(folder_, domain(), lags_, {});
    const io::TensorView view{io::TensorType::f64,
                              values.sizes().vec(),
                              {static_cast<const std::byte*>(values.data_ptr()),
                               static_cast<std::size_t>(values.numel()) * sizeof(double)}};
    io::write_safetensors(
        folder_ / "weights.safetensors", {{tensor, view}},
        {{"foehn.kind", kind}, {"foehn.architecture", architecture}, {"foehn.schedule", schedule}});
  }
  static constexpr const char* kGoodArchitecture = R"({"window": 3, "variables": ["psl", "uas"]})";
  static constexpr const char* kGoodSchedule = R"({"name": "vp-cosine", "eta": 0.001})";
  void expect_message(const ::testing::Matcher<const std::string&>& message) {
    EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(message));
  }
};

TEST_F(DamagedWeights, AreRefusedWithWhatIsWrong) {
  save("gaussian", kGoodArchitecture, kGoodSchedule, "lag_covariance", lags_);
  EXPECT_NO_THROW(load_prior(folder_, at::kFloat));
  save("pickle", kGoodArchitecture, kGoodSchedule, "lag_covariance", lags_);
  expect_message(AllOf(HasSubstr("foehn.kind"), HasSubstr("'pickle'")));
  save("gaussian", "{", kGoodSchedule, "lag_covariance", lags_);
  expect_message(HasSubstr("foehn.architecture"));
  save("gaussian", R"({"window": 5, "variables": ["psl", "uas"]})", kGoodSchedule, "lag_covariance", lags_);
  expect_message(
      AllOf(HasSubstr("lag_covariance"), HasSubstr("[5, 2, 2, 4, 6]"), HasSubstr("[3, 2, 2, 4, 6]")));
  save("gaussian", R"({"window": 4, "variables": ["psl", "uas"]})", kGoodSchedule, "lag_covariance", lags_);
  expect_message(AllOf(HasSubstr("window"), HasSubstr("4")));
  save("gaussian", R"({"window": 3, "variables": ["psl", "tas"]})", kGoodSchedule, "lag_covariance", lags_);
  expect_message(AllOf(HasSubstr("psl, tas"), HasSubstr("psl, uas")));
  save("gaussian", kGoodArchitecture, R"({"name": "vp-cosine", "eta": 1})", "lag_covariance", lags_);
  expect_message(AllOf(HasSubstr("foehn.schedule"), HasSubstr("eta"), HasSubstr("found 1")));
  save("gaussian", kGoodArchitecture, R"({"name": "linear"})", "lag_covariance", lags_);
  expect_message(AllOf(HasSubstr("foehn.schedule"), HasSubstr("'edm'"), HasSubstr("'linear'")));
  const auto edm = [&](const std::string& numbers) {
    save("gaussian", kGoodArchitecture, R"({"name": "edm", )" + numbers + "}", "lag_covariance", lags_);
  };
  edm(R"("sigma_min": 0.002, "sigma_max": 80, "sigma_data": 1)");
  EXPECT_NO_THROW(load_prior(folder_, at::kFloat));
  edm(R"("sigma_min": 0.002, "sigma_max": 80)");
  expect_message(AllOf(HasSubstr("metadata"), HasSubstr("sigma_data")));
  edm(R"("sigma_min": 2, "sigma_max": 1, "sigma_data": 1)");
  expect_message(AllOf(HasSubstr("sigma_min < sigma_max"), HasSubstr("found 2 and 1")));
  edm(R"("sigma_min": 0.002, "sigma_max": 80, "sigma_data": 0)");
  expect_message(AllOf(HasSubstr("sigma_data"), HasSubstr("positive")));
  save("gaussian", kGoodArchitecture, kGoodSchedule, "covariance", lags_);
  expect_message(HasSubstr("lag_covariance"));
  save("gaussian", kGoodArchitecture, kGoodSchedule, "lag_covariance", lags_ * std::nan(""));
  expect_message(HasSubstr("not finite"));
}

class ScoreUnetBundle : public PriorBundleTest {
 protected:
  static constexpr const char* kArchitecture =
      R"({"window": 3, "variables": ["psl", "uas"], "hidden": [4, 6], "blocks": [1, 1], "attention": [1],
          "embedding": 8})";
  static ScoreUnetArchitecture architecture() {
    return {
        .window = 3, .variables = 2, .hidden = {4, 6}, .blocks = {1, 1}, .attention = {1}, .embedding = 8};
  }

  /// Saves a prior of these tensors.
  void save(const std::map<std::string, at::Tensor>& tensors,
            const std::string& architecture_json = kArchitecture) {
    std::filesystem::create_directories(folder_);
    write_domain(folder_ / "domain.nc", domain());
    std::map<std::string, io::TensorView> views;
    for (const auto& [name, tensor] : tensors) {
      views[name] = {type_of(tensor),
                     tensor.sizes().vec(),
                     {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}};
    }
    io::write_safetensors(folder_ / "weights.safetensors", views,
                          {{"foehn.kind", "score-unet"},
                           {"foehn.architecture", architecture_json},
                           {"foehn.schedule", R"({"name": "vp-cosine", "eta": 0.001})"}});
  }
  /// Both ways of reading a prior refuse it alike.
  void expect_message(const ::testing::Matcher<const std::string&>& message) {
    EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(message));
    EXPECT_THAT([&] { describe_prior(folder_); }, ThrowsMessage<core::Error>(message));
  }

  static io::TensorType type_of(const at::Tensor& tensor) {
    if (tensor.scalar_type() == at::kHalf) return io::TensorType::f16;
    if (tensor.scalar_type() == at::kBFloat16) return io::TensorType::bf16;
    if (tensor.scalar_type() == at::kLong) return io::TensorType::i64;
    return io::TensorType::f32;
  }

  std::map<std::string, at::Tensor> tensors_ = random_tensors(architecture(), 41);
};

TEST_F(ScoreUnetBundle, HoldsWeightsOfAnyFloatingType) {
  const at::Tensor windows = at::randn({2, 6, 4, 6});
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.5);
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (auto& [name, tensor] : tensors_) tensor = tensor.to(type);
    save(tensors_);
    const PriorBundle prior = load_prior(folder_, at::kFloat);
    EXPECT_EQ(prior.description.kind, "score-unet");
    EXPECT_EQ(prior.description.markov_order, 1);
    ScoreUnet expected(architecture(), tensors_, at::kFloat);
    EXPECT_TRUE(at::equal(prior.denoiser->noise_estimate(at_hour_zero(windows), level),
                          expected.noise_estimate(at_hour_zero(windows), level)))
        << type;
  }
}

TEST_F(ScoreUnetBundle, IsDescribedWithoutItsWeights) {
  save(tensors_);
  const PriorDescription description = describe_prior(folder_);
  EXPECT_EQ(description.kind, "score-unet");
  ASSERT_TRUE(description.network);
  EXPECT_EQ(*description.network, NetworkArchitecture(architecture()));
}

TEST_F(ScoreUnetBundle, NamesEveryTensorThatDoesNotFit) {
  auto damaged = tensors_;
  damaged.erase("map_layer0.bias");
  damaged["unet.heads.0.weight"] = at::zeros({4, 6, 5, 5});
  damaged["optimiser.step"] = at::zeros({1});
  save(damaged);
  expect_message(AllOf(HasSubstr("weights.safetensors"),
                       HasSubstr("'map_layer0.bias' is missing, expected [8]"),
                       HasSubstr("'unet.heads.0.weight': expected [4, 6, 3, 3], found [4, 6, 5, 5]"),
                       HasSubstr("'optimiser.step' [1] does not belong")));
  damaged = tensors_;
  damaged["map_layer0.bias"] = at::zeros({8}, at::kLong);
  save(damaged);
  expect_message(AllOf(HasSubstr("map_layer0.bias"), HasSubstr("I64")));
  damaged["map_layer0.bias"] = at::full({8}, std::nan(""), at::kFloat);
  save(damaged);
  EXPECT_THAT([&] { load_prior(folder_, at::kFloat); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("map_layer0.bias"), HasSubstr("not finite"))));
}

TEST_F(ScoreUnetBundle, RefusesAnArchitectureThatDoesNotMatch) {
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string json = kArchitecture;
    save(tensors_, json.replace(json.find(from), from.size(), to));
  };
  with("[4, 6]", "[4, 8]");
  expect_message(HasSubstr("'unet.descent.1.0.residue.1.weight': expected [8, 8, 3, 3], found [6, 6, 3, 3]"));
  with(R"("attention": [1])", R"("attention": [])");
  expect_message(HasSubstr("'unet.descent.1.1.qkv.weight' [18, 6, 1] does not belong"));
  with(R"("window": 3)", R"("window": 2)");
  expect_message(AllOf(HasSubstr("window"), HasSubstr("odd")));
  with(R"("window": 3)", R"("window": 5)");
  expect_message(HasSubstr("'unet.heads.0.weight': expected [4, 10, 3, 3], found [4, 6, 3, 3]"));
  with(R"("uas")", R"("vas")");
  expect_message(AllOf(HasSubstr("psl, vas"), HasSubstr("psl, uas")));
  with(R"("hidden": [4, 6], "blocks": [1, 1])", R"("hidden": [4, 6, 6], "blocks": [1, 1, 1])");
  expect_message(AllOf(HasSubstr("multiples of 4"), HasSubstr("4 x 6")));
  with(R"("blocks": [1, 1])", R"("blocks": [1])");
  expect_message(AllOf(HasSubstr("foehn.architecture"), HasSubstr("blocks")));
  with(R"("embedding": 8)", R"("embedded": 8)");
  expect_message(HasSubstr("embedding"));
  with(R"("hidden": [4, 6])", R"("hidden": "wide")");
  expect_message(HasSubstr("metadata"));
}

class ConditionalBundle : public PriorBundleTest {
 protected:
  ConditionalBundle() {
    prior_.tensors = random_tensors(expected_tensors(prior_.architecture), 5);
    prior_.coarse = CoarseForm{{1, 2}, {3, 6}, {1.25, 7}};
  }
  void save(const diffusion::Schedule& schedule = diffusion::Edm{}) {
    save_network_prior(folder_, domain(), prior_, schedule);
  }
  void expect_message(const ::testing::Matcher<const std::string&>& message) {
    EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(message));
  }

  NetworkPrior prior_{.architecture = ScoreUnetArchitecture{.window = 3,
                                                            .variables = 2,
                                                            .hidden = {4, 6},
                                                            .blocks = {1, 1},
                                                            .attention = {1},
                                                            .embedding = 8,
                                                            .inputs = 2,
                                                            .extra_inputs = 7},
                      .tensors = {},
                      .lag_covariance = {},
                      .coarse = {},
                      .remarks = {}};
};

TEST_F(ConditionalBundle, ComesBackAsItWasSaved) {
  save();
  const PriorBundle prior = load_prior(folder_, at::kFloat);
  EXPECT_EQ(prior.description.kind, "conditional-residual");
  EXPECT_EQ(prior.description.coarse, prior_.coarse);
  EXPECT_EQ(*prior.description.network, prior_.architecture);
  EXPECT_EQ(prior.gaussian, nullptr);
  ASSERT_NE(prior.conditional, nullptr);
  EXPECT_EQ(prior.conditional, prior.denoiser.get());
  EXPECT_EQ(prior.conditional->form(), *prior_.coarse);
  const NetworkBundle network = load_network(folder_);
  for (const auto& [name, tensor] : prior_.tensors)
    EXPECT_TRUE(at::equal(network.tensors.at(name), tensor)) << name;
}

TEST_F(ConditionalBundle, IsRefusedWhereItsPartsDoNotFit) {
  save({});
  expect_message(AllOf(HasSubstr("foehn.schedule"), HasSubstr("edm")));
  prior_.coarse->blocks = {4};
  save();
  expect_message(AllOf(HasSubstr("foehn.coarse"), HasSubstr("4 x 4"), HasSubstr("4 x 6")));
  prior_.coarse = CoarseForm{{2}, {6}, {1}};
  save();
  expect_message(AllOf(HasSubstr("foehn.coarse"), HasSubstr("scale")));
  prior_.coarse->scale = {1, 1};
  std::get<ScoreUnetArchitecture>(prior_.architecture).extra_inputs = 6;
  prior_.tensors = random_tensors(expected_tensors(prior_.architecture), 5);
  save();
  expect_message(AllOf(HasSubstr("extra_inputs"), HasSubstr("expected 7, found 6")));
}

TEST_F(ConditionalBundle, OfFieldsThatDoNotConserveMeansIsRefused) {
  save();
  const std::filesystem::path weights = folder_ / "weights.safetensors";
  {
    const io::SafetensorsFile file(weights);
    auto metadata = file.metadata();
    metadata["foehn.coarse"] = R"({"blocks": [1, 2], "every": [3, 6], "scale": [1.25, 7]})";  // of 0.6.0
    io::write_safetensors(folder_ / "old", file.tensors(), metadata);
  }
  std::filesystem::rename(folder_ / "old", weights);
  expect_message(AllOf(HasSubstr("weights.safetensors"), HasSubstr("foehn.coarse"), HasSubstr("before 0.7.0"),
                       HasSubstr("train it again")));
}

TEST_F(ConditionalBundle, BringsItsStaticFieldsAlong) {
  auto& architecture = std::get<ScoreUnetArchitecture>(prior_.architecture);
  architecture.static_fields = {"orography", "mask"};
  architecture.form = NetworkForm::adm;
  prior_.tensors = random_tensors(expected_tensors(prior_.architecture), 5);
  prior_.static_fields = at::randn({2, 4, 6});
  prior_.as_float16 = true;
  save();
  const PriorBundle prior = load_prior(folder_, at::kFloat);
  EXPECT_EQ(prior.description.network, prior_.architecture);
  EXPECT_TRUE(at::equal(prior.conditional->network().static_fields(), prior_.static_fields));
  EXPECT_FALSE(load_network(folder_).tensors.contains("static_fields"));
  prior_.static_fields = at::randn({1, 4, 6});
  save();
  expect_message(AllOf(HasSubstr("static_fields"), HasSubstr("[2, 4, 6]"), HasSubstr("[1, 4, 6]")));
  prior_.static_fields = at::Tensor();
  save();
  expect_message(HasSubstr("static_fields"));
}

TEST_F(ConditionalBundle, IsLentNoGaussianPart) {
  save();
  PriorFiles files(folder_);
  EXPECT_THAT([&] { files.lend(GaussianPart{}); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("conditional-residual"), HasSubstr("covariance"))));
}

class GraphBundle : public PriorBundleTest {
 protected:
  /// On a grid of the globe, of 6 x 8 cells.
  static Domain globe() {
    Domain made = domain();
    for (grid::Axis* axis : {&made.grid.y, &made.grid.x}) axis->values.clear();
    for (int y = 0; y < 6; ++y) made.grid.y.values.push_back(75 - 30 * y);
    for (int x = 0; x < 8; ++x) made.grid.x.values.push_back(45 * x);
    made.quantiles = std::get<0>(made.quantiles.sort(1));
    made.normalisation = Normalisation::of_quantiles("quant95", made.quantiles);
    return made;
  }
  void save(const Domain& domain, const diffusion::Schedule& schedule = diffusion::Edm{}) {
    prior_.tensors = random_tensors(expected_tensors(prior_.architecture), 5);
    save_network_prior(folder_, domain, prior_, schedule);
  }
  void expect_message(const ::testing::Matcher<const std::string&>& message) {
    EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(message));
  }

  NetworkPrior prior_{.architecture = GraphTransformerArchitecture{.window = 3,
                                                                   .variables = 2,
                                                                   .mesh_level = 0,
                                                                   .width = 8,
                                                                   .heads = 2,
                                                                   .layers = 1,
                                                                   .dates = true},
                      .tensors = {},
                      .lag_covariance = {},
                      .coarse = {},
                      .remarks = {}};
};

TEST_F(GraphBundle, ComesBackAsItWasSaved) {
  save(globe());
  const PriorBundle prior = load_prior(folder_, at::kFloat);
  EXPECT_EQ(prior.description.kind, "graph-transformer");
  EXPECT_EQ(*prior.description.network, prior_.architecture);
  EXPECT_EQ(prior.description.markov_order, 1);
  EXPECT_EQ(prior.gaussian, nullptr);
  ASSERT_NE(prior.network, nullptr);
  for (const auto& [name, tensor] : prior_.tensors)
    EXPECT_TRUE(at::equal(prior.network->tensors().at(name), tensor)) << name;
  prior.set_clock({});
  at::manual_seed(3);
  const at::Tensor windows = at::randn({2, 6, 6, 8});
  const diffusion::NoiseLevel level = prior.description.schedule.at(-0.2);
  EdmDenoiser expected(make_network(prior_.architecture, prior_.tensors,
                                    graph_on(globe().grid, prior_.architecture), at::kFloat),
                       prior.description.schedule.edm()->sigma_data);
  expected.network().set_clock({});
  EXPECT_TRUE(at::equal(prior.denoiser->noise_estimate(at_hour_zero(windows), level),
                        expected.noise_estimate(at_hour_zero(windows), level)));
}

TEST_F(GraphBundle, IsRefusedWhereItsPartsDoNotFit) {
  save(globe(), {});
  expect_message(AllOf(HasSubstr("foehn.schedule"), HasSubstr("edm"), HasSubstr("graph-transformer")));
  save(domain());
  expect_message(AllOf(HasSubstr("domain.nc"), HasSubstr("level 0"), HasSubstr("cover the globe")));
  auto& architecture = std::get<GraphTransformerArchitecture>(prior_.architecture);
  architecture.mesh_level = 2;
  save(globe());
  expect_message(AllOf(HasSubstr("domain.nc"), HasSubstr("level 2"), HasSubstr("48 cells")));
  architecture.mesh_level = 0;
  architecture.inputs = 2;
  save(globe());
  expect_message(AllOf(HasSubstr("foehn.architecture"), HasSubstr("inputs: expected 1, found 2")));
}

TEST_F(GraphBundle, MayBeGivenCoarseFieldsAndStaticOnes) {
  auto& architecture = std::get<GraphTransformerArchitecture>(prior_.architecture);
  architecture.inputs = 2;
  architecture.extra_inputs = 7;
  architecture.static_fields = {"orography"};
  prior_.static_fields = at::randn({1, 6, 8});
  prior_.coarse = CoarseForm{{1}, {3, 6}, {1.25, 7}, {3, 5, 5, 3}};
  save(globe());
  const PriorBundle prior = load_prior(folder_, at::kFloat);
  EXPECT_EQ(prior.description.kind, "conditional-residual");
  EXPECT_EQ(*prior.description.network, prior_.architecture);
  EXPECT_EQ(prior.description.coarse, prior_.coarse);
  ASSERT_NE(prior.conditional, nullptr);
  EXPECT_TRUE(at::equal(prior.network->static_fields(), prior_.static_fields));
  prior_.coarse->blocks = {2};
  save(globe());
  expect_message(AllOf(HasSubstr("foehn.coarse"), HasSubstr("row_sizes")));
}

class LongerGaussianPart : public PriorBundleTest {
 protected:
  LongerGaussianPart() {
    longer_ = at::zeros({5, 2, 2, 4, 6}, at::kDouble);
    for (const std::int64_t lag : {0, 1, 2, 3, 4})
      for (const std::int64_t variable : {0, 1}) longer_[lag][variable][variable] = std::pow(0.8, lag);
    prior_.tensors = random_tensors(expected_tensors(prior_.architecture), 5);
  }
  void save(const at::Tensor& lag_covariance) {
    prior_.lag_covariance = lag_covariance;
    save_network_prior(folder_, domain(), prior_, {});
  }

  at::Tensor longer_;
  NetworkPrior prior_{.architecture = ScoreUnetArchitecture{.window = 3,
                                                            .variables = 2,
                                                            .hidden = {4, 6},
                                                            .blocks = {1, 1},
                                                            .attention = {1},
                                                            .embedding = 8,
                                                            .inputs = 2},
                      .tensors = {},
                      .lag_covariance = {},
                      .coarse = {},
                      .remarks = {}};
  const diffusion::NoiseLevel level_ = diffusion::VpCosine{}.at(0.5);
};

TEST_F(LongerGaussianPart, LeavesTheNetworkToCorrectItsOwnHours) {
  const at::Tensor windows = at::randn({2, 6, 4, 6});
  save(longer_.narrow(0, 0, 3));
  const at::Tensor expected =
      load_prior(folder_, at::kFloat).denoiser->noise_estimate(at_hour_zero(windows), level_);
  EXPECT_EQ(describe_prior(folder_).gaussian_order, 1);

  save(longer_);
  const PriorDescription description = describe_prior(folder_);
  EXPECT_EQ(description.markov_order, 1);
  EXPECT_EQ(description.gaussian_order, 2);
  const PriorBundle prior = load_prior(folder_, at::kFloat);
  EXPECT_TRUE(at::equal(prior.denoiser->noise_estimate(at_hour_zero(windows), level_), expected));
  const at::Tensor longer_windows = at::randn({2, 10, 4, 6});
  EXPECT_TRUE(
      at::equal(prior.gaussian->noise_estimate(at_hour_zero(longer_windows), level_),
                GaussianPrior(longer_, at::kFloat).noise_estimate(at_hour_zero(longer_windows), level_)));
}

TEST_F(LongerGaussianPart, IsNoShorterThanTheNetworksWindow) {
  save(longer_.narrow(0, 0, 1));
  EXPECT_THAT([&] { describe_prior(folder_); },
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("gaussian_window"), HasSubstr("from 3"), HasSubstr("found 1"))));
}

TEST_F(PriorBundleTest, RefusesATruncatedDomain) {
  save_gaussian_prior(folder_, domain(), lags_, {});
  std::filesystem::resize_file(folder_ / "domain.nc", 900);
  EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(HasSubstr("domain.nc")));
}

}  // namespace
}  // namespace foehn::model::prior_bundle_test
