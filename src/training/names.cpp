#include "foehn/training/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<training::NetworkKind>>& names_of() {
  using enum training::NetworkKind;
  static const std::vector<Named<training::NetworkKind>> all{
      {gaussian_preconditioned, "gaussian-preconditioned"}, {score_unet, "score-unet"}};
  return all;
}

}  // namespace foehn::core
