#pragma once

#include "app/subcommand.hpp"

namespace foehn::testing {

/// Runs a serial subcommand in this process, as the dispatcher does, but for what it makes of failures.
inline int run_alone(const app::Subcommand& subcommand, const app::Arguments& arguments) {
  config::OptionTable table = subcommand.table();
  const app::Run run = subcommand.declare(table);
  const config::OptionTable::Outcome outcome = table.parse(arguments);
  return std::get<app::SerialRun>(run)({outcome.validate_only, table});
}

}  // namespace foehn::testing
