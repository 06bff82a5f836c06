#include "model/coarse_form_json.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

constexpr const char* kConserves = "conserves_means";  // interpolate makes fields of these means
constexpr const char* kTransformsMeans = "transforms_means";
constexpr const char* kRowSizes = "row_sizes";

}  // namespace

CoarseForm coarse_form(const nlohmann::json& json) {
  CoarseForm form;
  json.at("blocks").get_to(form.blocks);
  json.at("every").get_to(form.every);
  json.at("scale").get_to(form.scale);
  form.row_sizes = json.value(kRowSizes, std::vector<std::int64_t>{});
  if (!form.is_of_cells() && !json.value(kConserves, false) && !transforms_means(json))
    throw core::Error(
        fmt::format("expected {} true, found none: the prior was trained by a program before 0.7.0, with "
                    "coarse fields that did not conserve block means; train it again",
                    kConserves));
  return form;
}

bool transforms_means(const nlohmann::json& json) {
  return json.value(kTransformsMeans, false);
}

nlohmann::json coarse_json(const CoarseForm& form, bool transforms_means) {
  nlohmann::json json{{"blocks", form.blocks}, {"every", form.every}, {"scale", form.scale}};
  if (form.is_of_cells())
    json[kRowSizes] = form.row_sizes;
  else
    json[transforms_means ? kTransformsMeans : kConserves] = true;
  return json;
}

}  // namespace foehn::model
