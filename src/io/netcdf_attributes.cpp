#include "netcdf_attributes.hpp"

#include <netcdf.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

/// Sizes come from headers, which may lie: no attribute may hold more bytes or numbers than this.
constexpr std::size_t kLargestAttribute = std::size_t{1} << 24;

void check_status(int status, const std::string& where) {
  if (status != NC_NOERR) throw core::Error(where + ": " + nc_strerror(status));
}

std::string read_characters(int file, int variable, const char* name, std::size_t length,
                            const std::string& where) {
  std::string text(length, '\0');
  if (length > 0) check_status(nc_get_att_text(file, variable, name, text.data()), where);
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  return text;
}

std::string read_strings(int file, int variable, const char* name, std::size_t length,
                         const std::string& where) {
  std::vector<char*> strings(length, nullptr);
  if (length > 0) check_status(nc_get_att_string(file, variable, name, strings.data()), where);
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    if (i > 0) text += '\n';
    if (strings[i] != nullptr) text += strings[i];
  }
  nc_free_string(length, strings.data());
  return text;
}

AttributeValue read_numbers(int file, int variable, const char* name, std::size_t length, nc_type type,
                            const std::string& where) {
  // Unsigned 64-bit numbers may not fit a signed one.
  const bool is_integer = type != NC_FLOAT && type != NC_DOUBLE && type != NC_UINT64;
  if (length == 1 && is_integer) {
    long long value = 0;
    check_status(nc_get_att_longlong(file, variable, name, &value), where);
    return std::int64_t{value};
  }
  if (length == 1 && type == NC_FLOAT) {
    float value = 0;
    check_status(nc_get_att_float(file, variable, name, &value), where);
    return value;
  }
  std::vector<double> values(length);
  if (length > 0) check_status(nc_get_att_double(file, variable, name, values.data()), where);
  if (length == 1) return values.front();
  return values;
}

}  // namespace

Attributes read_attributes(int file, int variable, int count, const std::string& where) {
  Attributes attributes;
  for (int i = 0; i < count; ++i) {
    char name[NC_MAX_NAME + 1] = {};
    check_status(nc_inq_attname(file, variable, i, name), where + ": reading attribute " + std::to_string(i));
    const std::string doing = where + ": reading attribute " + name;
    nc_type type = NC_NAT;
    std::size_t length = 0;
    check_status(nc_inq_att(file, variable, name, &type, &length), doing);
    if (length > kLargestAttribute) {
      throw core::Error(doing + ": it has " + std::to_string(length) + " entries, more than " +
                        std::to_string(kLargestAttribute));
    }
    if (type == NC_CHAR) {
      attributes.emplace(name, read_characters(file, variable, name, length, doing));
    } else if (type == NC_STRING) {
      attributes.emplace(name, read_strings(file, variable, name, length, doing));
    } else if (type >= NC_BYTE && type <= NC_UINT64) {
      attributes.emplace(name, read_numbers(file, variable, name, length, type, doing));
    }
  }
  return attributes;
}

void write_attribute(int file, int variable, const std::string& name, const AttributeValue& value,
                     const std::string& where) {
  const char* key = name.c_str();
  const auto put = [&](const auto& content) {
    using Content = std::decay_t<decltype(content)>;
    if constexpr (std::is_same_v<Content, std::string>) {
      return nc_put_att_text(file, variable, key, content.size(), content.c_str());
    } else if constexpr (std::is_same_v<Content, float>) {
      return nc_put_att_float(file, variable, key, NC_FLOAT, 1, &content);
    } else if constexpr (std::is_same_v<Content, double>) {
      return nc_put_att_double(file, variable, key, NC_DOUBLE, 1, &content);
    } else if constexpr (std::is_same_v<Content, std::vector<double>>) {
      return nc_put_att_double(file, variable, key, NC_DOUBLE, content.size(), content.data());
    } else {
      const long long number = content;
      const bool fits =
          number >= std::numeric_limits<int>::min() && number <= std::numeric_limits<int>::max();
      return nc_put_att_longlong(file, variable, key, fits ? NC_INT : NC_INT64, 1, &number);
    }
  };
  check_status(std::visit(put, value), where + ": writing attribute " + name);
}

}  // namespace foehn::io
