#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace foehn::core {

/// An error a user can act on: it names the file, variable, option or time, what was expected and what was
/// found.
///
/// Callers on the way up add context, so that the message reads from the outside in:
/// "reading tas_6hr.nc: time axis: step 7 is 12 h, expected 6 h".
class Error : public std::runtime_error {
 public:
  explicit Error(std::string message) : std::runtime_error(message), message_(std::move(message)) {}

  /// Prepends "context: " to the message.
  void add_context(std::string_view context) { message_ = std::string(context) + ": " + message_; }

  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// A mistake on the command line or in a configuration file; the program exits with code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// The ranks that know of a failure: those that share a trajectory, or all of the job.
enum class Scope { team, world };

/// A failure that every rank of a team, or of the whole job, finds at the same point of shared work, such as
/// in a sum they share: none of these is left waiting for another, so all can leave in order. Whoever catches
/// a team's failure must tell the other teams.
class CollectiveError : public Error {
 public:
  CollectiveError(Scope scope, std::string message, int exit_code = 1)
      : Error(std::move(message)), scope_(scope), exit_code_(exit_code) {}
  Scope scope() const { return scope_; }
  int exit_code() const { return exit_code_; }

 private:
  Scope scope_;
  int exit_code_;
};

/// Runs `work`; an Error that leaves it carries `context` in front.
template <class Work>
decltype(auto) with_context(std::string_view context, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

}  // namespace foehn::core
