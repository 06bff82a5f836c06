#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>

#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::testing {

/// Two variables on 8 x 12 cells, in a normalisation of quantiles.
inline model::Domain toy_domain() {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (int y = 0; y < 8; ++y) grid.y.values.push_back(58 - 0.25 * y);
  for (int x = 0; x < 12; ++x) grid.x.values.push_back(-3 + 0.5 * x);
  const at::Tensor quantiles = at::arange(9, at::kDouble).repeat({2, 1});
  return {{{"psl", "air_pressure_at_mean_sea_level", "Pa"}, {"uas", "eastward_wind", "m s-1"}},
          grid,
          calendar::Calendar::noleap,
          3600,
          model::Normalisation::of_quantiles("quant95", quantiles),
          quantiles};
}

inline model::ScoreUnetArchitecture toy_architecture() {
  return {.window = 3, .variables = 2, .hidden = {4, 6}, .blocks = {1, 2}, .attention = {1}, .embedding = 8};
}

/// A bundle of a score network with random weights.
inline void write_score_prior(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  model::write_domain(folder / "domain.nc", toy_domain());
  const std::map<std::string, at::Tensor> tensors = model::random_tensors(toy_architecture(), 1);
  std::map<std::string, io::TensorView> views;
  for (const auto& [name, tensor] : tensors)
    views[name] = {
        io::TensorType::f32,
        tensor.sizes().vec(),
        {static_cast<const std::byte*>(tensor.data_ptr()), static_cast<std::size_t>(tensor.nbytes())}};
  io::write_safetensors(folder / "weights.safetensors", views,
                        {{"foehn.kind", "score-unet"},
                         {"foehn.architecture",
                          R"({"window": 3, "variables": ["psl", "uas"], "hidden": [4, 6], "blocks": [1, 2],
                              "attention": [1], "embedding": 8})"},
                         {"foehn.schedule", R"({"name": "vp-cosine", "eta": 0.001})"}});
}

/// The covariance of a Gaussian prior that knows no neighbours: white in space and between variables.
inline at::Tensor toy_covariance() {
  at::Tensor lags = at::zeros({3, 2, 2, 8, 12}, at::kDouble);
  for (int lag = 0; lag < 3; ++lag)
    for (int variable = 0; variable < 2; ++variable) lags[lag][variable][variable] = 1.0 / (1 + lag);
  return lags;
}

/// A bundle of a Gaussian prior.
inline void write_gaussian_prior(const std::filesystem::path& folder) {
  model::save_gaussian_prior(folder, toy_domain(), toy_covariance(), {});
}

/// A bundle of a score network of small random weights on the schedule edm, from noise of any size, that
/// knows dates.
inline void write_edm_prior(const std::filesystem::path& folder) {
  model::NetworkPrior prior;
  model::ScoreUnetArchitecture architecture = toy_architecture();
  architecture.dates = true;
  prior.architecture = architecture;
  for (const auto& [name, tensor] : model::random_tensors(architecture, 1))
    prior.tensors[name] = tensor * 0.3;
  model::save_network_prior(folder, toy_domain(), prior,
                            diffusion::Edm{.sigma_min = 0.02, .sigma_max = 1e5, .sigma_data = 0.4});
}

/// The same two variables on a reduced Gaussian grid of 88 cells.
inline model::Domain toy_globe() {
  model::Domain domain = toy_domain();
  domain.grid = grid::named_grid("O2");
  return domain;
}

/// A bundle of a graph transformer of small random weights, from noise of any size, that knows dates.
inline void write_graph_prior(const std::filesystem::path& folder) {
  model::NetworkPrior prior;
  const model::GraphTransformerArchitecture architecture{
      .window = 3, .variables = 2, .mesh_level = 0, .width = 8, .heads = 2, .layers = 1, .dates = true};
  prior.architecture = architecture;
  for (const auto& [name, tensor] : model::random_tensors(model::expected_tensors(architecture), 1))
    prior.tensors[name] = tensor * 0.3;
  model::save_network_prior(folder, toy_globe(), prior,
                            diffusion::Edm{.sigma_min = 0.02, .sigma_max = 1e5, .sigma_data = 0.4});
}

/// Which coarse fields the toy prior below is given.
inline model::CoarseForm toy_coarse_form() {
  return {{2, 4}, {3, 6}, {2, 5}};
}

/// A bundle of a network of small random weights that is given coarse fields, and does not see far.
/// @param domain  of two variables on 8 x 12 cells
/// @param size    of the weights; 0: the residual is white, of variance 1
inline void write_conditional_prior(const std::filesystem::path& folder, const model::Domain& domain,
                                    double size) {
  model::NetworkPrior prior;
  const model::ScoreUnetArchitecture architecture{
      .window = 3,
      .variables = 2,
      .hidden = {4},
      .blocks = {0},
      .attention = {},
      .embedding = 8,
      .inputs = 2,
      .extra_inputs = model::ConditionalResidual::extra_inputs(3)};
  prior.architecture = architecture;
  for (const auto& [name, tensor] : model::random_tensors(architecture, 1))
    prior.tensors[name] = tensor * size;
  prior.coarse = toy_coarse_form();
  model::save_network_prior(folder, domain, prior, diffusion::Edm{});
}

inline void write_conditional_prior(const std::filesystem::path& folder) {
  write_conditional_prior(folder, toy_domain(), 0.3);
}

/// A bundle of a network of small random weights that corrects it, so that samples stay plausible.
inline void write_preconditioned_prior(const std::filesystem::path& folder) {
  model::NetworkPrior prior;
  model::ScoreUnetArchitecture architecture = toy_architecture();
  architecture.inputs = 2;
  prior.architecture = architecture;
  for (const auto& [name, tensor] : model::random_tensors(architecture, 1))
    prior.tensors[name] = tensor * 0.3;
  prior.lag_covariance = toy_covariance();
  model::save_network_prior(folder, toy_domain(), prior, {});
}

}  // namespace foehn::testing
