#include "foehn/core/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

namespace foehn::core {

namespace {

/// "warning: " or "error: " before anything more serious than information.
class SeverityWord : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    const std::string_view word = message.level >= spdlog::level::err    ? "error: "
                                  : message.level >= spdlog::level::warn ? "warning: "
                                                                         : "";
    line.append(word.data(), word.data() + word.size());
  }

  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<SeverityWord>();
  }
};

}  // namespace

void set_up_log(bool is_root) {
  // On a terminal a progress line may stand unfinished: erase it, it is redrawn after the message.
  const std::string erase_line = isatty(STDERR_FILENO) ? "\r\033[K" : "";
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<SeverityWord>('*').set_pattern(erase_line + "%H:%M:%S %*%v");

  auto logger = std::make_shared<spdlog::logger>("foehn", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::move(formatter));
  logger->set_level(is_root ? spdlog::level::info : spdlog::level::err);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace foehn::core
