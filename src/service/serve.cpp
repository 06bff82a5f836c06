#include "foehn/service/serve.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "desk.hpp"
#include "experience.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/service/journal.hpp"
#include "foehn/service/presence.hpp"
#include "foehn/service/spool.hpp"
#include "foehn/service/submission.hpp"
#include "run_order.hpp"

namespace foehn::service {

namespace {

/// What a job is worth beginning for: two checkpoints.
constexpr double kCheckpointIntervals = 2;

/// What the root alone has of a service.
class Office {
 public:
  Office(const ServiceOptions& options, const Reader& reader, const process::StopToken& stop, int ranks)
      : clock_(steady_clock()),
        began_(clock_()),
        seconds_(options.seconds),
        stop_(stop),
        spool_(made(options.spool)),
        presence_(spool_, options.beat_seconds, [this] { return must_stop(); }),
        journal_(disk(), spool_.journals() / (presence_.name() + ".jsonl")),
        desk_(
            {.spool = spool_,
             .journal = journal_,
             .service = presence_.name(),
             .machine = machine_identity(),
             .clock = clock_,
             .must_stop = [this] { return must_stop(); },
             .seconds_left = [this] { return seconds_left(); },
             .need = [this, &reader](const std::string& text) { return need_of(reader.order(text, "job")); }},
            options),
        experience_(ranks) {
    spdlog::info("service {} works through {}", presence_.name(), spool_.path().string());
    if (seconds_)
      for (const nlohmann::json& line : read_journals(spool_)) experience_.learn(line, false);
    journal_.write(Event::started, {{"ranks", ranks}});
  }

  /// Waits for a job and begins with it; nothing at the service's end.
  const Task* next() {
    auto found = desk_.wait();
    if (const auto* ending = std::get_if<Ending>(&found)) {
      ending_ = *ending;
      return nullptr;
    }
    task_ = std::move(std::get<Task>(found));
    job_stop_ = process::StopSource();
    presence_.begin(task_->claim, job_stop_);
    nlohmann::json facts{{"job", task_->claim.ticket.name}};
    if (const auto submitted = submitted_at(task_->text))
      facts["waiting_seconds"] = std::max(0.0, static_cast<double>(std::time(nullptr)) - *submitted);
    journal_.write(Event::claimed, facts);
    spdlog::info("job {}: begins", task_->claim.ticket.name);
    return &*task_;
  }

  /// Brings a job back, if it is still this service's.
  void conclude(const JobResult& result) {
    presence_.end();
    const Claim& claim = task_->claim;
    nlohmann::json facts = result.facts;
    facts["job"] = claim.ticket.name;
    longest_loading_ = std::max(longest_loading_, facts.value("loading_seconds", 0.0));
    experience_.learn(facts, true);
    Event event = Event::lost;
    switch (result.outcome) {
      case Outcome::done:
        if (spool_.finish(claim)) event = Event::done;
        break;
      case Outcome::refused:
        facts["message"] = result.message;
        if (spool_.fail(claim, result.message)) event = Event::failed;
        break;
      case Outcome::unsuited:
        spdlog::warn("job {}: left to other services: {}", claim.ticket.name, result.message);
        desk_.leave_to_others(claim.ticket.name);
        put_back(event);
        break;
      case Outcome::busy:
        conclude_busy(result, event, facts);
        break;
      case Outcome::stopped:
        put_back(event);
    }
    journal_.write(event, facts);
    say(event, facts);
    task_.reset();
  }

  /// The ranks no longer agree, such as after a disk was full amid the output: the service ends, and the job
  /// has failed, so that it does not end others as well.
  void give_up(const std::string& message) const {
    const Claim& claim = task_->claim;
    try {
      if (!spool_.fail(claim, message)) return;
      journal_.write(Event::failed, {{"job", claim.ticket.name}, {"message", message}});
    } catch (const core::Error& error) {
      spdlog::error("job {}: {}", claim.ticket.name, error.what());
    }
  }

  Ending leave() {
    desk_.leave();
    journal_.write(Event::ended, nlohmann::json::object());
    return ending_;
  }

  process::StopToken job_stop() const { return job_stop_.token(); }

