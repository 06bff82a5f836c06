#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "foehn/io/write_netcdf.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/training/field_cache.hpp"
#include "foehn/training/initial_tensors.hpp"
#include "foehn/training/objective.hpp"

namespace foehn::testing {

constexpr std::int64_t kToyHours = 40, kToyVariables = 2, kToyNy = 4, kToyNx = 8;

constexpr std::int64_t kToyStepsPerDay = 8;

/// A cache of smooth fields that change in time, with a daily cycle of 8 steps.
inline void write_toy_cache(const std::filesystem::path& path) {
  io::write_netcdf_atomically(path, [](io::NetcdfFile& file) {
    file.define_dimension("hour", kToyHours);
    file.define_dimension("variable", kToyVariables);
    file.define_dimension("y", kToyNy);
    file.define_dimension("x", kToyNx);
    file.define_dimension("instant_of_day", kToyStepsPerDay);
    file.define_variable("fields", io::NetcdfType::float32, {"hour", "variable", "y", "x"}, {});
    file.define_variable("daily_cycle", io::NetcdfType::float32, {"instant_of_day", "variable", "y", "x"},
                         {});
    std::vector<float> values;
    for (std::int64_t i = 0; i < kToyHours * kToyVariables * kToyNy * kToyNx; ++i)
      values.push_back(static_cast<float>(std::sin(0.01 * static_cast<double>(i)) +
                                          std::cos(0.7 * static_cast<double>(i % 8))));
    file.write("fields", std::span<const float>(values));
    std::vector<float> cycle;
    for (std::int64_t i = 0; i < kToyStepsPerDay * kToyVariables * kToyNy * kToyNx; ++i)
      cycle.push_back(static_cast<float>(std::cos(0.3 * static_cast<double>(i))));
    file.write("daily_cycle", std::span<const float>(cycle));
  });
}

inline model::ScoreUnetArchitecture toy_fields_architecture(std::int64_t inputs = 1) {
  return {.window = 3,
          .variables = kToyVariables,
          .hidden = {4, 6},
          .blocks = {1, 1},
          .attention = {1},
          .embedding = 8,
          .inputs = inputs};
}

inline training::NoiseObjective toy_objective() {
  return training::NoiseObjective(std::make_unique<model::ScoreUnet>(
      toy_fields_architecture(), training::initial_tensors(toy_fields_architecture(), 5),
      at::TensorOptions(at::kFloat)));
}

}  // namespace foehn::testing
