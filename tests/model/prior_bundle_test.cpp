#include "foehn/model/prior_bundle.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"

namespace foehn::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class PriorBundleTest : public testing::Test {
 protected:
  PriorBundleTest() : folder_(std::filesystem::path(testing::TempDir()) / "foehn_prior_bundle_test") {
    std::filesystem::remove_all(folder_);
    at::manual_seed(10);
    lags_ = at::zeros({3, 2, 2, 4, 6}, at::kDouble);
    for (const std::int64_t lag : {0, 1, 2})
      for (const std::int64_t variable : {0, 1}) lags_[lag][variable][variable] = std::pow(0.8, lag);
  }
  ~PriorBundleTest() override { std::filesystem::remove_all(folder_); }

  static Domain domain() {
    grid::Grid grid{{"lat", "latitude", "degrees_north", {58, 57.75, 57.5, 57.25}},
                    {"lon", "longitude", "degrees_east", {-3, -2.75, -2.5, -2.25, -2, -1.75}},
                    std::nullopt};
    return {{{"psl", "air_pressure_at_mean_sea_level", "Pa"}, {"uas", "eastward_wind", "m s-1"}},
            grid,
            calendar::Calendar::noleap,
            3600,
            Climatology(harmonics_for(3600, 5 * 86400), at::randn({5, 2, 4, 6}, at::kDouble)),
            at::tensor({700.0, 4.0}, at::kDouble),
            at::randn({2, 9}, at::kDouble)};
  }

  std::filesystem::path folder_;
  at::Tensor lags_;
};

TEST_F(PriorBundleTest, ComesBackAsItWasSaved) {
  const Domain saved = domain();
  save_gaussian_prior(folder_, saved, lags_, {.eta = 2e-3});
  const PriorBundle prior = load_prior(folder_, at::kDouble);
  EXPECT_EQ(prior.kind, "gaussian");
  EXPECT_EQ(prior.markov_order, 1);
  EXPECT_DOUBLE_EQ(prior.schedule.eta, 2e-3);
  EXPECT_EQ(prior.domain.variables, saved.variables);
  EXPECT_EQ(prior.domain.calendar, saved.calendar);
  EXPECT_EQ(prior.domain.step_seconds, 3600);
  EXPECT_FALSE(grid::difference(saved.grid, prior.domain.grid));
  EXPECT_TRUE(at::equal(prior.domain.scale, saved.scale));
  EXPECT_TRUE(at::equal(prior.domain.quantiles, saved.quantiles));
  EXPECT_TRUE(at::equal(prior.domain.climatology.at(7200, saved.calendar),
                        saved.climatology.at(7200, saved.calendar)));
}

TEST_F(PriorBundleTest, NormalisesAndComesBack) {
  const Domain some = domain();
  const at::Tensor physical = at::randn({2, 4, 6}, at::kDouble) * 100;
  const at::Tensor normalised = some.normalise(physical, 3 * 3600, calendar::Calendar::noleap);
  EXPECT_TRUE(
      at::allclose(some.physical(normalised, 3 * 3600, calendar::Calendar::noleap), physical, 1e-12, 1e-9));
  // A block mean of normalised fields is the normalised block mean: what lets coarse data guide normalised
  // fields.
  const auto block_mean = [](const at::Tensor& fine) {
    return fine.reshape({2, 2, 2, 3, 2}).mean(at::IntArrayRef{2, 4});
  };
  EXPECT_TRUE(
      at::allclose(some.block_mean(2).normalise(block_mean(physical), 3 * 3600, calendar::Calendar::noleap),
                   block_mean(normalised), 1e-9, 1e-9));
}

TEST_F(PriorBundleTest, ChangesItsDigestWithItsContent) {
  save_gaussian_prior(folder_, domain(), lags_, {});
  const std::string before = prior_digest(folder_);
  EXPECT_EQ(prior_digest(folder_), before);
  save_gaussian_prior(folder_, domain(), lags_ * 1.0000001, {});
  EXPECT_NE(prior_digest(folder_), before);
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
  void expect_message(const testing::Matcher<const std::string&>& message) {
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
  save("gaussian", kGoodArchitecture, R"({"name": "edm", "eta": 1})", "lag_covariance", lags_);
  expect_message(HasSubstr("edm"));
  save("gaussian", kGoodArchitecture, kGoodSchedule, "covariance", lags_);
  expect_message(HasSubstr("lag_covariance"));
  save("gaussian", kGoodArchitecture, kGoodSchedule, "lag_covariance", lags_ * std::nan(""));
  expect_message(HasSubstr("not finite"));
}

TEST_F(PriorBundleTest, RefusesATruncatedDomain) {
  save_gaussian_prior(folder_, domain(), lags_, {});
  std::filesystem::resize_file(folder_ / "domain.nc", 900);
  EXPECT_THAT([&] { load_prior(folder_, at::kFloat); }, ThrowsMessage<core::Error>(HasSubstr("domain.nc")));
}

}  // namespace
}  // namespace foehn::model
