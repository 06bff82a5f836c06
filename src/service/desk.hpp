#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "foehn/service/journal.hpp"
#include "foehn/service/presence.hpp"
#include "foehn/service/serve.hpp"
#include "foehn/service/spool.hpp"
#include "watch.hpp"

namespace foehn::service {

/// A job that is this service's.
struct Task {
  Claim claim;
  std::string text;
};

/// The seconds that a job needs.
struct Need {
  double to_get_anywhere = 0;
  std::optional<double> to_end;  ///< as far as it is known
};

/// Where the root of a service takes jobs from a spool and brings them back.
class Desk {
 public:
  struct Surroundings {
    const Spool& spool;
    const Journal& journal;
    std::string service;  ///< this one's name
    std::string machine;  ///< this one's
    Clock clock;
    std::function<bool()> must_stop;                      ///< has it been asked to, or is the time up?
    std::function<std::optional<double>()> seconds_left;  ///< nothing: any number
    /// The time that a job needs, from its text.
    std::function<Need(const std::string& text)> need;
  };
  Desk(Surroundings surroundings, const ServiceOptions& options);

  /// The first job that can be had now, or how the service ends; nothing if it is to wait. Puts jobs of dead
  /// services back into the queue.
  std::optional<std::variant<Task, Ending>> look();
  /// The same, waiting for it.
  std::variant<Task, Ending> wait();

  /// Leaves a job alone for a while that is back in the queue, since another run writes to its folder.
  /// @param is_sure  the system vouches for the other run, not only a file that a dead one may have left
  /// @return         how long it has been so, in seconds, if that is too long; nothing if the job is to wait
  std::optional<double> avoid(const std::string& name, bool is_sure);
  /// Takes no more jobs of a name.
  void leave_to_others(const std::string& name);
  /// Puts back whatever is still this service's.
  void leave() const;

 private:
  void list();
  void review_claims();
  void take_over(const Claim& claim) const;
  void number(const std::vector<std::string>& files);
  std::optional<Need> need_of(const Ticket& ticket) const;
  std::optional<Task> take_next();
  std::optional<Task> take_fitting(double seconds_left);
  std::optional<Task> read(const Claim& claim) const;
  std::optional<Task> take(const Ticket& ticket) const;
  bool has_unnumbered() const;
  bool is_for_others(const Ticket& ticket) const;

  Surroundings in_;
  ServiceOptions options_;
  Watch watch_;
  std::vector<Ticket> queue_;  ///< as last listed, without those that were looked at; the first is last
  std::vector<Claim> strays_;  ///< claims of this service that it does not know of
  std::map<std::string, double> avoided_;  ///< by name, until when
  struct Busy {
    double since = 0, last = 0;
  };
  std::map<std::string, Busy> busy_;  ///< by name, when other runs were seen to write to their folders
  struct Unnumbered {
    std::string text;
    std::optional<double> since;  ///< when the text was first seen as it is
    bool is_refused = false;      ///< as the log says
  };
  std::map<std::string, Unnumbered> unnumbered_;  ///< files that users put into the queue
  std::set<std::string> for_others_;              // jobs that this service cannot run
  std::optional<double> listed_at_, idle_since_;
  bool all_are_clear_ = true;  ///< no claim is of a service that may be dead
  int too_long_ = 0;           ///< jobs for which the time does not suffice
};

}  // namespace foehn::service
