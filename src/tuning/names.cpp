#include "foehn/tuning/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<tuning::Parameter>>& names_of() {
  using enum tuning::Parameter;
  static const std::vector<Named<tuning::Parameter>> all{
      {deviation, "std"}, {gamma, "gamma"}, {inflation, "inflation"}};
  return all;
}

}  // namespace foehn::core
