#include "field_headers.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {
namespace {

void check_standard_name(const NetcdfFile& file, const Variable& wanted) {
  const std::string found = standard_name(file.variable(wanted.name));
  if (!found.empty() && !wanted.standard_name.empty() && found != wanted.standard_name)
    throw core::Error(file.path().string() + ": " + wanted.name + ": standard name " + found + ", expected " +
                      wanted.standard_name);
}

/// Collects headers from file after file.
class Headers {
 public:
  Headers(const std::vector<std::filesystem::path>& files, const FieldSelection& selection)
      : takes_all_(selection.variables.empty()),
        overrules_(selection.overrules_standard_names),
        grids_(selection.grids),
        wanted_(selection.variables),
        headers_(wanted_.size()) {
    for (const auto& path : files) add(NetcdfFile::open(path));
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (headers_[i].empty())
        NetcdfFile::open(files.front()).variable(wanted_[i].name);  // says what there is
  }
  std::vector<std::vector<FieldSource>> take() { return std::move(headers_); }

 private:
  void add(const NetcdfFile& file) {
    if (takes_all_) add_unknown_variables(file);
    bool is_of_use = false;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (!file.has_variable(wanted_[i].name)) continue;
      is_of_use = true;
      add_header(file, i);
    }
    if (!is_of_use) file.variable(wanted_.front().name);  // throws, naming what there is
    if (takes_all_)
      for (const std::string& name : file.variable_names()) first_with_.try_emplace(name, file.path());
  }

  void add_unknown_variables(const NetcdfFile& file) {
    for (Variable& variable : field_variables(file, grids_)) {
      const auto is_known = [&](const Variable& known) { return known.name == variable.name; };
      if (std::any_of(wanted_.begin(), wanted_.end(), is_known)) continue;
      const auto earlier = first_with_.find(variable.name);
      wanted_.push_back(std::move(variable));
      headers_.emplace_back();
      // In an earlier file it is no field on (time, y, x): that file's header says why.
      if (earlier != first_with_.end()) add_header(NetcdfFile::open(earlier->second), wanted_.size() - 1);
    }
  }

  void add_header(const NetcdfFile& file, std::size_t i) {
    if (!overrules_) check_standard_name(file, wanted_[i]);
    headers_[i].push_back(read_field_source(file, {wanted_[i]}, grids_));
    // Later files are converted to the unit settled for the first.
    wanted_[i].units = headers_[i].front().layouts.front().variable.units;
  }

  bool takes_all_, overrules_;
  Grids grids_;
  std::vector<Variable> wanted_;
  std::vector<std::vector<FieldSource>> headers_;
  std::map<std::string, std::filesystem::path> first_with_;  // the first file that has a variable of a name
};

}  // namespace

std::vector<std::vector<FieldSource>> read_headers(const std::vector<std::filesystem::path>& files,
                                                   const FieldSelection& selection) {
  return Headers(files, selection).take();
}

}  // namespace foehn::io
