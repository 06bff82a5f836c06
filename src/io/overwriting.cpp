#include "foehn/io/overwriting.hpp"

#include <fmt/format.h>

#include <system_error>

#include "foehn/core/error.hpp"

namespace foehn::io {

void refuse_overwriting(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                        const std::string& option) {
  for (const std::filesystem::path& input : inputs) {
    std::error_code error;
    if (std::filesystem::equivalent(input, output, error) && !error)
      throw core::Error(
          fmt::format("{}: {} is an input file and would be overwritten", option, output.string()));
  }
}

}  // namespace foehn::io
