#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/core/per_variable.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/process/device.hpp"
#include "option_names.hpp"

namespace foehn::conditioning {
struct CoarsenOptions;
}

namespace foehn::app {

// Options that several subcommands share are declared here, once.
void add_variables_option(config::OptionTable& table, std::vector<std::string>& variables);
void add_gap_option(config::OptionTable& table, std::int64_t& longest_gap);
/// data.cell_methods of subcommands that read fine fields.
void add_cell_methods_option(config::OptionTable& table, core::PerVariable<io::TimeSampling>& methods);
/// data.transforms of subcommands that fit priors, "variable=transform".
void add_transforms_option(config::OptionTable& table, std::vector<std::string>& transforms);
void add_crop_option(config::OptionTable& table, std::string& crop);
/// How anomalies are normalised: "auto" or "one".
void add_deviation_option(config::OptionTable& table, Deviating& deviation);
/// What coarse observations are means over, and how often they come.
void add_observation_options(config::OptionTable& table, conditioning::CoarsenOptions& options);
void add_device_option(config::OptionTable& table, process::DeviceChoice& device);
/// What subcommands of many ranks run on: device, sharing, transport.
void add_hardware_options(config::OptionTable& table, process::HardwareChoice& hardware);
void add_threads_option(config::OptionTable& table, std::int64_t& threads);
inline constexpr double kTimeoutMinutes = 30;
void add_timeout_option(config::OptionTable& table, double& minutes);

/// Says that --validate-only found nothing wrong.
void say_valid(const std::string& nothing_done);

}  // namespace foehn::app
