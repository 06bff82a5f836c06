#include "foehn/training/training_state.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "foehn/comm/communicator.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/tensor_view.hpp"

namespace foehn::training {

namespace {

constexpr const char* kDigest = "foehn.sha256";
constexpr const char* kIdentity = "foehn.identity";
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

at::Tensor on_host(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU, at::kFloat).contiguous();
}

std::string_view bytes_of(const at::Tensor& on_host) {
  return {static_cast<const char*>(on_host.data_ptr()), on_host.nbytes()};
}

/// All but the tensors, as JSON.
std::string numbers_text(const TrainingState& state) {
  nlohmann::json json{{"step", state.step},
                      {"best_step", state.best_step},
                      {"since_best", state.evaluations_since_best},
                      {"losses", state.losses},
                      {"log", state.log}};
  // As hexadecimal text: JSON has no infinity, and what is read must be what was written.
  json["best_loss"] = fmt::format("{:a}", state.best_loss);
  json["loss_sum"] = fmt::format("{:a}", state.loss_sum);
  return json.dump();
}

void read_numbers(const std::string& text, TrainingState& state) {
  try {
    const auto json = nlohmann::json::parse(text);
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
}

/// SHA-256 of all that a file says.
std::string digest_of(const std::map<std::string, io::TensorView>& tensors, const std::string& identity,
                      const std::string& numbers) {
  std::string text = fmt::format("{}\n{}\n", core::sha256(identity), core::sha256(numbers));
  for (const auto& [name, view] : tensors)
    text += fmt::format("{} {} [{}] {}\n", name, io::tensor_type_name(view.type), fmt::join(view.shape, ", "),
                        core::sha256({reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()}));
  return core::sha256(text);
}

}  // namespace

void TrainingState::broadcast(const comm::Communicator& ranks) {
  std::string numbers = numbers_text(*this);
  ranks.broadcast(numbers);
  read_numbers(numbers, *this);
  for (const auto& [set, tensors] : sets_of(*this)) {
    for (auto& [name, tensor] : *tensors) {
      const at::Tensor values = on_host(tensor);
      std::string bytes(bytes_of(values));
      ranks.broadcast(bytes);
      std::memcpy(values.data_ptr(), bytes.data(), bytes.size());
      tensor = values.to(tensor.device());
    }
  }
}

void save_state(const std::filesystem::path& path, const TrainingState& state, const std::string& identity) {
  std::map<std::string, io::TensorView> views;
  std::vector<at::Tensor> kept;
  for (const auto& [set, tensors] : sets_of(state)) {
    for (const auto& [name, tensor] : *tensors) {
      kept.push_back(on_host(tensor));
      views[set + ":" + name] = {io::TensorType::f32, kept.back().sizes().vec(),
                                 std::as_bytes(std::span(bytes_of(kept.back())))};
    }
  }
  const std::string numbers = numbers_text(state);
  io::write_safetensors(
      path, views,
      {{kDigest, digest_of(views, identity, numbers)}, {kIdentity, identity}, {kState, numbers}});
}

SavedState load_state(const std::filesystem::path& path) {
  const io::SafetensorsFile file(path);
  SavedState saved{.state = {}, .identity = file.metadata_value(kIdentity)};
  const std::string &numbers = file.metadata_value(kState), &digest = file.metadata_value(kDigest);
  core::with_context(path.string(), [&] {
    if (digest != digest_of(file.tensors(), saved.identity, numbers))
      throw core::Error("it was changed: its digest does not match");
    read_numbers(numbers, saved.state);
    auto sets = sets_of(saved.state);
    for (const auto& [name, view] : file.tensors()) {
      const auto colon = name.find(':');
      const auto set = sets.find(name.substr(0, colon));
      if (colon == std::string::npos || set == sets.end())
        throw core::Error(fmt::format("tensor '{}' is not one of a training's", name));
      if (view.type != io::TensorType::f32)
        throw core::Error(
            fmt::format("tensor '{}': expected F32, found {}", name, io::tensor_type_name(view.type)));
      (*set->second)[name.substr(colon + 1)] = model::to_tensor(view);
    }
  });
  return saved;
}

void check_form(const TrainingState& state, const TrainingState& form) {
  auto found_sets = sets_of(state);
  for (const auto& [set, expected] : sets_of(form)) {
    const Tensors& found = *found_sets.at(set);
    for (const auto& [name, tensor] : *expected) {
      const auto place = found.find(name);
      if (place == found.end()) throw core::Error(fmt::format("no tensor '{}:{}'", set, name));
      if (place->second.sizes() != tensor.sizes())
        throw core::Error(fmt::format("tensor '{}:{}': expected [{}], found [{}]", set, name,
                                      fmt::join(tensor.sizes(), ", "),
                                      fmt::join(place->second.sizes(), ", ")));
    }
    for (const auto& [name, tensor] : found)
      if (!expected->contains(name))
        throw core::Error(fmt::format("tensor '{}:{}' is not one of this network's", set, name));
  }
}

}  // namespace foehn::training
