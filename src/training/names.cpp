#include "foehn/training/names.hpp"

namespace foehn::core {

template <>
const std::vector<Named<training::NetworkKind>>& names_of() {
  using enum training::NetworkKind;
  static const std::vector<Named<training::NetworkKind>> all{
      {gaussian_preconditioned, "gaussian-preconditioned"},
      {score_unet, "score-unet"},
      {conditional_residual, "conditional-residual"},
      {graph_transformer, "graph-transformer"}};
  return all;
}

template <>
const std::vector<Named<training::NetworkChoice>>& names_of() {
  using enum training::NetworkChoice;
  static const std::vector<Named<training::NetworkChoice>> all{
      {automatic, "auto"}, {unet, "u-net"}, {graph_transformer, "graph-transformer"}};
  return all;
}

template <>
const std::vector<Named<training::ScheduleKind>>& names_of() {
  using enum training::ScheduleKind;
  static const std::vector<Named<training::ScheduleKind>> all{{vp_cosine, "vp-cosine"}, {edm, "edm"}};
  return all;
}

template <>
const std::vector<Named<training::NoiseKind>>& names_of() {
  using enum training::NoiseKind;
  static const std::vector<Named<training::NoiseKind>> all{
      {uniform, "uniform"}, {log_normal, "log-normal"}, {high, "high"}};
  return all;
}

template <>
const std::vector<Named<training::Decay>>& names_of() {
  using enum training::Decay;
  static const std::vector<Named<training::Decay>> all{{linear, "linear"}, {cosine, "cosine"}};
  return all;
}

}  // namespace foehn::core
