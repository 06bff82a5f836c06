#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::app {

// Options that several subcommands share are declared here, once.
void add_variables_option(config::OptionTable& table, std::vector<std::string>& variables);
/// Steps: a gap in a reanalysis that a straight line may bridge.
inline constexpr std::int64_t kLongestGap = 6;
void add_gap_option(config::OptionTable& table, std::int64_t& longest_gap);
/// Warns of values that were filled in.
void say_filled(const io::FieldReader& reader);
/// Warns of variables of a prior that no file of a climate model will fit.
void say_unnamed(const std::vector<io::Variable>& variables);
void add_crop_option(config::OptionTable& table, std::string& crop);
/// How anomalies are normalised: "auto" or "one".
void add_deviation_option(config::OptionTable& table, std::string& deviation);
void add_observation_options(config::OptionTable& table, std::int64_t& block, std::int64_t& every);
void add_device_option(config::OptionTable& table, std::string& device);
void add_threads_option(config::OptionTable& table, std::int64_t& threads);
inline constexpr double kTimeoutMinutes = 30;
void add_timeout_option(config::OptionTable& table, double& minutes);

/// What "name=standard name" pairs, which overrule the files' standard names, and a crop text mean.
io::FieldSelection field_selection(const std::vector<std::string>& variables, const std::string& crop);

/// The folder that results go to: made where absent, and written to once, to find out now, not after the
/// work, if it can be. With `passing` what was made is gone again at the end of this object's life, where it
/// is empty.
class OutputFolder {
 public:
  /// @throws core::Error naming the option and the folder
  OutputFolder(const std::filesystem::path& folder, const std::string& option, bool passing);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  std::vector<std::filesystem::path> to_remove_;  // innermost first
};

/// @throws core::Error naming the option if `output` is one of the files that are read
void refuse_overwriting(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                        const std::string& option);

/// Says that --validate-only found nothing wrong.
void say_valid(const std::string& nothing_done);

}  // namespace foehn::app
