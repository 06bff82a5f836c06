#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace foehn::io {

/// What a user says of a simulation for CORDEX-CMIP6; each is a global attribute of the same name.
/// Source: CORDEX-CMIP6 Archiving Specifications, v2 (doi 10.5281/zenodo.15047096), section 2.
struct CordexKey {
  enum class Form {
    text,
    name_part,      ///< stands in file names: letters, digits and dashes
    variant_label,  ///< r1i1p1f1
    date            ///< 2025-01-31T12:00:00Z
  };
  const char* name;
  const char* expected;  ///< in a few words, for messages
  Form form = Form::text;
  bool is_required = true;
  const char* value = "";  ///< where the user says nothing
};

std::span<const CordexKey> cordex_keys();

/// The metadata of a simulation; at first what holds where the user says nothing.
struct CordexMetadata {
  CordexMetadata();

  std::map<std::string, std::string> attributes;  ///< one for every key; may be empty
  std::int64_t version = 1;                       ///< N of version_realization vN-rM
  std::string tracking_prefix;                    ///< of tracking_id, before "/"; empty: no tracking_id
  double earth_radius = 6371229;                  ///< m; the sphere of ERA5 and of CORDEX's rotated grids
};

/// @throws Error naming every key that is missing, or the first that is not of its form, with what is
/// expected
void check(const CordexMetadata& metadata);

}  // namespace foehn::io
