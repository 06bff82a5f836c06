#include "foehn/io/packing.hpp"

#include <netcdf.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

bool is_floating(int type) {
  return type == NC_FLOAT || type == NC_DOUBLE;
}

/// What the library fills in where nothing was ever written; nothing for bytes, all of whose values count.
std::optional<double> default_fill(int type) {
  switch (type) {
    case NC_SHORT:
      return NC_FILL_SHORT;
    case NC_USHORT:
      return NC_FILL_USHORT;
    case NC_INT:
      return NC_FILL_INT;
    case NC_UINT:
      return NC_FILL_UINT;
    case NC_INT64:
      return static_cast<double>(NC_FILL_INT64);
    case NC_UINT64:
      return static_cast<double>(NC_FILL_UINT64);
    case NC_FLOAT:
      return NC_FILL_FLOAT;
    case NC_DOUBLE:
      return NC_FILL_DOUBLE;
    default:
      return {};
  }
}

class PackingReader {
 public:
  PackingReader(const NetcdfFile& file, const NetcdfVariable& variable)
      : file_(file), variable_(variable), where_(file.path().string() + ": " + variable.name) {}

  Packing read() {
    if (variable_.text("_Unsigned") == "true")
      throw core::Error(where_ +
                        ": attribute _Unsigned is true; unsigned integers kept as signed are not supported");
    read_scale();
    read_missing();
    read_valid_limits();
    return std::move(packing_);
  }

 private:
  /// The numbers of an attribute, none if it is absent.
  std::vector<double> numbers(const std::string& attribute) const {
    if (const auto text = variable_.text(attribute))
      throw core::Error(where_ + ": attribute " + attribute + " is the text '" + text->substr(0, 64) +
                        "', expected a number");
    return variable_.numbers(attribute);
  }

  double finite_number(const std::string& attribute, double otherwise) const {
    if (!variable_.attributes.contains(attribute)) return otherwise;
    const std::vector<double> found = numbers(attribute);
    if (found.size() != 1 || !std::isfinite(found.front()))
      throw core::Error(where_ + ": attribute " + attribute + " is not a finite number");
    return found.front();
  }

  void read_scale() {
    packing_.scale_factor = finite_number("scale_factor", 1.0);
    packing_.add_offset = finite_number("add_offset", 0.0);
    packing_.is_packed = packing_.scale_factor != 1.0 || packing_.add_offset != 0.0;
    if (packing_.scale_factor == 0) throw core::Error(where_ + ": attribute scale_factor is 0");
  }

  void read_missing() {
    packing_.is_floating = is_floating(variable_.type);
    if (const auto fill = default_fill(variable_.type)) packing_.missing.push_back(*fill);
    // The least number of its type that a packed variable may hold is a fill value, declared or not.
    if (packing_.is_packed && variable_.type == NC_SHORT) packing_.missing.push_back(-32768);
    for (const char* attribute : {"_FillValue", "missing_value"}) {
      for (const double value : numbers(attribute)) {
        packing_.is_declared = packing_.is_declared || !std::isnan(value);
        packing_.missing.push_back(value);
        const bool is_float =
            variable_.type == NC_FLOAT ||
            (variable_.type == NC_DOUBLE && file_.attribute_type(variable_, attribute) == NC_FLOAT);
        if (is_float) packing_.missing_float.push_back(static_cast<float>(value));
      }
    }
  }

  void read_valid_limits() {
    for (const char* attribute : {"valid_min", "valid_max"}) {
      const std::vector<double> found = numbers(attribute);
      if (!found.empty()) set_limit(attribute, std::string(attribute) == "valid_min", found.front());
    }
    const std::vector<double> range = numbers("valid_range");
    if (range.empty()) return;
    if (range.size() != 2)
      throw core::Error(where_ + ": attribute valid_range has " + std::to_string(range.size()) +
                        " numbers, expected 2");
    set_limit("valid_range", true, range[0]);
    set_limit("valid_range", false, range[1]);
  }

  void set_limit(const std::string& attribute, bool is_least, double limit) {
    if (variable_.type == NC_FLOAT) limit = static_cast<double>(static_cast<float>(limit));
    const bool is_of_values = packing_.is_packed && !is_floating(variable_.type) &&
                              is_floating(file_.attribute_type(variable_, attribute));
    if (is_of_values) {
      limit = (limit - packing_.add_offset) / packing_.scale_factor;
      if (packing_.scale_factor < 0) is_least = !is_least;
      // Half a step of packing: the value that is the limit itself may have been rounded either way.
      limit += is_least ? -0.5 : 0.5;
    }
    (is_least ? packing_.valid_minimum : packing_.valid_maximum) = limit;
  }

  const NetcdfFile& file_;
  const NetcdfVariable& variable_;
  std::string where_;
  Packing packing_;
};

template <class Number>
bool holds(const std::vector<Number>& numbers, Number wanted) {
  return std::find(numbers.begin(), numbers.end(), wanted) != numbers.end();
}

}  // namespace

bool Packing::is_missing(double stored) const {
  return std::isnan(stored) || stored < valid_minimum || stored > valid_maximum || holds(missing, stored) ||
         holds(missing_float, static_cast<float>(stored));
}

bool Packing::looks_missing(double stored) const {
  if (is_declared || is_packed || !is_floating) return false;
  constexpr std::array<double, 5> kSentinels{-999, -9999, -99999, -32767, -32768};
  return std::find(kSentinels.begin(), kSentinels.end(), stored) != kSentinels.end();
}

Packing read_packing(const NetcdfFile& file, const NetcdfVariable& variable) {
  return PackingReader(file, variable).read();
}

std::vector<double> read_coordinate(const NetcdfFile& file, const NetcdfVariable& variable) {
  Packing packing = read_packing(file, variable);
  // Longitudes may be whole turns beyond them.
  packing.valid_minimum = -std::numeric_limits<double>::infinity();
  packing.valid_maximum = std::numeric_limits<double>::infinity();
  std::vector<double> values = file.read_doubles(variable);
  for (double& value : values)
    value = packing.is_missing(value) ? std::numeric_limits<double>::quiet_NaN() : packing.unpack(value);
  return values;
}

}  // namespace foehn::io
