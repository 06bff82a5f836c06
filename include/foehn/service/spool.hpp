#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/service/file_system.hpp"
#include "foehn/service/ticket.hpp"

namespace foehn::service {

/// Where a job stands: its file lies in the spool's folder of this name.
enum class State { queued, claimed, done, failed, held };

std::string folder_name(State state);

/// A folder of jobs that any number of services work through.
///
/// A job is one file, and a change of state is one rename of it: a job is in one place at any time, whatever
/// dies when. Neither times of files nor clocks of machines are looked at.
///
///     queued/PRIORITY-SERIAL-NAME.CRASHES.ini
///     claimed/PRIORITY-SERIAL-NAME.CRASHES.SERVICE.ini
///     done/, failed/ (a message beside each job), held/: as queued/
///     names/NAME: that are taken
///     services/SERVICE/: services that live
///     journal/SERVICE.jsonl: what services did
class Spool {
 public:
  /// @param files  outlives it
  Spool(FileSystem& files, const std::filesystem::path& folder);

  /// Makes what is absent of its folders.
  void make() const;
  /// @throws core::UsageError if the folder is not a spool
  void check() const;

  /// Jobs of a state other than claimed, in no order.
  std::vector<Ticket> tickets(State state) const;
  std::vector<Claim> claims() const;
  /// What a job that arrives now gets.
  std::int64_t next_serial() const;

  /// Was a job of this name queued before, whatever became of it?
  bool knows(const std::string& name) const;
  /// Queues a job.
  /// @throws core::UsageError if the spool knows its name
  void submit(const Ticket& ticket, const std::string& text) const;

  /// Takes a queued job.
  /// @return  false if another was faster
  bool take(const Claim& claim) const;
  /// Is it still this service's?
  bool holds(const Claim& claim) const;
  /// @throws core::Error if it is gone
  std::string text(const Claim& claim) const;
  /// Puts a job back into the queue, as another ticket if it has crashed once more.
  void put_back(const Claim& claim, const Ticket& ticket) const;
  /// @return  false if the claim was lost
  bool finish(const Claim& claim) const;
  /// @return  false if the claim was lost
  bool fail(const Claim& claim, const std::string& message) const;

  // What users ask for; false if the job's state does not allow it.
  /// Moves a job that is queued, held or being run to the failed ones; the service that runs it stops.
  bool cancel(const std::string& name) const;
  /// Keeps a job that is queued or being run out of the queue; the service that runs it writes a checkpoint.
  bool hold(const std::string& name) const;
  /// Queues a job that is held.
  bool release(const std::string& name) const;
  /// Queues a job that failed, with no crash counted.
  bool retry(const std::string& name) const;
  /// The state of a job; nothing if there is none of the name.
  std::optional<State> state_of(const std::string& name) const;

  /// Why a job failed; empty if nothing says so.
  std::string message(const Ticket& ticket) const;

  FileSystem& files() const { return files_; }
  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path folder(State state) const { return folder_ / folder_name(state); }
  std::filesystem::path services() const { return folder_ / "services"; }
  std::filesystem::path journals() const { return folder_ / "journal"; }

 private:
  /// A job as a user names it.
  struct Found {
    State state;
    Ticket ticket;
    std::filesystem::path file;
  };
  std::optional<Found> find(const std::string& name, const std::vector<State>& states) const;
  bool move(const std::filesystem::path& from, const std::filesystem::path& to) const;
  /// Moves a job from one of some states; the ticket may change on the way.
  bool move_named(const std::string& name, const std::vector<State>& from, State to,
                  const std::string& message) const;

  FileSystem& files_;
  std::filesystem::path folder_;
};

}  // namespace foehn::service
