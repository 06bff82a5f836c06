#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/diffusion/ddim.hpp"
#include "foehn/ensemble/ensemble.hpp"

namespace foehn::app {

/// Everything that `foehn sample` can be told.
struct SampleOptions {
  std::string prior;
  std::string observations;
  std::string start;
  std::int64_t hours = 0;
  std::vector<double> observation_std;
  std::vector<double> observation_std_normalised;
  std::optional<double> gamma;
  std::string method = "ddim";
  std::string guidance = "sda";
  diffusion::DdimOptions ddim;
  std::int64_t stride = 1;
  std::int64_t batch = 8;
  ensemble::EnsembleOptions ensemble;
  std::int64_t seed = 0;
  std::int64_t ranks_per_member = 0;
  std::string output;
  std::int64_t compression = 1;
  std::string device = "auto";
  std::string precision = "fp32";
  std::int64_t threads = 1;
  std::string transport = "auto";

  bool is_conditioned() const { return !observations.empty() && guidance != "none"; }
};

/// Binds the options to the fields of `options`, which must outlive the table.
config::OptionTable sample_option_table(SampleOptions& options);

}  // namespace foehn::app
