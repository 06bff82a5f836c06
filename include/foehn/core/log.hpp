#pragma once

namespace foehn::core {

/// Sets up spdlog's default logger: plain lines on standard error, so that standard output stays the
/// program's result.
///
/// @param is_root  only the root speaks; every other rank logs nothing below errors
void set_up_log(bool is_root);

}  // namespace foehn::core
