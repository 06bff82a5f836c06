#include "foehn/diffusion/noise_level.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "foehn/io/safetensors.hpp"

namespace foehn::diffusion::noise_level_test {
namespace {

std::vector<double> numbers(const io::TensorView& view) {
  std::vector<double> values(view.bytes.size() / sizeof(double));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

TEST(VpCosine, GoesFromCleanFieldsToNoise) {
  const VpCosine schedule;
  EXPECT_DOUBLE_EQ(schedule.at(0).mu, 1);
  EXPECT_NEAR(schedule.at(0).sigma, schedule.eta, 1e-15);
  EXPECT_NEAR(schedule.at(1).mu, schedule.eta, 1e-15);
  EXPECT_NEAR(schedule.at(1).sigma, 1, 1e-12);
}

TEST(VpCosine, AgreesWithTheReferenceVectors) {
  const io::SafetensorsFile file(FOEHN_TEST_REFERENCE "/schedule.safetensors");
  const auto t = numbers(file.tensor("t")), mu = numbers(file.tensor("mu")),
             sigma = numbers(file.tensor("sigma"));
  const VpCosine schedule{.eta = std::stod(file.metadata_value("eta"))};
  ASSERT_FALSE(t.empty());
  for (std::size_t i = 0; i < t.size(); ++i) {
    EXPECT_NEAR(schedule.at(t[i]).mu, mu[i], 1e-12);
    EXPECT_NEAR(schedule.at(t[i]).sigma, sigma[i], 1e-12);
  }
}

}  // namespace
}  // namespace foehn::diffusion::noise_level_test
