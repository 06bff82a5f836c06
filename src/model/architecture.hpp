#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/model/network.hpp"

namespace foehn::model {

/// The most channels that an architecture may have: one read from a file must not ask for absurd numbers of
/// tensors.
inline constexpr std::int64_t kWidest = 65536;

/// @param what  a field of an architecture
/// @throws core::Error naming the field if its value is not within the bounds
inline void check_range(const std::string& what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    throw core::Error(fmt::format("architecture: {}: expected {} to {}, found {}", what, least, most, value));
}

/// Every tensor that layers ask for when they are made.
/// @param make  makes them with the TensorSource that it is given
template <class Make>
TensorShapes shapes_asked_for(const Make& make) {
  TensorShapes shapes;
  make([&](const std::string& name, const std::vector<std::int64_t>& shape) {
    shapes[name] = shape;
    return at::Tensor();
  });
  return shapes;
}

}  // namespace foehn::model
