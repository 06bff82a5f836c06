#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace foehn::model {

/// A matrix between channels for every spatial mode, and its products with the spectra of windows.
///
/// On the host, matrices are read once for all windows of a call, sixteen modes at a time, and every element
/// of a product is the sum over channels in their order: its bits depend on neither the number of windows nor
/// their order, which those of a library's batched product do, at several times the cost for matrices as
/// small as these. On a device a loop over channels does the same in whole tensors.
class ModeMatrices {
 public:
  /// Modes that lie side by side in memory: a cache line of float32.
  static constexpr std::int64_t kModesPerBlock = 16;

  /// @param options  type (float32 or float64) and device
  ModeMatrices(std::int64_t modes, std::int64_t channels, const at::TensorOptions& options);

  /// @param first     the first mode to set, a multiple of kModesPerBlock
  /// @param matrices  [mode, channel out, channel in]; as many modes as a multiple of kModesPerBlock, or to
  ///                  the last
  void set(std::int64_t first, const at::Tensor& matrices);

  /// @param spectra   [window, channel, mode], of the matrices' type and device
  /// @param channels  that may hold anything but zeros, rising
  /// @return          the same shape
  at::Tensor product(const at::Tensor& spectra, const std::vector<std::int64_t>& channels) const;
  /// The same product as a device computes it.
  at::Tensor product_by_channel(const at::Tensor& spectra, const std::vector<std::int64_t>& channels) const;

 private:
  at::Tensor blocks_;  // [block, channel out, channel in, mode of the block]; zeros beyond the last mode
};

}  // namespace foehn::model
