#include "foehn/comm/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<comm::TransportChoice>>& names_of() {
  using enum comm::TransportChoice;
  static const std::vector<Named<comm::TransportChoice>> all{
      {automatic, "auto"}, {mpi, "mpi"}, {nccl, "nccl"}};
  return all;
}

}  // namespace foehn::core
