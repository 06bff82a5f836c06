#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/service/file_system.hpp"
#include "foehn/service/ticket.hpp"

namespace foehn::service {

/// Where a job stands: its file lies in the spool's folder of this name.
enum class State { queued, claimed, done, failed, held };

std::string folder_name(State state);

/// A job as its submitter knows it.
struct NewJob {
  std::string name;
  std::string text;
};

/// A folder of jobs that any number of services work through.
///
/// A job is one file, and a change of state is one rename of it: a job is in one place at any time, whatever
/// dies when. Neither times of files nor clocks of machines are looked at. The folders are all that there is:
/// a job whose file is removed is gone, and its name is free.
///
///     queued/PRIORITY-SERIAL-NAME.CRASHES.ini, or NAME.ini that a user put there
///     claimed/PRIORITY-SERIAL-NAME.CRASHES.SERVICE.ini
///     done/, failed/ (a message beside each job), held/: as queued/
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

  /// A job, and the file that it is now.
  struct Job {
    State state;
    Ticket ticket;
    std::filesystem::path file;
  };
  /// All jobs by name, those that change their state meanwhile too.
  std::map<std::string, Job> jobs() const;
  /// Jobs of a state other than claimed, in no order.
  std::vector<Ticket> tickets(State state) const;
  std::vector<Claim> claims() const;
  /// What a job holds; nothing if it has moved on.
  std::optional<std::string> text(const Job& job) const;

  /// Queues jobs in this order. Submissions wait for each other.
  /// @throws core::UsageError if the spool has a job of one of the names, and then queues none
  void submit(const std::vector<NewJob>& jobs, std::int64_t priority) const;
  /// The queued jobs in no order, and files NAME.ini that a user put among them.
  struct Queue {
    std::vector<Ticket> tickets;
    std::vector<std::string> unnumbered;
  };
  Queue queue() const;
  /// Makes a queued job of such a file, of the usual priority, unless jobs are being submitted right now.
  /// @return  why it cannot be one; else empty
  std::string number(const std::string& file) const;
  /// Removes a job that is done, and leaves what it drew.
  void forget(const Ticket& done) const;

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
  std::vector<Job> jobs_in(State state) const;
  std::optional<Job> find(const std::string& name, const std::vector<State>& states) const;
  /// Held by the one who queues jobs.
  std::unique_ptr<Lock> submission_lock() const;
  bool move(const std::filesystem::path& from, const std::filesystem::path& to) const;
  /// Moves a job from one of some states; the ticket may change on the way.
  bool move_named(const std::string& name, const std::vector<State>& from, State to,
                  const std::string& message) const;

  FileSystem& files_;
  std::filesystem::path folder_;
};

}  // namespace foehn::service
