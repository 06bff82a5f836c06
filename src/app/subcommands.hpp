#pragma once

#include "subcommand.hpp"

namespace foehn::app {

/// What the program returns when it has stopped with a checkpoint.
inline constexpr int kStoppedWithCheckpoint = 75;

Subcommand synth();
Subcommand fit();
Subcommand train();
Subcommand coarsen();
Subcommand prepare();
Subcommand sample();
Subcommand tune();
Subcommand evaluate();
Subcommand serve();
Subcommand submit();
Subcommand jobs();
Subcommand campaign();
Subcommand info();
Subcommand bench();

}  // namespace foehn::app
