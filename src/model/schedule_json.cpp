#include "model/schedule_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

constexpr const char* kVpCosine = "vp-cosine";
constexpr const char* kEdm = "edm";

void check(const diffusion::VpCosine& schedule) {
  if (!(schedule.eta > 0 && schedule.eta < 1))
    throw core::Error(fmt::format("eta: expected a number between 0 and 1, found {}", schedule.eta));
}

void check(const diffusion::Edm& schedule) {
  if (!(schedule.sigma_min > 0 && schedule.sigma_min < schedule.sigma_max &&
        std::isfinite(schedule.sigma_max)))
    throw core::Error(fmt::format("sigma_min, sigma_max: expected 0 < sigma_min < sigma_max, found {} and {}",
                                  schedule.sigma_min, schedule.sigma_max));
  if (!(schedule.sigma_data > 0 && std::isfinite(schedule.sigma_data)))
    throw core::Error(fmt::format("sigma_data: expected a positive number, found {}", schedule.sigma_data));
}

}  // namespace

diffusion::Schedule schedule_from(const nlohmann::json& json) {
  const auto name = json.at("name").get<std::string>();
  const auto number = [&](const char* key) { return json.at(key).get<double>(); };
  if (name == kVpCosine) {
    const diffusion::VpCosine schedule{.eta = number("eta")};
    check(schedule);
    return schedule;
  }
  if (name == kEdm) {
    const diffusion::Edm schedule{.sigma_min = number("sigma_min"),
                                  .sigma_max = number("sigma_max"),
                                  .sigma_data = number("sigma_data")};
    check(schedule);
    return schedule;
  }
  throw core::Error(fmt::format("expected '{}' or '{}', found '{}'", kVpCosine, kEdm, name));
}

nlohmann::json schedule_json(const diffusion::Schedule& schedule) {
  if (const diffusion::VpCosine* cosine = schedule.vp_cosine())
    return {{"name", kVpCosine}, {"eta", cosine->eta}};
  const diffusion::Edm& edm = *schedule.edm();
  return {{"name", kEdm},
          {"sigma_min", edm.sigma_min},
          {"sigma_max", edm.sigma_max},
          {"sigma_data", edm.sigma_data}};
}

}  // namespace foehn::model
