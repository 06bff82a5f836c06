#include "foehn/bench/timing.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "foehn/core/heartbeat.hpp"

namespace foehn::bench {

namespace {

/// A case that has taken this long is measured well enough.
constexpr double kEnoughSeconds = 5;

double seconds_of_call(const std::function<at::Tensor()>& work) {
  const auto start = std::chrono::steady_clock::now();
  core::beat();
  const at::Tensor result = work();
  // A GPU still computes after the call has returned; asking for a value waits for it.
  result.flatten()[0].item<double>();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double matrix_product_rate(const at::TensorOptions& options, std::int64_t repeats) {
  // Large enough to fill the device.
  const std::int64_t size = options.device().is_cpu() ? 2048 : 8192;
  const at::Tensor a = at::randn({size, size}, options), b = at::randn({size, size}, options);
  const double operations = 2.0 * static_cast<double>(size * size * size);
  return operations / time_calls(repeats, [&] { return at::mm(a, b); }).seconds;
}

double convolution_rate(const at::TensorOptions& options, std::int64_t repeats) {
  constexpr std::int64_t kChannels = 128, kSide = 128, kKernel = 3;
  double best = 0;
  for (const std::int64_t batch : {1, 4}) {
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const at::Tensor fields = at::randn({batch, kChannels, kSide, kSide}, options).contiguous(format);
      const at::Tensor weight =
          at::randn({kChannels, kChannels, kKernel, kKernel}, options).contiguous(format);
      const double operations =
          2.0 * static_cast<double>(batch * kChannels * kChannels * kKernel * kKernel * kSide * kSide);
      const Timing timing = time_calls(repeats, [&] { return at::conv2d(fields, weight, {}, 1, 1); });
      best = std::max(best, operations / timing.seconds);
    }
  }
  return best;
}

}  // namespace

Timing time_calls(std::int64_t repeats, const std::function<at::Tensor()>& work) {
  seconds_of_call(work);
  std::vector<double> seconds;
  for (double total = 0; static_cast<std::int64_t>(seconds.size()) < repeats && total < kEnoughSeconds;
       total += seconds.back()) {
    seconds.push_back(seconds_of_call(work));
  }
  return {median(seconds), static_cast<std::int64_t>(seconds.size())};
}

Peaks measure_peaks(const at::TensorOptions& options, model::Precision precision, std::int64_t repeats) {
  const at::NoGradGuard no_gradients;
  const model::ConvolutionArithmetic arithmetic(precision);
  const at::TensorOptions factors =
      precision == model::Precision::bf16 ? options.dtype(at::kBFloat16) : options;
  return {matrix_product_rate(factors, repeats), convolution_rate(factors, repeats)};
}

}  // namespace foehn::bench
