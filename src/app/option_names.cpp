#include "option_names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<app::Deviating>>& names_of() {
  using enum app::Deviating;
  static const std::vector<Named<app::Deviating>> all{{automatic, "auto"}, {one, "one"}};
  return all;
}

template <>
const std::vector<Named<app::TimedNetwork>>& names_of() {
  using enum app::TimedNetwork;
  static const std::vector<Named<app::TimedNetwork>> all{{prior, "prior"}, {full, "full"}};
  return all;
}

template <>
const std::vector<Named<app::Filing>>& names_of() {
  using enum app::Filing;
  static const std::vector<Named<app::Filing>> all{
      {list, "list"}, {spool, "spool"}, {array, "array"}, {snakemake, "snakemake"}, {cylc, "cylc"}};
  return all;
}

}  // namespace foehn::core