 private:
  /// Another run writes to the job's folder: it waits, but not forever for one that nobody vouches for.
  void conclude_busy(const JobResult& result, Event& event, nlohmann::json& facts) {
    const std::string& name = task_->claim.ticket.name;
    const std::optional<double> too_long = desk_.avoid(name, result.is_surely_busy);
    if (!too_long) {
      spdlog::info("job {}: waits: {}", name, result.message);
      put_back(event);
      return;
    }
    facts["message"] = fmt::format("{} (for {} now; foehn jobs --retry queues the job again)", result.message,
                                   core::format_duration(*too_long));
    if (spool_.fail(task_->claim, facts["message"])) event = Event::failed;
  }
  Need need_of(const Order& order) const {
    const Estimate estimate = experience_.of(order);
    const double loading = std::max(longest_loading_, estimate.loading);
    const double checkpoints = kCheckpointIntervals * 60 * order.settings.checkpoint_minutes;
    // A job that is short enough to be ended needs no checkpoint.
    return {
        .to_get_anywhere = std::min(loading + checkpoints, estimate.whole.value_or(loading + checkpoints)),
        .to_end = estimate.whole};
  }
  /// Puts the job back, if it is still this service's.
  void put_back(Event& event) {
    if (!spool_.holds(task_->claim)) return;
    spool_.put_back(task_->claim, task_->claim.ticket);
    event = Event::put_back;
  }
  static Spool made(const std::string& folder) {
    const Spool spool(disk(), folder);
    spool.make();
    return spool;
  }
  std::optional<double> seconds_left() const {
    if (!seconds_) return std::nullopt;
    return *seconds_ - (clock_() - began_);
  }
  bool must_stop() const { return stop_.is_requested(); }

  void say(Event event, const nlohmann::json& facts) const {
    const std::string& name = task_->claim.ticket.name;
    if (event == Event::failed)
      spdlog::error("job {}: failed: {}", name, facts.value("message", ""));
    else if (event == Event::lost)
      spdlog::warn("job {}: ended, but it was cancelled, held or taken over meanwhile", name);
    else
      spdlog::info("job {}: {} after {}", name, event_name(event),
                   core::format_duration(facts.value("seconds", 0.0)));
  }

  Clock clock_;
  double began_;
  std::optional<double> seconds_;
  process::StopToken stop_;
  Spool spool_;
  Presence presence_;
  Journal journal_;
  double longest_loading_ = 0;
  Desk desk_;
  Experience experience_;
  std::optional<Task> task_;
  process::StopSource job_stop_;
  Ending ending_ = Ending::drained;
};

process::StopToken with_end(const process::StopToken& stop, const std::optional<double>& seconds) {
  using SteadyClock = std::chrono::steady_clock;
  if (!seconds) return stop;
  return stop.with_deadline(SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                                     std::chrono::duration<double>(*seconds)));
}

}  // namespace

Ending serve(const comm::Communicator& world, const ServiceOptions& options, const Reader& reader,
             comm::Watchdog& watchdog, const process::StopToken& asked) {
  const process::StopToken stop = with_end(asked, options.seconds);  // on every rank: of any team
  std::unique_ptr<Office> office;                                    // of the root
  world.agree_on_root([&] { office = std::make_unique<Office>(options, reader, stop, world.size()); });
  PriorShelf shelf(static_cast<std::size_t>(options.priors));
  for (;;) {
    std::string name, text;
    world.agree_on_root([&] {
      const Task* task = office->next();
      if (task == nullptr) return;
      name = task->claim.ticket.name;
      text = task->text;
    });
    world.broadcast(name);
    if (name.empty()) break;
    world.broadcast(text);
    JobResult result;
    try {
      result = run_order(world, text, name, reader, shelf, watchdog, office ? office->job_stop() : stop);
    } catch (const core::Error& error) {
      if (office) office->give_up(error.what());
      throw;
    }
    world.agree_on_root([&] { office->conclude(result); });
  }
  std::vector<std::int64_t> ending{0};
  world.agree_on_root([&] { ending[0] = static_cast<std::int64_t>(office->leave()); });
  world.broadcast(ending);
  return static_cast<Ending>(ending[0]);
}

}  // namespace foehn::service
