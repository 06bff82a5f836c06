#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "foehn/io/field_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::training {

/// The normalised fields of a record, [hour, variable, y, x] in float32, in a file of their own, so that
/// windows anywhere in a record of any length are read at once, without packing, units or normalisation to
/// undo again.
class FieldCache {
 public:
  /// The hours at the beginning whose anomalies the climatology already knows, and what brings these to the
  /// size of others: GaussianFit::inflation, [variable].
  struct Known {
    std::int64_t hours = 0;
    at::Tensor inflation;
  };
  /// What a cache is made of: files (names, sizes, times of change), variables, grid, period and
  /// normalisation.
  static std::string digest(const std::vector<std::filesystem::path>& files, const io::FieldReader& reader,
                            io::IndexRange period, const model::Domain& domain, const Known& known);
  /// Whether `path` holds a cache with this digest.
  /// @throws core::Error naming the file if it exists and cannot be read
  static bool exists(const std::filesystem::path& path, const std::string& digest);
  /// Writes one, whole or not at all.
  /// @param advanced  called with the number of hours written
  static void write(const std::filesystem::path& path, const std::string& digest,
                    const io::FieldReader& reader, io::IndexRange period, const model::Domain& domain,
                    const Known& known, const std::function<void(std::int64_t)>& advanced);

  /// @throws core::Error naming the file if it cannot be read
  explicit FieldCache(const std::filesystem::path& path);

  std::int64_t hours() const { return hours_; }
  /// @return  [hour, variable, y, x], float32
  /// @throws core::Error naming the file if it cannot be read, or holds what is not finite
  at::Tensor read(std::int64_t first, std::int64_t count) const;
  /// The daily cycle of the fields' climatology, normalised as they are, from the record's first instant on.
  /// @return  [instant of the day, variable, y, x], float32; undefined if the climatology has none
  /// @throws core::Error naming the file if it cannot be read
  at::Tensor daily_cycle() const;

 private:
  io::NetcdfFile file_;
  io::NetcdfVariable fields_;
  std::int64_t hours_;
};

}  // namespace foehn::training
