// Observations at points in a table: comma-separated values with a header.
#include <fmt/format.h>

#include <boost/tokenizer.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "io/point_data.hpp"

namespace foehn::io {

namespace {

constexpr std::size_t kLongestLine = 1 << 16;

std::string without_spaces(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Fields between commas; those that hold one are in double quotes.
std::vector<std::string> fields_of(const std::string& line) {
  using Separator = boost::escaped_list_separator<char>;
  std::vector<std::string> fields;
  try {
    for (const std::string& field : boost::tokenizer<Separator>(line, Separator('\\', ',', '"')))
      fields.push_back(without_spaces(field));
  } catch (const boost::escaped_list_error&) {
    throw core::Error("a backslash must stand before a quote, a backslash or the letter n");
  }
  return fields;
}

/// NaN where it says that there is no value.
double number_of(const std::string& text, const std::string& column) {
  if (text.empty() || text == "NA" || text == "NaN" || text == "nan") return kNotKnown;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0') throw core::Error(fmt::format("{}: expected a number, found '{}'", column, text));
  return value;
}

/// A column of values, of a table that has one per variable.
struct ValueColumn {
  std::size_t variable = 0;
  std::size_t value = 0;
  core::UnitConversion conversion;
  std::optional<std::size_t> std;
  double std_scale = 1;
};

/// "tas[K]" in two.
struct Heading {
  std::string name, units;
  bool has_units = false;
};
Heading heading_of(const std::string& text) {
  const auto open = text.find('[');
  if (open == std::string::npos || text.back() != ']') return {text, "", false};
  return {without_spaces(text.substr(0, open)), without_spaces(text.substr(open + 1, text.size() - open - 2)),
          true};
}

class Table {
 public:
  Table(const std::vector<std::string>& header, const std::vector<Variable>& wanted) : wanted_(wanted) {
    for (std::size_t i = 0; i < header.size(); ++i)
      if (!columns_.emplace(header[i], i).second)
        throw core::Error(fmt::format("the header names the column '{}' twice", header[i]));
    width_ = header.size();
    for (const char* needed : {"time", "lat", "lon"})
      if (!columns_.contains(needed))
        throw core::Error(
            fmt::format("the header has no column '{}'; expected time, lat, lon and values, found {}", needed,
                        fmt::join(header, ", ")));
    if (columns_.contains("method") != columns_.contains("begin"))
      throw core::Error(
          "the header has only one of the columns 'begin' and 'method': means and sums need both");
    if (!columns_.contains("value")) {
      for (std::size_t i = 0; i < header.size(); ++i) add_value_column(header[i], i);
      return;
    }
    for (const char* needed : {"variable", "unit"})
      if (!columns_.contains(needed))
        throw core::Error(
            fmt::format("the header has no column '{}', which a table with a column 'value' needs", needed));
  }

  void add(const std::vector<std::string>& fields, PointCollector& collector) const {
    if (fields.size() != width_)
      throw core::Error(fmt::format("expected {} fields, as in the header, found {}", width_, fields.size()));
    const auto text = [&](const char* column) {
      const auto found = columns_.find(column);
      return found == columns_.end() ? std::string() : fields[found->second];
    };
    const auto number = [&](const char* column) { return number_of(text(column), column); };
    const Place place{text("station"), number("lat"), number("lon"), number("height")};
    const PointSampling sampling = point_sampling(text("method"));
    PointValue value;
    value.span.end = calendar::parse_seconds(text("time"), calendar::Calendar::standard);
    value.span.begin = sampling == PointSampling::snapshot
                           ? value.span.end
                           : calendar::parse_seconds(text("begin"), calendar::Calendar::standard);
    const auto add_value = [&](std::size_t variable, const core::UnitConversion& conversion, double found,
                               double std) {
      value.value = found * conversion.scale + conversion.offset;
      value.std = std;
      core::with_context(wanted_[variable].name, [&] { collector.add(variable, sampling, place, value); });
    };
    for (const ValueColumn& column : values_)
      add_value(column.variable, column.conversion,
                number_of(fields[column.value], wanted_[column.variable].name),
                column.std ? column.std_scale * number_of(fields[*column.std], "std") : kNotKnown);
    if (!columns_.contains("value")) return;
    const std::optional<std::size_t> variable = wanted_named(text("variable"));
    if (!variable) return;
    if (text("unit").empty()) throw core::Error(fmt::format("{}: the unit is missing", text("variable")));
    const core::UnitConversion conversion = core::unit_conversion(text("unit"), wanted_[*variable].units);
    add_value(*variable, conversion, number("value"), std::abs(conversion.scale) * number("std"));
  }

 private:
  std::optional<std::size_t> wanted_named(const std::string& name) const {
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (name == wanted_[i].name || (!name.empty() && name == wanted_[i].standard_name)) return i;
    return std::nullopt;
  }

  void add_value_column(const std::string& text, std::size_t place) {
    const Heading heading = heading_of(text);
    const std::optional<std::size_t> variable = wanted_named(heading.name);
    if (!variable) return;
    const auto conversion_of = [&](const Heading& of) {
      if (!of.has_units || of.units.empty())
        throw core::Error(
            fmt::format("column '{}': the unit is missing; expected one in brackets, such as {}[{}]", of.name,
                        of.name, wanted_[*variable].units));
      return core::with_context(fmt::format("column '{}'", of.name),
                                [&] { return core::unit_conversion(of.units, wanted_[*variable].units); });
    };
    ValueColumn column{*variable, place, conversion_of(heading), {}, 1};
    for (const auto& [name, other] : columns_) {
      const Heading std = heading_of(name);
      if (std.name != heading.name + "_std") continue;
      column.std = other;
      column.std_scale = std::abs(conversion_of(std).scale);
    }
    values_.push_back(column);
  }

  const std::vector<Variable>& wanted_;
  std::map<std::string, std::size_t> columns_;
  std::size_t width_ = 0;
  std::vector<ValueColumn> values_;  // none: one value per row
};

}  // namespace

std::vector<PointData> read_point_table(const std::filesystem::path& path,
                                        const std::vector<Variable>& wanted) {
  std::ifstream stream(path);
  PointCollector collector(path, calendar::Calendar::standard);
  std::optional<Table> table;
  std::string line;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    core::with_context(fmt::format("line {}", number), [&] {
      if (line.size() > kLongestLine || line.find('\0') != std::string::npos)
        throw core::Error("expected comma-separated values, or a NetCDF file");
      if (without_spaces(line).empty() || line.front() == '#') return;
      const std::vector<std::string> fields = fields_of(line);
      if (table)
        table->add(fields, collector);
      else
        table.emplace(fields, wanted);
    });
  }
  if (!table) throw core::Error("it is empty; expected a header and values");
  return collector.take();
}

}  // namespace foehn::io
