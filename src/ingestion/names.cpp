#include "foehn/ingestion/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<ingestion::RegridMethod>>& names_of() {
  using enum ingestion::RegridMethod;
  static const std::vector<Named<ingestion::RegridMethod>> all{{bilinear, "bilinear"},
                                                               {conservative, "conservative"}};
  return all;
}

template <>
const std::vector<Named<io::TimeSampling>>& names_of() {
  using enum io::TimeSampling;
  static const std::vector<Named<io::TimeSampling>> all{{snapshot, "point"}, {mean, "mean"}};
  return all;
}

template <>
const std::vector<Named<std::optional<ingestion::BiasMethod>>>& names_of() {
  using enum ingestion::BiasMethod;
  static const std::vector<Named<std::optional<ingestion::BiasMethod>>> all{
      {std::nullopt, "none"},
      {quantile_mapping, "qm"},
      {detrended_quantile_mapping, "dqm"},
      {quantile_delta_mapping, "qdm"}};
  return all;
}

template <>
const std::vector<Named<bias::Kind>>& names_of() {
  using enum bias::Kind;
  static const std::vector<Named<bias::Kind>> all{{additive, "additive"}, {multiplicative, "multiplicative"}};
  return all;
}

}  // namespace foehn::core
