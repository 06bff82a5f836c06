#include "foehn/job/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<job::Guidance>>& names_of() {
  using enum job::Guidance;
  static const std::vector<Named<job::Guidance>> all{
      {none, "none"}, {sda, "sda"}, {sda_exact, "sda-exact"}, {mmps, "mmps"}};
  return all;
}

template <>
const std::vector<Named<std::optional<job::Covariance>>>& names_of() {
  using enum job::Covariance;
  static const std::vector<Named<std::optional<job::Covariance>>> all{{std::nullopt, "auto"},
                                                                      {gaussian, "gaussian"},
                                                                      {network, "network"},
                                                                      {preconditioned, "preconditioned"}};
  return all;
}

template <>
const std::vector<Named<job::ObservationOperator>>& names_of() {
  using enum job::ObservationOperator;
  static const std::vector<Named<job::ObservationOperator>> all{{blocks, "blocks"}, {native, "native"}};
  return all;
}

template <>
const std::vector<Named<conditioning::Interpolation>>& names_of() {
  using enum conditioning::Interpolation;
  static const std::vector<Named<conditioning::Interpolation>> all{{nearest, "nearest"},
                                                                   {bilinear, "bilinear"}};
  return all;
}

template <>
const std::vector<Named<conditioning::WithheldUnit>>& names_of() {
  using enum conditioning::WithheldUnit;
  static const std::vector<Named<conditioning::WithheldUnit>> all{{stations, "stations"}, {times, "times"}};
  return all;
}

template <>
const std::vector<Named<job::Layout>>& names_of() {
  using enum job::Layout;
  static const std::vector<Named<job::Layout>> all{{member, "member"}, {cordex, "cordex"}};
  return all;
}

}  // namespace foehn::core
