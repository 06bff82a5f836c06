#include "foehn/core/philox.hpp"

#include <algorithm>

namespace foehn::core {

template <class T>
void fill_normal(const NoiseKey& key, std::uint32_t hour, std::span<T> values) {
  for (std::size_t first = 0; first < values.size(); first += 4) {
    const std::array<double, 4> normals = normal_block(key, hour, static_cast<std::uint32_t>(first / 4));
    const std::size_t count = std::min<std::size_t>(4, values.size() - first);
    std::transform(normals.begin(), normals.begin() + count,
                   values.begin() + static_cast<std::ptrdiff_t>(first),
                   [](double normal) { return static_cast<T>(normal); });
  }
}

template void fill_normal<float>(const NoiseKey&, std::uint32_t, std::span<float>);
template void fill_normal<double>(const NoiseKey&, std::uint32_t, std::span<double>);

}  // namespace foehn::core
