#pragma once

#include <optional>
#include <string>

#include "foehn/io/cordex_writer.hpp"

namespace foehn::io {

inline CordexMetadata cordex_metadata() {
  CordexMetadata metadata;
  for (const CordexKey& key : cordex_keys())
    if (key.is_required) metadata.attributes[key.name] = "X1";
  metadata.attributes["domain_id"] = "EUR-12";
  metadata.attributes["driving_source_id"] = "ERA5";
  metadata.attributes["driving_experiment_id"] = "evaluation";
  metadata.attributes["driving_variant_label"] = "r1i1p1f1";
  metadata.attributes["institution_id"] = "INST";
  metadata.attributes["source_id"] = "FOEHN-1";
  return metadata;
}

/// Two variables on 3 x 4 cells, every hour from the last three of 2019.
inline FieldHeader cordex_header(bool rotated = true) {
  FieldHeader header;
  header.variables = {{"msl", "air_pressure_at_mean_sea_level", "Pa"}, {"t2m", "", "kelvin"}};
  header.grid = {{"rlat", "grid_latitude", "degrees", {-1, 0, 1}},
                 {"rlon", "grid_longitude", "degrees", {-2, 0, 2, 4}},
                 grid::RotatedPole{39.25, -162, 0}};
  if (!rotated)
    header.grid = {{"latitude", "latitude", "degrees_north", {52, 51.5, 51}},
                   {"longitude", "longitude", "degrees_east", {-1, -0.5, 0, 0.5}},
                   std::nullopt};
  header.first_seconds = calendar::to_seconds({2019, 12, 31, 21}, header.calendar);
  header.realization = 4;
  header.attributes = {
      {"title", std::string("a test")}, {"history", std::string("a test")}, {"foehn_seed", std::int64_t{7}}};
  return header;
}

inline constexpr const char* kSimulation = "_EUR-12_ERA5_evaluation_r1i1p1f1_INST_FOEHN-1_v1-r5_";

inline std::string name_of(const std::string& variable, const std::string& rest) {
  return variable + kSimulation + rest + ".nc";
}

}  // namespace foehn::io
