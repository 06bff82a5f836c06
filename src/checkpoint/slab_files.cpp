#include "slab_files.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::checkpoint {

namespace {

constexpr std::int64_t kValuesAtOnce = std::int64_t{1} << 22;  // 32 MiB as float64, in which they are read

/// Calls `use(first row, rows)` for parts of some rows that are not too large.
template <class Use>
void in_parts(std::int64_t rows, std::int64_t values_a_row, Use&& use) {
  const std::int64_t most =
      std::max<std::int64_t>(1, kValuesAtOnce / std::max<std::int64_t>(1, values_a_row));
  for (std::int64_t first = 0; first < rows; first += most) use(first, std::min(most, rows - first));
}

std::vector<std::int64_t> shape_of(std::int64_t rows, const std::vector<std::int64_t>& hour_shape) {
  std::vector<std::int64_t> shape{rows};
  shape.insert(shape.end(), hour_shape.begin(), hour_shape.end());
  return shape;
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t values = 1;
  for (const std::int64_t size : shape) values *= size;
  return values;
}

}  // namespace

SlabFile write_slab_file(const std::filesystem::path& folder, Hours hours,
                         const std::map<std::string, at::Tensor>& fields) {
  SlabFile result{hours.first, hours.last, 0, ""};
  const std::filesystem::path path = folder / result.name();
  io::NetcdfFile file = io::NetcdfFile::create(path);
  file.define_dimension("hour", hours.size());
  for (const auto& [name, field] : fields) {
    std::vector<std::string> dimensions{"hour"};
    for (std::int64_t i = 1; i < field.dim(); ++i) {
      dimensions.push_back(fmt::format("{}_{}", name, i));
      file.define_dimension(dimensions.back(), field.size(i));
    }
    file.define_variable(name, io::NetcdfType::float32, dimensions, {});
  }
  for (const auto& entry : fields) {
    const std::string& name = entry.first;
    const at::Tensor& field = entry.second;
    std::vector<std::int64_t> start(static_cast<std::size_t>(field.dim()), 0), count = field.sizes().vec();
    in_parts(hours.size(), field[0].numel(), [&](std::int64_t first, std::int64_t rows) {
      const at::Tensor part = field.narrow(0, first, rows);
      start[0] = first;
      count[0] = rows;
      file.write(name, std::span<const float>(part.data_ptr<float>(), static_cast<std::size_t>(part.numel())),
                 start, count);
    });
  }
  file.close();
  io::sync_file(path);
  result.bytes = static_cast<std::int64_t>(std::filesystem::file_size(path));
  result.digest = core::sha256_of_file(path);
  return result;
}

void check_slab_file(const std::filesystem::path& folder, const SlabFile& file) {
  const std::filesystem::path path = folder / file.name();
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw core::Error(fmt::format("{}: {}", path.string(), error.message()));
  if (static_cast<std::int64_t>(size) != file.bytes)
    throw core::Error(fmt::format("{}: {} bytes, expected {}", path.string(), size, file.bytes));
  if (core::sha256_of_file(path) != file.digest)
    throw core::Error(fmt::format("{}: it was changed: its digest is not the manifest's", path.string()));
}

std::map<std::string, at::Tensor> read_hours(const std::filesystem::path& folder, const Manifest& manifest,
                                             Hours hours) {
  std::map<std::string, at::Tensor> fields;
  for (const auto& [name, hour_shape] : manifest.fields)
    fields[name] = at::empty(shape_of(hours.size(), hour_shape), at::kFloat);
  for (const SlabFile& slab : manifest.files) {
    const Hours common{std::max(hours.first, slab.first), std::min(hours.last, slab.last)};
    if (common.size() <= 0) continue;
    const io::NetcdfFile file = io::NetcdfFile::open(folder / slab.name());
    for (auto& [name, field] : fields) {
      const io::NetcdfVariable variable = file.variable(name);
      const auto& hour_shape = manifest.fields.at(name);
      std::vector<std::int64_t> found;
      for (const auto& dimension : variable.dimensions) found.push_back(dimension.size);
      if (found != shape_of(slab.last - slab.first, hour_shape))
        throw core::Error(fmt::format("{}: {}: not of the form that the manifest states",
                                      (folder / slab.name()).string(), name));
      in_parts(common.size(), product(hour_shape),
               [&, &field = field](std::int64_t first, std::int64_t rows) {
                 std::vector<std::int64_t> start(found.size(), 0), count = shape_of(rows, hour_shape);
                 start[0] = common.first - slab.first + first;
                 const std::vector<double> values = file.read_doubles(variable, start, count);
                 float* to = field.narrow(0, common.first - hours.first + first, rows).data_ptr<float>();
                 std::transform(values.begin(), values.end(), to,
                                [](double value) { return static_cast<float>(value); });
               });
    }
  }
  return fields;
}

}  // namespace foehn::checkpoint
