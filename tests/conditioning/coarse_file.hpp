#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <vector>

#include "foehn/io/field_writer.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

/// One variable on 4 x 6 cells.
inline model::Domain coarse_file_domain() {
  const at::Tensor quantiles = at::arange(9, at::kDouble).mul(2).add(272).reshape({1, 9});
  return {{{"tas", "air_temperature", "K"}},
          {{"lat", "latitude", "degrees_north", {58, 57, 56, 55}},
           {"lon", "longitude", "degrees_east", {-3, -2, -1, 0, 1, 2}},
           std::nullopt},
          calendar::Calendar::standard,
          3600,
          model::Normalisation::of_quantiles("quant95", quantiles),
          quantiles};
}

/// Writes observations every 6 h in blocks of 2 x 2.
/// @param fields  [observation][cell]
inline std::filesystem::path write_coarse(const std::filesystem::path& path,
                                          const std::vector<std::vector<float>>& fields) {
  io::FieldHeader header;
  header.variables = coarse_file_domain().variables;
  header.grid = grid::block_mean_grid(coarse_file_domain().grid, 2);
  header.first_seconds = 0;
  header.step_seconds = 6 * 3600;
  header.cell_methods = "time: point area: mean";
  io::FieldWriter writer(path, header);
  for (const std::vector<float>& field : fields) writer.append(field);
  writer.commit();
  return path;
}

/// Three observations, all but the first value of which are always the same.
inline std::filesystem::path write_coarse(const std::filesystem::path& path, float first_value) {
  std::vector<std::vector<float>> fields;
  for (const float value : {280.F, 281.F, 282.F}) fields.emplace_back(6, value);
  fields[0][0] = first_value;
  return write_coarse(path, fields);
}

}  // namespace foehn::conditioning
