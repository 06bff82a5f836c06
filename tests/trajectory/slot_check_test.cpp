#include "foehn/trajectory/slot_check.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "foehn/core/error.hpp"

namespace foehn::trajectory::slot_check_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// A denoiser whose bits may depend on what they should not.
class Biased : public diffusion::WindowDenoiser {
 public:
  enum class By { nothing, slot, neighbour, call, slot_in_gradients };
  explicit Biased(By by) : by_(by) {}

  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel&) override {
    const at::Tensor& x = noisy.fields;
    const at::Tensor slots = at::arange(x.size(0)).reshape({-1, 1, 1, 1});
    if (by_ == By::slot) return x * (1 + 1e-6 * slots);
    if (by_ == By::neighbour) return x + 1e-6 * x.roll(1, 0);
    if (by_ == By::call) return x * (1 + 1e-6 * static_cast<double>(++calls_));
    return x * 0.5;
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel&,
                       const at::Tensor& cotangent) override {
    const at::Tensor slots = at::arange(noisy.fields.size(0)).reshape({-1, 1, 1, 1});
    return by_ == By::slot_in_gradients ? cotangent * (1 + 1e-6 * slots) : cotangent * 0.5;
  }

 private:
  By by_;
  int calls_ = 0;
};

void check(Biased::By by) {
  Biased denoiser(by);
  check_slots(denoiser, {0.5, 0.5, 0.8}, {6, 4, 5}, 4, at::kFloat);
}

TEST(Slots, AreCheckedForBitsThatDependOnThem) {
  using enum Biased::By;
  EXPECT_NO_THROW(check(nothing));
  const auto says = [](const char* what) { return ThrowsMessage<core::Error>(HasSubstr(what)); };
  EXPECT_THAT([] { check(slot); }, says("estimates other last bits in another slot of a batch"));
  EXPECT_THAT([] { check(neighbour); }, says("estimates other last bits beside other neighbours"));
  EXPECT_THAT([] { check(call); }, says("estimates other last bits when it is asked again"));
  EXPECT_THAT([] { check(slot_in_gradients); }, says("gradients other last bits in another slot of a batch"));
  EXPECT_THAT([] { check(slot); }, says("use another sampler.batch than 4"));
}

}  // namespace
}  // namespace foehn::trajectory::slot_check_test
