#include "model/mode_matrices.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

namespace foehn::model {

namespace {

constexpr std::int64_t kLanes = ModeMatrices::kModesPerBlock;
// Multiplications that are worth a thread of their own: many times what it costs to start one.
constexpr std::int64_t kLeastPerThread = 1'000'000;

std::int64_t blocks_of(std::int64_t modes) {
  return (modes + kLanes - 1) / kLanes;
}

/// The modes of one block, in the channels that count, of one window: read in full for every channel out.
template <class Real>
struct Column {
  std::vector<Real> values;  // [channel that counts, lane]

  void read(const Real* spectrum, std::int64_t modes, std::int64_t block,
            const std::vector<std::int64_t>& channels) {
    const std::int64_t first = block * kLanes, count = std::min(kLanes, modes - first);
    for (std::size_t i = 0; i < channels.size(); ++i)
      std::copy_n(spectrum + channels[i] * modes + first, count,
                  values.data() + i * static_cast<std::size_t>(kLanes));
  }
};

/// Products of blocks [begin, end) of modes.
/// @param column  to work in
template <class Real>
void multiply_some(const at::Tensor& blocks, std::int64_t begin, std::int64_t end, const at::Tensor& spectra,
                   const std::vector<std::int64_t>& channels, Column<Real>& column, at::Tensor& products) {
  const std::int64_t windows = spectra.size(0), size = spectra.size(1), modes = spectra.size(2);
  const Real* matrix = blocks.data_ptr<Real>() + begin * size * size * kLanes;
  const Real* spectrum = spectra.data_ptr<Real>();
  Real* product = products.data_ptr<Real>();
  for (std::int64_t block = begin; block < end; ++block, matrix += size * size * kLanes) {
    const std::int64_t first = block * kLanes, count = std::min(kLanes, modes - first);
    for (std::int64_t window = 0; window < windows; ++window) {
      column.read(spectrum + window * size * modes, modes, block, channels);
      for (std::int64_t out = 0; out < size; ++out) {
        std::array<Real, kLanes> sum{};
        const Real* values = column.values.data();
        for (const std::int64_t in : channels) {
          const Real* row = matrix + (out * size + in) * kLanes;
          for (std::int64_t lane = 0; lane < kLanes; ++lane)
            sum[static_cast<std::size_t>(lane)] += row[lane] * values[lane];
          values += kLanes;
        }
        std::copy_n(sum.data(), count, product + (window * size + out) * modes + first);
      }
    }
  }
}

/// Blocks are computed apart from each other, so that bits do not depend on the threads that share them.
/// Threads of our own: at::parallel_for is a template of its header, which runs on one thread unless this
/// file is compiled with OpenMP.
template <class Real>
void multiply(const at::Tensor& blocks, const at::Tensor& spectra, const std::vector<std::int64_t>& channels,
              at::Tensor& products) {
  const std::int64_t count = blocks.size(0);
  const std::int64_t multiplications =
      spectra.numel() * static_cast<std::int64_t>(channels.size());  // by a row for each number out
  const std::int64_t parts = std::clamp<std::int64_t>(multiplications / kLeastPerThread, 1,
                                                      std::min<std::int64_t>(at::get_num_threads(), count));
  std::vector<Column<Real>> columns(static_cast<std::size_t>(parts),
                                    {std::vector<Real>(channels.size() * static_cast<std::size_t>(kLanes))});
  const auto multiply_part = [&](std::int64_t part) {
    multiply_some<Real>(blocks, count * part / parts, count * (part + 1) / parts, spectra, channels,
                        columns[static_cast<std::size_t>(part)], products);
  };
  std::vector<std::jthread> others;
  for (std::int64_t part = 1; part < parts; ++part) others.emplace_back(multiply_part, part);
  multiply_part(0);
}

}  // namespace

ModeMatrices::ModeMatrices(std::int64_t modes, std::int64_t channels, const at::TensorOptions& options)
    : blocks_(at::zeros({blocks_of(modes), channels, channels, kLanes}, options)) {}

void ModeMatrices::set(std::int64_t first, const at::Tensor& matrices) {
  const std::int64_t count = matrices.size(0), channels = matrices.size(1), blocks = blocks_of(count);
  const at::Tensor whole = at::constant_pad_nd(matrices, {0, 0, 0, 0, 0, blocks * kLanes - count});
  blocks_.narrow(0, first / kLanes, blocks)
      .copy_(whole.reshape({blocks, kLanes, channels, channels}).permute({0, 2, 3, 1}));
}

at::Tensor ModeMatrices::product(const at::Tensor& spectra, const std::vector<std::int64_t>& channels) const {
  if (!spectra.device().is_cpu()) return product_by_channel(spectra, channels);
  const at::Tensor adjacent = spectra.contiguous();
  at::Tensor products = at::empty_like(adjacent);
  if (spectra.scalar_type() == at::kDouble)
    multiply<double>(blocks_, adjacent, channels, products);
  else
    multiply<float>(blocks_, adjacent, channels, products);
  return products;
}

at::Tensor ModeMatrices::product_by_channel(const at::Tensor& spectra,
                                            const std::vector<std::int64_t>& channels) const {
  const std::int64_t modes = spectra.size(2), blocks = blocks_.size(0);
  const at::Tensor whole = at::constant_pad_nd(spectra, {0, blocks * kLanes - modes})
                               .reshape({spectra.size(0), spectra.size(1), blocks, kLanes});
  at::Tensor products = at::zeros_like(whole);
  for (const std::int64_t in : channels)
    products.addcmul_(blocks_.select(2, in).permute({1, 0, 2}), whole.narrow(1, in, 1));
  return products.flatten(2).narrow(2, 0, modes);
}

}  // namespace foehn::model
