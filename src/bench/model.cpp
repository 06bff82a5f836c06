#include "foehn/bench/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "foehn/bench/step_timing.hpp"

namespace foehn::bench {

namespace {

constexpr std::int64_t kMostRanks = 1024;
constexpr double kShare = 0.05;
constexpr std::array<std::int64_t, 5> kYears{1, 3, 10, 30, 100};

double mean_over(const comm::Communicator& world, double mine) {
  const std::vector<double> all = world.gather_all(mine);
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

double most_over(const comm::Communicator& world, double mine) {
  const std::vector<double> all = world.gather_all(mine);
  return *std::max_element(all.begin(), all.end());
}

/// What a rank alone takes for so many hours, the mean over all ranks.
StepTiming timed_alone(const comm::Communicator& world, const comm::Communicator& alone,
                       const Subject& subject, std::int64_t hours, std::int64_t batch,
                       const process::Hardware& hardware) {
  const auto transport = comm::make_transport(alone, hardware.device, hardware.transport);
  world.any(false);
  StepTiming timing = time_steps(subject, *transport, hours, batch, hardware.device);
  for (double* seconds : {&timing.seconds, &timing.estimates.seconds, &timing.products.seconds,
                          &timing.gaussian_products.seconds})
    *seconds = mean_over(world, *seconds);
  return timing;
}

Model::Check checked(const comm::Communicator& world, const Model& model, const Subject& subject, int ranks,
                     std::int64_t hours, std::int64_t batch, const process::Hardware& hardware) {
  const comm::Communicator team = world.split(world.rank() / ranks);
  const auto transport = comm::make_transport(team, hardware.device, hardware.transport);
  world.any(false);
  const StepTiming timing = time_steps(subject, *transport, hours, batch, hardware.device);
  return {.ranks = ranks,
          .hours = hours,
          .measured = mean_over(world, timing.seconds),
          .predicted = predict(model.parts, model.link, hours, ranks).total(),
          .sent = most_over(world, timing.sent_bytes),
          .predicted_sent = ranks == 1   ? 0.0
                            : ranks == 2 ? model.parts.end_bytes
                                         : model.parts.bytes};
}

/// 1, 2, 4, ... 1024.
std::vector<std::int64_t> tabled_ranks() {
  std::vector<std::int64_t> all;
  for (std::int64_t ranks = 1; ranks <= kMostRanks; ranks *= 2) all.push_back(ranks);
  return all;
}

std::string parts_text(const StepParts& parts, const LinkSpeed& link) {
  constexpr double kMicro = 1e-6, kMilli = 1e-3, kMega = 1e6, kGiga = 1e9;
  std::string text = "parts of a step, as measured:\n";
  const auto passes = [&](const char* what, const Passes& one) {
    if (one.per_step == 0) return;
    text += fmt::format("  {:<12} {:.4g} per step, {:.4g} s per call of {} windows, one per {} h\n", what,
                        one.per_step, one.seconds_per_call, one.batch, one.every);
  };
  passes("estimates", parts.passes[0]);
  passes("products", parts.passes[1]);
  return text +
         fmt::format(
             "  {:<12} {:.4g} ms per step and {:.4g} us per hour of a slab (launches, guidance, sampler)\n"
             "  {:<12} {:.4g} MB in {:.4g} messages per step: {:.4g} us and {:.4g} GB/s\n"
             "  {:<12} {:.4g} per step: {:.4g} us each for two ranks\n",
             "outside", parts.fixed_seconds / kMilli, parts.hour_seconds / kMicro, "halos",
             parts.bytes / kMega, parts.messages, link.message_seconds / kMicro,
             link.bytes_per_second / kGiga, "sums", parts.sums, link.sum_seconds / kMicro);
}

std::string checks_text(const std::vector<Model::Check>& checks) {
  constexpr double kMega = 1e6;
  std::string text =
      fmt::format("checked against steps taken here:\n{:>7}  {:>6}  {:>12}  {:>12}  {:>7}  {:>9}  {:>9}\n",
                  "ranks", "hours", "s/step", "predicted", "ratio", "MB sent", "predicted");
  for (const Model::Check& one : checks)
    text += fmt::format("{:>7}  {:>6}  {:>12.4g}  {:>12.4g}  {:>7.2f}  {:>9.3g}  {:>9.3g}\n", one.ranks,
                        one.hours, one.measured, one.predicted, one.predicted / one.measured,
                        one.sent / kMega, one.predicted_sent / kMega);
  return text;
}

std::optional<StepCost> cost_of(const Model& model, std::int64_t ranks, std::int64_t years) {
  const std::int64_t hours = years * model.steps_per_year;
  if (ranks > hours / model.parts.period) return std::nullopt;  // some would own no hour
  return predict(model.parts, model.link, hours, ranks);
}

std::string table_text(const Model& model) {
  std::string text = "predicted seconds per step (and the share of exchanges between ranks):\n  ranks";
  for (const std::int64_t years : kYears) text += fmt::format("  {:>10} a      ", years);
  text += "\n";
  for (const std::int64_t ranks : tabled_ranks()) {
    text += fmt::format("{:>7}", ranks);
    for (const std::int64_t years : kYears) {
      const auto cost = cost_of(model, ranks, years);
      text += cost ? fmt::format("  {:>10.4g} ({:>4.1f}%)", cost->total(), 100 * cost->exchanged_share())
                   : fmt::format("  {:>10}        ", "-");
    }
    text += "\n";
  }
  text += fmt::format("exchanges take {:.0f} % of a step from so many ranks on:", 100 * kShare);
  for (const std::int64_t years : kYears) {
    const auto ranks =
        ranks_of_share(model.parts, model.link, years * model.steps_per_year, kShare, kMostRanks);
    text += fmt::format("{} {} a: {}", years == kYears.front() ? "" : ";", years,
                        ranks ? fmt::format("{}", *ranks) : fmt::format("more than {}", kMostRanks));
  }
  return text + "\n";
}

}  // namespace

Model make_model(const comm::Communicator& world, const Subject& subject, std::int64_t batch,
                 const process::Hardware& hardware) {
  constexpr double kYearSeconds = 365.25 * 86400;
  // Whole batches of estimates, and more hours than a window on each rank of the largest team.
  const std::int64_t window = 2 * std::max(subject.markov_order, subject.gaussian_order) + 1;
  const std::int64_t unit = std::lcm(batch, kTimedPeriod);
  const std::int64_t few = (std::max(window, 2 * batch) + unit - 1) / unit * unit, more = 2 * few;

  Model model;
  model.steps_per_year = std::llround(kYearSeconds / static_cast<double>(subject.step_seconds));
  const comm::Communicator alone = world.split(world.rank());
  const StepTiming with_few = timed_alone(world, alone, subject, few, batch, hardware),
                   with_more = timed_alone(world, alone, subject, more, batch, hardware);
  model.parts = parts_of(subject, batch, with_few, few, with_more, more);
  const auto transport = comm::make_transport(world, hardware.device, hardware.transport);
  model.link = time_link(subject, *transport, hardware.device);
  for (double* seconds : {&model.link.message_seconds, &model.link.bytes_per_second, &model.link.sum_seconds,
                          &model.link.sum_hour_seconds})
    *seconds = mean_over(world, *seconds);
  for (int ranks = 1; ranks <= world.size() && world.size() % ranks == 0; ranks *= 2)
    model.checks.push_back(checked(world, model, subject, ranks, more * world.size(), batch, hardware));
  return model;
}

std::string describe(const Model& model) {
  return parts_text(model.parts, model.link) + checks_text(model.checks) + table_text(model);
}

nlohmann::json record(const Model& model) {
  const StepParts& parts = model.parts;
  nlohmann::json passes = nlohmann::json::array(), checks = nlohmann::json::array(),
                 predictions = nlohmann::json::array();
  for (const Passes& one : parts.passes)
    passes.push_back({{"per_step", one.per_step},
                      {"one_window_per_hours", one.every},
                      {"batch", one.batch},
                      {"is_padded", one.is_padded},
                      {"seconds_per_call", one.seconds_per_call}});
  for (const Model::Check& one : model.checks)
    checks.push_back({{"ranks", one.ranks},
                      {"hours", one.hours},
                      {"seconds_per_step", one.measured},
                      {"predicted_seconds_per_step", one.predicted},
                      {"sent_bytes", one.sent},
                      {"predicted_sent_bytes", one.predicted_sent}});
  for (const std::int64_t ranks : tabled_ranks())
    for (const std::int64_t years : kYears)
      if (const auto cost = cost_of(model, ranks, years))
        predictions.push_back({{"ranks", ranks},
                               {"years", years},
                               {"seconds_per_step", cost->total()},
                               {"denoisers", cost->denoisers},
                               {"outside", cost->outside},
                               {"exchanges", cost->exchanges}});
  return {{"passes", passes},
          {"fixed_seconds", parts.fixed_seconds},
          {"hour_seconds", parts.hour_seconds},
          {"messages", parts.messages},
          {"bytes", parts.bytes},
          {"end_bytes", parts.end_bytes},
          {"sums", parts.sums},
          {"link",
           {{"message_seconds", model.link.message_seconds},
            {"bytes_per_second", model.link.bytes_per_second},
            {"sum_seconds", model.link.sum_seconds},
            {"sum_hour_seconds", model.link.sum_hour_seconds}}},
          {"checks", checks},
          {"predictions", predictions}};
}

}  // namespace foehn::bench
