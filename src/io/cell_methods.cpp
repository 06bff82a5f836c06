#include "foehn/io/cell_methods.hpp"

#include <sstream>

#include "foehn/core/text.hpp"

namespace foehn::io {
namespace {

/// Without what stands in parentheses: intervals and comments.
std::string without_comments(const std::string& text) {
  std::string result;
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0) result += c;
    if (depth == 0 && c == ':') result += ' ';  // which some leave out
    if (c == ')' && depth > 0) --depth;
  }
  return result;
}

}  // namespace

std::string cell_method(const std::string& cell_methods, const std::string& axis) {
  const std::string axis_name = core::lower_case(axis);
  std::istringstream words(core::lower_case(without_comments(cell_methods)));
  std::string word, methods;
  bool names_axis = false, names_any = false;  // since the last method
  while (words >> word) {
    if (word.back() == ':') {
      names_any = true;
      names_axis = names_axis || word == axis_name + ":";
      continue;
    }
    // What follows a method, such as "where land", belongs to no axis.
    if (names_any && names_axis) methods += (methods.empty() ? "" : ", ") + word;
    names_any = names_axis = false;
  }
  return methods;
}

std::string time_method(const FieldLayout& layout) {
  const std::string text = layout.header.text("cell_methods").value_or("");
  const std::string method = cell_method(text, "time");
  return method.empty() ? cell_method(text, layout.header.dimensions[layout.time_dimension].name) : method;
}

}  // namespace foehn::io
