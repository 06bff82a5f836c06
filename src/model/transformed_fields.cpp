#include "foehn/model/transformed_fields.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "censored_process.hpp"
#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kHoursRead = 64;

/// Calls `use(values, first)` for parts of a period, values [hour, variable, y, x], float32.
template <class Use>
void for_each_part(const io::FieldReader& reader, io::IndexRange period, std::int64_t hours_at_once,
                   const std::function<void(std::int64_t)>& advanced, Use&& use) {
  const auto& grid = reader.grid();
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  for (std::int64_t first = period.first; first < period.last; first += hours_at_once) {
    const std::int64_t count = std::min(hours_at_once, period.last - first);
    at::Tensor values = at::empty({count, variables, grid.ny(), grid.nx()}, at::kFloat);
    reader.read(first, count, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    use(values, first);
    advanced(count);
  }
}

/// Refuses values beyond the bounds. @param fields  of one variable, [hour, y, x]
void check_part(const observation::Transform& transform, const io::FieldReader& reader, std::size_t variable,
                const at::Tensor& fields, std::int64_t first) {
  const at::Tensor beyond = fields.lt(transform.lowest() - transform.tolerance())
                                .logical_or(fields.gt(transform.highest() + transform.tolerance()));
  if (!beyond.any().item<bool>()) return;
  const at::Tensor place = beyond.nonzero()[0];
  const auto hour = place[0].item<std::int64_t>();
  const std::int64_t cell =
      place[1].item<std::int64_t>() * reader.grid().nx() + place[2].item<std::int64_t>();
  const io::Variable& of = reader.variables()[variable];
  // "file: variable: missing value at ...", which this one is not.
  std::string message = reader.describe_missing(
      first + hour, static_cast<std::int64_t>(variable) * reader.grid().cells() + cell);
  const std::string_view missing = "missing value";
  if (const std::size_t at = message.find(missing); at != std::string::npos)
    message.replace(at, missing.size(),
                    fmt::format("{:.6g} {}", fields[hour].flatten()[cell].item<double>(), of.units));
  throw core::Error(
      fmt::format("{} lies beyond the bounds of data.transforms {}={}; expected {}, to within {:.3g}",
                  message, of.name, transform.text(), transform.bounds_text(), transform.tolerance()));
}

}  // namespace

observation::Transforms transforms_of(const std::vector<std::string>& words,
                                      const std::vector<io::Variable>& variables) {
  if (words.empty()) return {};
  observation::Transforms transforms(variables.size());
  std::set<std::string> given;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [&](const io::Variable& variable) { return variable.name == name; });
    if (equals == std::string::npos)
      throw core::UsageError(fmt::format(
          "data.transforms: expected VARIABLE=TRANSFORM, such as pr=power:0.5, found '{}'", word));
    if (found == variables.end()) {
      std::vector<std::string> names;
      for (const io::Variable& variable : variables) names.push_back(variable.name);
      throw core::UsageError(fmt::format("data.transforms: expected one of the variables, {}, found '{}'",
                                         fmt::join(names, ", "), name));
    }
    if (!given.insert(name).second)
      throw core::UsageError(fmt::format("data.transforms: {} is given twice", name));
    try {
      transforms[static_cast<std::size_t>(found - variables.begin())] =
          observation::Transform::parse(word.substr(equals + 1));
    } catch (const core::Error& error) {
      throw core::UsageError(fmt::format("data.transforms: {}: {}", name, error.what()));
    }
  }
  return observation::any(transforms) ? transforms : observation::Transforms();
}

std::string text_of(const observation::Transforms& transforms, const std::vector<io::Variable>& variables) {
  std::string text;
  for (std::size_t i = 0; i < transforms.size(); ++i)
    if (!transforms[i].is_none())
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", variables[i].name, transforms[i].text());
  return text;
}

