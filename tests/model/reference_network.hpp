#pragma once

#include <ATen/ATen.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "foehn/io/safetensors.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/model/tensor_view.hpp"
#include "model/score_unet_json.hpp"

namespace foehn::testing {

/// A file of reference vectors: of the folder that FOEHN_REFERENCE_DIR names, else of the tests' own.
inline io::SafetensorsFile reference_file(const std::string& name) {
  const char* folder = std::getenv("FOEHN_REFERENCE_DIR");
  return io::SafetensorsFile(std::filesystem::path(folder != nullptr ? folder : FOEHN_TEST_REFERENCE) / name);
}

inline at::Tensor reference_tensor(const io::SafetensorsFile& file, const std::string& name) {
  return model::to_tensor(file.tensor(name));
}

/// The network of the reference vectors.
inline model::ScoreUnet reference_network(const at::TensorOptions& options) {
  const io::SafetensorsFile file = reference_file("unet_weights.safetensors");
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, view] : file.tensors()) tensors[name] = model::to_tensor(view);
  const auto architecture =
      model::score_unet_architecture(nlohmann::json::parse(file.metadata_value("architecture")));
  return model::ScoreUnet(architecture, tensors, options);
}

/// Prints and returns the largest difference.
inline double largest_difference(const std::string& what, const at::Tensor& found,
                                 const at::Tensor& expected) {
  const double difference = (found - expected).abs().max().item<double>();
  std::cout << what << ": largest difference " << difference << ", largest value "
            << expected.abs().max().item<double>() << std::endl;
  return difference;
}

}  // namespace foehn::testing
