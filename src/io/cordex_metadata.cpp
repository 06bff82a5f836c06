#include "foehn/io/cordex_metadata.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <regex>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

using Form = CordexKey::Form;

constexpr std::array kKeys{
    CordexKey{"domain_id", "the region's identifier, such as EUR-12", Form::name_part},
    CordexKey{"domain", "the region's name, such as Europe"},
    CordexKey{"driving_source_id", "the climate model, or ERA5, such as MPI-ESM1-2-HR", Form::name_part},
    CordexKey{"driving_institution_id", "who ran the climate model, such as DKRZ", Form::name_part},
    CordexKey{"driving_experiment_id", "evaluation, historical, ssp370 or the like", Form::name_part},
    CordexKey{"driving_experiment", "the experiment in a few words"},
    CordexKey{"driving_variant_label", "the climate model's member, such as r1i1p1f1", Form::variant_label},
    CordexKey{"institution_id", "your institution's registered identifier", Form::name_part},
    CordexKey{"institution", "your institution's full name"},
    CordexKey{"contact", "an address for questions, not a person's own"},
    CordexKey{"source_id", "the registered identifier of the downscaling method", Form::name_part},
    CordexKey{"source", "the full name and version of the downscaling method"},
    CordexKey{"source_type",
              "ARCM, AORCM, AGCM or AOGCM, or what the vocabulary has for statistical methods"},
    CordexKey{"grid", "the horizontal grid in a few words"},
    CordexKey{"activity_id", "ESD or DD", Form::name_part, false, "ESD"},
    CordexKey{"license", "a text", Form::text, false,
              "https://cordex.org/data-access/cordex-cmip6-data/cordex-cmip6-terms-of-use"},
    CordexKey{"mip_era", "a name", Form::name_part, false, "CMIP6"},
    CordexKey{"product", "a name", Form::name_part, false, "model-output"},
    CordexKey{"project_id", "a name", Form::name_part, false, "CORDEX-CMIP6"},
    CordexKey{"creation_date", "a date such as 2025-01-31T12:00:00Z", Form::date, false},
    CordexKey{"driving_source", "a text", Form::text, false},
    CordexKey{"comment", "a text", Form::text, false},
    CordexKey{"references", "a text", Form::text, false},
    CordexKey{"version_realization_info", "a text", Form::text, false},
};

bool is_date(const std::string& text) {
  static const std::regex kDate(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)");
  if (!std::regex_match(text, kDate)) return false;
  try {
    calendar::to_seconds(calendar::parse_date_time(text), calendar::Calendar::proleptic_gregorian);
  } catch (const core::Error&) {
    return false;
  }
  return true;
}

bool has_form(const std::string& text, Form form) {
  static const std::regex kNamePart("[A-Za-z0-9-]+"), kVariant(R"(r\d+i\d+p\d+f\d+)");
  switch (form) {
    case Form::text:
      return true;
    case Form::name_part:
      return std::regex_match(text, kNamePart);
    case Form::variant_label:
      return std::regex_match(text, kVariant);
    case Form::date:
      return is_date(text);
  }
  return false;
}

}  // namespace

std::span<const CordexKey> cordex_keys() {
  return kKeys;
}

CordexMetadata::CordexMetadata() {
  for (const CordexKey& key : kKeys) attributes[key.name] = key.value;
}

void check(const CordexMetadata& metadata) {
  std::vector<std::string> missing;
  for (const CordexKey& key : kKeys) {
    const std::string& value = metadata.attributes.at(key.name);
    if (value.empty()) {
      if (key.is_required) missing.push_back(fmt::format("{} (expected {})", key.name, key.expected));
    } else if (!has_form(value, key.form)) {
      throw core::Error(fmt::format("{}: expected {}{}, found '{}'", key.name, key.expected,
                                    key.form == Form::name_part ? ", of letters, digits and dashes" : "",
                                    value));
    }
  }
  if (!missing.empty()) throw core::Error(fmt::format("missing: {}", fmt::join(missing, "; ")));
}

}  // namespace foehn::io
