#include "foehn/core/units.hpp"

#include <fmt/format.h>
#include <udunits2.h>

#include <cmath>
#include <memory>
#include <string_view>

#include "foehn/core/error.hpp"

namespace foehn::core {

namespace {

struct FreeUnit {
  void operator()(ut_unit* unit) const { ut_free(unit); }
};
using Unit = std::unique_ptr<ut_unit, FreeUnit>;

struct FreeConverter {
  void operator()(cv_converter* converter) const { cv_free(converter); }
};
using Converter = std::unique_ptr<cv_converter, FreeConverter>;

struct FreeSystem {
  void operator()(ut_system* system) const { ut_free_system(system); }
};
using System = std::unique_ptr<ut_system, FreeSystem>;

System load_unit_system() {
  // The library would print to standard error by itself; what went wrong is in our own message.
  ut_set_error_message_handler(ut_ignore);
  System system(ut_read_xml(nullptr));
  if (!system)
    throw Error("cannot read the UDUNITS-2 database of units (is libudunits2's udunits2.xml installed?)");
  return system;
}

/// UDUNITS-2's own database of units, read once.
ut_system* unit_system() {
  static const System system = load_unit_system();
  return system.get();
}

Unit parse_unit(const std::string& text, std::string_view conversion) {
  const auto first = text.find_first_not_of(" \t\n");
  const auto last = text.find_last_not_of(" \t\n");
  const std::string trimmed = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  Unit unit(ut_parse(unit_system(), trimmed.c_str(), UT_UTF8));
  if (!unit) throw Error(fmt::format("{}: unit '{}' is unknown to UDUNITS-2", conversion, text));
  return unit;
}

}  // namespace

UnitConversion unit_conversion(const std::string& from, const std::string& to) {
  const std::string conversion = fmt::format("converting '{}' to '{}'", from, to);
  const Unit unit_from = parse_unit(from, conversion);
  const Unit unit_to = parse_unit(to, conversion);
  if (!ut_are_convertible(unit_from.get(), unit_to.get())) {
    throw Error(fmt::format("{}: the units measure different things", conversion));
  }
  const Converter converter(ut_get_converter(unit_from.get(), unit_to.get()));
  if (!converter) throw Error(fmt::format("{}: UDUNITS-2 has no conversion", conversion));

  const double at_0 = cv_convert_double(converter.get(), 0.0);
  const double at_1 = cv_convert_double(converter.get(), 1.0);
  const double at_2 = cv_convert_double(converter.get(), 2.0);
  const double scale = at_1 - at_0;
  // Logarithmic and reciprocal units bend: their conversion is no scale and offset.
  const bool is_affine =
      std::isfinite(scale) && std::abs(at_2 - at_1 - scale) <= 1e-9 * (std::abs(at_0) + std::abs(at_2));
  if (!is_affine) throw Error(fmt::format("{}: the conversion is not linear", conversion));
  return {.scale = scale, .offset = at_0};
}

}  // namespace foehn::core
