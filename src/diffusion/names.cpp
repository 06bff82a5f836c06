#include "foehn/diffusion/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<diffusion::Method>>& names_of() {
  using enum diffusion::Method;
  static const std::vector<Named<diffusion::Method>> all{
      {ddim, "ddim"}, {dpmpp_2m, "dpmpp-2m"}, {heun, "heun"}};
  return all;
}

template <>
const std::vector<Named<std::optional<diffusion::Spacing>>>& names_of() {
  using enum diffusion::Spacing;
  static const std::vector<Named<std::optional<diffusion::Spacing>>> all{
      {std::nullopt, "auto"}, {time, "t"}, {log_ratio, "lambda"}, {power, "rho"}};
  return all;
}

}  // namespace foehn::core
