#include "option_names.hpp"

namespace foehn::config {

template <>
const std::vector<Named<app::Precision>>& names_of() {
  using enum app::Precision;
  static const std::vector<Named<app::Precision>> all{{fp32, "fp32"}, {bf16, "bf16"}};
  return all;
}

template <>
const std::vector<Named<app::Transport>>& names_of() {
  using enum app::Transport;
  static const std::vector<Named<app::Transport>> all{{automatic, "auto"}, {mpi, "mpi"}};
  return all;
}

template <>
const std::vector<Named<app::Guidance>>& names_of() {
  using enum app::Guidance;
  static const std::vector<Named<app::Guidance>> all{
      {none, "none"}, {sda, "sda"}, {sda_exact, "sda-exact"}, {mmps, "mmps"}};
  return all;
}

template <>
const std::vector<Named<std::optional<app::Covariance>>>& names_of() {
  using enum app::Covariance;
  static const std::vector<Named<std::optional<app::Covariance>>> all{{std::nullopt, "auto"},
                                                                      {gaussian, "gaussian"},
                                                                      {network, "network"},
                                                                      {preconditioned, "preconditioned"}};
  return all;
}

template <>
const std::vector<Named<app::Deviating>>& names_of() {
  using enum app::Deviating;
  static const std::vector<Named<app::Deviating>> all{{automatic, "auto"}, {one, "one"}};
  return all;
}

template <>
const std::vector<Named<app::Layout>>& names_of() {
  using enum app::Layout;
  static const std::vector<Named<app::Layout>> all{{member, "member"}, {cordex, "cordex"}};
  return all;
}

template <>
const std::vector<Named<app::NetworkKind>>& names_of() {
  using enum app::NetworkKind;
  static const std::vector<Named<app::NetworkKind>> all{{gaussian_preconditioned, "gaussian-preconditioned"},
                                                        {score_unet, "score-unet"}};
  return all;
}

template <>
const std::vector<Named<app::TimedNetwork>>& names_of() {
  using enum app::TimedNetwork;
  static const std::vector<Named<app::TimedNetwork>> all{{prior, "prior"}, {full, "full"}};
  return all;
}

template <>
const std::vector<Named<process::DeviceChoice>>& names_of() {
  using enum process::DeviceChoice;
  static const std::vector<Named<process::DeviceChoice>> all{
      {automatic, "auto"}, {cpu, "cpu"}, {cuda, "cuda"}};
  return all;
}

template <>
const std::vector<Named<diffusion::Method>>& names_of() {
  using enum diffusion::Method;
  static const std::vector<Named<diffusion::Method>> all{{kDdim, "ddim"}, {kDpmpp2m, "dpmpp-2m"}};
  return all;
}

template <>
const std::vector<Named<diffusion::Spacing>>& names_of() {
  using enum diffusion::Spacing;
  static const std::vector<Named<diffusion::Spacing>> all{{kTime, "t"}, {kLogRatio, "lambda"}};
  return all;
}

template <>
const std::vector<Named<ingestion::RegridMethod>>& names_of() {
  using enum ingestion::RegridMethod;
  static const std::vector<Named<ingestion::RegridMethod>> all{{bilinear, "bilinear"},
                                                               {conservative, "conservative"}};
  return all;
}

template <>
const std::vector<Named<ingestion::TimeSampling>>& names_of() {
  using enum ingestion::TimeSampling;
  static const std::vector<Named<ingestion::TimeSampling>> all{{snapshot, "point"}, {mean, "mean"}};
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

}  // namespace foehn::config
