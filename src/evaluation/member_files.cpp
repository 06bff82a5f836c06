#include "evaluation/member_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::evaluation {
namespace {

std::optional<std::string> text_of(const io::Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return std::nullopt;
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

/// What names the member that a file is of.
std::string member_of(const io::NetcdfFile& file, const io::Attributes& attributes) {
  const std::string driving = text_of(attributes, "driving_variant_label").value_or("");
  if (const auto realization = text_of(attributes, "version_realization"))
    return fmt::format("{} {}", driving, *realization);
  if (file.has_variable("realization")) {
    const io::NetcdfVariable variable = file.variable("realization");
    if (variable.dimensions.empty() && variable.is_numeric)
      return fmt::format("{}{}realization {:g}", driving, driving.empty() ? "" : " ",
                         file.read_doubles(variable).front());
  }
  return file.path().string();
}

/// What members of one run share: files of an earlier run may lie in the same folder.
void check_same_run(const io::Attributes& first, const io::Attributes& other) {
  for (const char* name : {"foehn_options_digest", "foehn_prior_digest", "foehn_observations_digest"}) {
    const auto one = first.find(name), two = other.find(name);
    const bool has_one = one != first.end(), has_two = two != other.end();
    if (has_one != has_two || (has_one && one->second != two->second))
      throw core::Error(
          fmt::format("they come from different runs: their global attribute {} differs", name));
  }
}

}  // namespace

std::vector<MemberFiles> group_members(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) throw core::Error("no ensemble member given");
  std::vector<MemberFiles> members;
  const io::Attributes first = io::NetcdfFile::open(files.front()).global_attributes();
  for (const auto& path : files) {
    const io::NetcdfFile file = io::NetcdfFile::open(path);
    const io::Attributes attributes = file.global_attributes();
    core::with_context(fmt::format("member {} beside {}", path.string(), files.front().string()),
                       [&] { check_same_run(first, attributes); });
    const std::string name = member_of(file, attributes);
    const auto known = std::find_if(members.begin(), members.end(),
                                    [&](const MemberFiles& member) { return member.name == name; });
    if (known == members.end())
      members.push_back({name, {path}});
    else
      known->files.push_back(path);
  }
  return members;
}

}  // namespace foehn::evaluation
