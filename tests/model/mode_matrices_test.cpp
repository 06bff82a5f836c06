#include "model/mode_matrices.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace foehn::model::mode_matrices_test {
namespace {

// Two whole blocks of modes and a part of one.
constexpr std::int64_t kModes = 2 * ModeMatrices::kModesPerBlock + 5, kChannels = 6, kWindows = 3;

class ModeMatricesOf : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    at::manual_seed(3);
    dense_ = at::randn({kModes, kChannels, kChannels}, GetParam());
    spectra_ = at::randn({kWindows, kChannels, kModes}, GetParam());
    // In two parts, as where there are too many for one.
    matrices_.set(0, dense_.narrow(0, 0, ModeMatrices::kModesPerBlock));
    matrices_.set(ModeMatrices::kModesPerBlock,
                  dense_.narrow(0, ModeMatrices::kModesPerBlock, kModes - ModeMatrices::kModesPerBlock));
  }
  at::Tensor expected() const { return at::einsum("moi,wim->wom", {dense_, spectra_}); }

  at::Tensor dense_, spectra_;
  ModeMatrices matrices_{kModes, kChannels, GetParam()};
};

TEST_P(ModeMatricesOf, MultiplyEachModeByItsOwn) {
  const at::Tensor found = matrices_.product(spectra_, {0, 1, 2, 3, 4, 5});
  EXPECT_TRUE(at::allclose(found, expected(), 1e-5, 1e-5));
}

TEST_P(ModeMatricesOf, NeedNotLookAtChannelsOfZeros) {
  for (const std::int64_t channel : {0, 2, 3, 5}) spectra_.select(1, channel).zero_();
  const at::Tensor found = matrices_.product(spectra_, {1, 4});
  EXPECT_TRUE(at::equal(found, matrices_.product(spectra_, {0, 1, 2, 3, 4, 5})));
  EXPECT_TRUE(at::allclose(found, expected(), 1e-5, 1e-5));
}

TEST_P(ModeMatricesOf, MultiplyAlikeOnADevice) {
  EXPECT_TRUE(
      at::allclose(matrices_.product_by_channel(spectra_, {0, 1, 2, 3, 4, 5}), expected(), 1e-5, 1e-5));
  spectra_.select(1, 3).zero_();
  EXPECT_TRUE(at::allclose(matrices_.product_by_channel(spectra_, {0, 1, 2, 4, 5}), expected(), 1e-5, 1e-5));
}

TEST_P(ModeMatricesOf, GiveTheSameBitsOnAnyNumberOfThreads) {
  // Enough for each of four threads, and a number of blocks that does not divide evenly among them.
  constexpr std::int64_t kManyModes = 70 * ModeMatrices::kModesPerBlock + 5, kManyChannels = 40;
  ModeMatrices matrices(kManyModes, kManyChannels, GetParam());
  matrices.set(0, at::randn({kManyModes, kManyChannels, kManyChannels}, GetParam()));
  const at::Tensor spectra = at::randn({kWindows, kManyChannels, kManyModes}, GetParam());
  std::vector<std::int64_t> channels(kManyChannels);
  std::iota(channels.begin(), channels.end(), 0);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = matrices.product(spectra, channels);
  at::set_num_threads(4);
  const at::Tensor together = matrices.product(spectra, channels);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(together, alone));
}

INSTANTIATE_TEST_SUITE_P(EveryType, ModeMatricesOf, ::testing::Values(at::kFloat, at::kDouble));

}  // namespace
}  // namespace foehn::model::mode_matrices_test