void check_bounds(const io::FieldReader& reader, io::IndexRange period,
                  const observation::Transforms& transforms,
                  const std::function<void(std::int64_t)>& advanced) {
  if (!observation::any(transforms)) return;
  for_each_part(reader, period, kHoursRead, advanced, [&](const at::Tensor& values, std::int64_t first) {
    for (std::size_t variable = 0; variable < transforms.size(); ++variable)
      if (!transforms[variable].is_none())
        check_part(transforms[variable], reader, variable,
                   values.select(1, static_cast<std::int64_t>(variable)), first);
  });
}

std::int64_t TransformedFields::passes(const observation::Transforms& transforms) {
  return observation::any(transforms) ? 2 : 0;
}

TransformedFields::TransformedFields(const io::FieldReader& reader, io::IndexRange period,
                                     observation::Transforms transforms,
                                     const std::function<void(std::int64_t)>& advanced)
    : transforms_(std::move(transforms)), first_(period.first), drawn_(transforms_.size()) {
  if (!observation::any(transforms_)) return;
  const std::vector<std::int64_t> shape{reader.grid().ny(), reader.grid().nx()};
  std::vector<CensoredMargins> margins(transforms_.size(), CensoredMargins(shape));
  const auto has_atom = [&](std::size_t variable) { return transforms_[variable].has_atom(); };
  for_each_part(reader, period, kHoursRead, advanced, [&](const at::Tensor& values, std::int64_t first) {
    for (std::size_t variable = 0; variable < transforms_.size(); ++variable) {
      const observation::Transform& transform = transforms_[variable];
      if (transform.is_none()) continue;
      const at::Tensor fields = values.select(1, static_cast<std::int64_t>(variable));
      check_part(transform, reader, variable, fields, first);
      if (has_atom(variable)) margins[variable].add(transform.apply(fields), fields.le(transform.dry()));
    }
  });
  const auto is_drawn = [&](std::size_t variable) {
    return has_atom(variable) && margins[variable].any_dry();
  };
  for (std::size_t variable = 0; variable < transforms_.size(); ++variable) {
    if (!is_drawn(variable)) continue;
    if (!margins[variable].any_wet())
      throw core::Error(fmt::format(
          "variable '{0}' is always dry: no value is above {1} {2}, the DRY of data.transforms {0}={3}",
          reader.variables()[variable].name, transforms_[variable].dry(), reader.variables()[variable].units,
          transforms_[variable].text()));
    drawn_[variable] = at::empty({period.size(), shape[0], shape[1]}, at::kFloat);
  }
  const std::int64_t hours = std::max<std::int64_t>(1, kMostValues / (shape[0] * shape[1]));
  for_each_part(reader, period, hours, advanced, [&](const at::Tensor& values, std::int64_t first) {
    for (std::size_t variable = 0; variable < transforms_.size(); ++variable) {
      if (!is_drawn(variable)) continue;
      const observation::Transform& transform = transforms_[variable];
      const at::Tensor fields = values.select(1, static_cast<std::int64_t>(variable));
      const double limit = transform.apply(at::scalar_tensor(transform.dry())).item<double>();
      drawn_[variable]
          .narrow(0, first - first_, values.size(0))
          .copy_(draw_censored(transform.apply(fields), fields.le(transform.dry()),
                               margins[variable].estimate(limit), limit,
                               {static_cast<std::uint64_t>(variable), static_cast<std::uint64_t>(first)}));
    }
  });
}

at::Tensor TransformedFields::at(const at::Tensor& physical, std::int64_t hour) const {
  if (transforms_.empty()) return physical;
  at::Tensor fields = observation::apply(transforms_, physical);
  for (std::size_t i = 0; i < transforms_.size(); ++i) {
    if (!drawn_[i].defined()) continue;
    const auto variable = static_cast<std::int64_t>(i);
    at::Tensor field = fields.select(0, variable);
    field.copy_(at::where(physical.select(0, variable).le(transforms_[i].dry()),
                          drawn_[i].select(0, hour - first_).to(at::kDouble), field));
  }
  return fields;
}

}  // namespace foehn::model
