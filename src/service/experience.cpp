#include "experience.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "foehn/core/digest.hpp"

namespace foehn::service {

std::string setting_of(const Order& order) {
  const job::Settings& settings = order.settings;
  const auto number = [](auto value) { return value ? fmt::format("{}", *value) : std::string("default"); };
  const std::string text = fmt::format(
      "{}\n{}\n{} {} {} {} {} {}\n{} {} {} {}", settings.prior, settings.gaussian,
      static_cast<int>(settings.method), settings.steps, settings.corrections,
      settings.is_conditioned() ? static_cast<int>(settings.guidance) : static_cast<int>(job::Guidance::none),
      settings.covariance ? static_cast<int>(*settings.covariance) : -1, number(settings.solver_steps),
      number(settings.stride), settings.batch, static_cast<int>(settings.precision), order.threads);
  constexpr std::size_t kDigits = 16;
  return core::sha256(text).substr(0, kDigits);
}

Experience::Cost& Experience::cost_of(const std::string& setting, const std::string& device) {
  const auto found = std::find_if(costs_.begin(), costs_.end(), [&](const Cost& cost) {
    return cost.setting == setting && cost.device == device;
  });
  return found != costs_.end() ? *found : costs_.emplace_back(Cost{.setting = setting, .device = device});
}

void Experience::learn(const nlohmann::json& line, bool is_own) {
  const auto number = [&](const char* name) {
    const auto found = line.find(name);
    return found != line.end() && found->is_number() ? found->get<double>() : 0;
  };
  const auto text = [&](const char* name) {
    const auto found = line.find(name);
    return found != line.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string setting = text("setting"), device = text("device");
  if (setting.empty() || device.empty()) return;
  if (is_own) device_ = device;
  Cost& cost = cost_of(setting, device);
  const double seconds = number("seconds"), loading = number("loading_seconds"),
               instants = number("instants");
  cost.loading_seconds = std::max(cost.loading_seconds, loading);
  if (instants <= 0 || seconds <= loading) return;
  cost.rank_seconds += (seconds - loading) * number("ranks");
  cost.instants += instants;
}

Estimate Experience::of(const Order& order) const {
  const std::string setting = setting_of(order);
  const auto instants = static_cast<double>(
      order.settings.hours * static_cast<std::int64_t>(order.settings.member_numbers().size()));
  Estimate estimate;
  for (const Cost& cost : costs_) {
    if (cost.setting != setting || (!device_.empty() && cost.device != device_)) continue;
    estimate.loading = std::max(estimate.loading, cost.loading_seconds);
    if (cost.instants <= 0 || instants <= 0) continue;
    const double whole = cost.loading_seconds + cost.rank_seconds / cost.instants * instants / ranks_;
    estimate.whole = std::max(estimate.whole.value_or(0), whole);
  }
  return estimate;
}

}  // namespace foehn::service
