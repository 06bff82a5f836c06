#include "foehn/training/training_state.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/tensor_view.hpp"

namespace foehn::training {

namespace {

constexpr const char* kDigest = "foehn.digest";
constexpr const char* kState = "foehn.state";

/// The sets of tensors, by the first part of their names in the file.
template <class State>
auto sets_of(State& state) {
  return std::map<std::string, decltype(&state.parameters)>{{"parameter", &state.parameters},
                                                            {"average", &state.average},
                                                            {"first", &state.first},
                                                            {"second", &state.second},
                                                            {"best", &state.best}};
}

}  // namespace

void TrainingState::save(const std::filesystem::path& path, const std::string& digest) const {
  std::map<std::string, io::TensorView> views;
  std::vector<at::Tensor> kept;
  for (const auto& [set, tensors] : sets_of(*this)) {
    for (const auto& [name, tensor] : *tensors) {
      kept.push_back(tensor.detach().to(at::kCPU, at::kFloat).contiguous());
      views[set + ":" + name] = {
          io::TensorType::f32,
          kept.back().sizes().vec(),
          {static_cast<const std::byte*>(kept.back().data_ptr()), kept.back().nbytes()}};
    }
  }
  nlohmann::json state{{"step", step},
                       {"best_step", best_step},
                       {"since_best", evaluations_since_best},
                       {"losses", losses},
                       {"log", log}};
  // As hexadecimal text: JSON has no infinity, and what is read must be what was written.
  state["best_loss"] = fmt::format("{:a}", best_loss);
  state["loss_sum"] = fmt::format("{:a}", loss_sum);
  io::write_safetensors(path, views, {{kDigest, digest}, {kState, state.dump()}});
}

TrainingState TrainingState::load(const std::filesystem::path& path, const std::string& digest) {
  return core::with_context(fmt::format("the checkpoint {}", path.string()), [&] {
    const io::SafetensorsFile file(path);
    if (file.metadata_value(kDigest) != digest)
      throw core::Error(
          "it is of a training with other options or data; checkpoint.restart starts anew and writes over "
          "it");
    TrainingState state;
    auto sets = sets_of(state);
    for (const auto& [name, view] : file.tensors()) {
      const auto colon = name.find(':');
      const auto set = sets.find(name.substr(0, colon));
      if (colon == std::string::npos || set == sets.end())
        throw core::Error(fmt::format("tensor '{}' is none of a training's", name));
      (*set->second)[name.substr(colon + 1)] = model::to_tensor(view);
    }
    try {
      const auto json = nlohmann::json::parse(file.metadata_value(kState));
      json.at("step").get_to(state.step);
      json.at("best_step").get_to(state.best_step);
      json.at("since_best").get_to(state.evaluations_since_best);
      json.at("log").get_to(state.log);
      json.at("losses").get_to(state.losses);
      const auto number = [&](const char* key) {
        return std::strtod(json.at(key).get<std::string>().c_str(), nullptr);
      };
      state.best_loss = number("best_loss");
      state.loss_sum = number("loss_sum");
    } catch (const nlohmann::json::exception& error) {
      throw core::Error(fmt::format("metadata '{}': {}", kState, error.what()));
    }
    return state;
  });
}

}  // namespace foehn::training
