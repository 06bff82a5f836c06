#pragma once

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::comm {

/// Starts MPI and ends it; one per process, for the life of main.
class Environment {
 public:
  Environment(int* argc, char*** argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
};

/// A group of ranks; owns its MPI communicator. Move-only.
///
/// Methods marked "Collective" must be called by every rank of the group, in the same order.
class Communicator {
 public:
  /// All ranks of the job. @note Collective over the job.
  static Communicator world();
  Communicator(Communicator&& other) noexcept : handle_(other.handle_), scope_(other.scope_) {
    other.handle_ = MPI_COMM_NULL;
  }
  Communicator& operator=(Communicator&&) = delete;
  ~Communicator();

  int rank() const;
  int size() const;
  bool is_root() const { return rank() == 0; }
  MPI_Comm handle() const { return handle_; }
  /// Who shares a failure of this group: all of the job, or, of a group that was split off, a team.
  core::Scope scope() const { return scope_; }

  /// Splits the group: ranks that name the same `colour` form one, in the order of their ranks.
  /// @note Collective.
  Communicator split(int colour) const;
  /// Splits the group into those of each machine. @note Collective.
  Communicator split_by_machine() const;
  /// This rank's number among those of the same machine. @note Collective.
  int rank_on_machine() const;

  /// Runs `work` (no communication inside) on this rank; if it throws on any rank, all throw a
  /// CollectiveError with the message of the lowest failing rank: a usage error keeps exit code 2, any other
  /// has 1. @note Collective.
  void agree(const std::function<void()>& work) const;
  /// Runs work of the root while the others wait, and ends as agree does. Work that takes long shows its
  /// progress (core::beat), so that the watchdogs of the others know that it does not hang. @note Collective.
  void agree_on_root(const std::function<void()>& work) const;

  void broadcast(std::string& text, int root = 0) const;                  ///< @note Collective.
  void broadcast(std::vector<std::int64_t>& values, int root = 0) const;  ///< @note Collective.
  void broadcast(std::vector<double>& values, int root = 0) const;        ///< @note Collective.
  /// The sum of all ranks' values, added one by one in the order of ranks and, within a rank, of its values:
  /// the same bits however the values are shared out among ranks in order. @note Collective.
  double ordered_sum(std::span<const double> values) const;
  /// Adds the values of all ranks, place by place; every rank gets the same bits. @note Collective.
  void sum(std::span<float> values) const;
  /// Every rank's value, in the order of ranks. @note Collective.
  std::vector<double> gather_all(double value) const;
  /// Every rank's text, in the order of ranks, on the root; empty on the others. @note Collective.
  std::vector<std::string> gather(const std::string& text) const;
  /// Whether `mine` is true on any rank. @note Collective.
  bool any(bool mine) const;

  /// Sends numbers to a rank, which must receive as many; messages between two ranks arrive in order.
  void send(std::span<const float> values, int to) const;
  /// Starts to receive numbers; `values` must stay until wait.
  MPI_Request start_receive(std::span<float> values, int from) const;

  /// Ends the whole job at once: for a failure that the other ranks cannot know of.
  [[noreturn]] void abort(int exit_code) const;

 private:
  Communicator(MPI_Comm handle, core::Scope scope) : handle_(handle), scope_(scope) {}
  MPI_Comm handle_;
  core::Scope scope_;
};

/// Cancels the messages that are still under way, before their memory is freed: for leaving after a failure.
void cancel(std::vector<MPI_Request>& requests) noexcept;

/// Waits for the messages that were started.
void wait(std::vector<MPI_Request>& requests);

/// @throws core::Error with MPI's own words if `status` is not MPI_SUCCESS
void check_mpi(int status, const char* doing);

}  // namespace foehn::comm
