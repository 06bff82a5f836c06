#include "foehn/diffusion/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<diffusion::Method>>& names_of() {
  using enum diffusion::Method;
  static const std::vector<Named<diffusion::Method>> all{{ddim, "ddim"}, {dpmpp_2m, "dpmpp-2m"}};
  return all;
}

template <>
const std::vector<Named<diffusion::Spacing>>& names_of() {
  using enum diffusion::Spacing;
  static const std::vector<Named<diffusion::Spacing>> all{{time, "t"}, {log_ratio, "lambda"}};
  return all;
}

}  // namespace foehn::core
