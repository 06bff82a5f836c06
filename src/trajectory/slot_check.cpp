#include "foehn/trajectory/slot_check.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/diffusion/noise.hpp"

namespace foehn::trajectory {

namespace {

/// What a denoiser makes of windows, all of which begin at the same hour.
struct Made {
  at::Tensor estimate, product;

  Made(diffusion::WindowDenoiser& denoiser, const diffusion::NoiseLevel& level, const at::Tensor& windows,
       const at::Tensor& cotangents, std::int64_t first_hour)
      : estimate(denoiser.noise_estimate(in_batch(windows, first_hour), level)),
        product(denoiser.noise_vjp(in_batch(windows, first_hour), level, cotangents)) {}

 private:
  static diffusion::Windows in_batch(const at::Tensor& windows, std::int64_t first_hour) {
    return {windows, std::vector<std::int64_t>(static_cast<std::size_t>(windows.size(0)), first_hour)};
  }
};

}  // namespace

void check_slots(diffusion::WindowDenoiser& windows, const diffusion::NoiseLevel& level,
                 at::IntArrayRef window, std::int64_t batch, const at::TensorOptions& options,
                 std::int64_t first_hour) {
  std::vector<std::int64_t> shape = window.vec();
  shape.insert(shape.begin(), batch);
  at::Tensor fields = at::empty(shape, options), cotangents = at::empty(shape, options);
  diffusion::fill_noise({.seed = 0, .draw = 0}, 0, fields);
  diffusion::fill_noise({.seed = 0, .draw = 1}, 0, cotangents);
  const Made expected(windows, level, fields, cotangents, first_hour);
  const auto check = [&](const char* how, const at::Tensor& order) {
    const Made found(windows, level, fields.index_select(0, order), cotangents.index_select(0, order),
                     first_hour);
    const bool is_same = at::equal(found.estimate, expected.estimate.index_select(0, order));
    if (is_same && at::equal(found.product, expected.product.index_select(0, order))) return;
    throw core::Error(fmt::format(
        "run.device: on {} the prior gives {} other last bits {}, so that results would depend on the number "
        "of ranks; use another sampler.batch than {}, another run.precision, or run.device cpu",
        options.device().str(), is_same ? "gradients" : "estimates", how, batch));
  };
  const at::Tensor places = at::arange(batch, options.dtype(at::kLong));
  check("when it is asked again", places);
  check("in another slot of a batch", places.roll(1));
  check("beside other neighbours", places.flip(0));
}

}  // namespace foehn::trajectory
