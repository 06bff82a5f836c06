#include "foehn/process/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<process::DeviceChoice>>& names_of() {
  using enum process::DeviceChoice;
  static const std::vector<Named<process::DeviceChoice>> all{
      {automatic, "auto"}, {cpu, "cpu"}, {cuda, "cuda"}};
  return all;
}

}  // namespace foehn::core
