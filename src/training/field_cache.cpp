#include "foehn/training/field_cache.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/write_netcdf.hpp"
#include "foehn/model/transformed_fields.hpp"

namespace foehn::training {

namespace {

constexpr const char* kFields = "fields";
constexpr const char* kDailyCycle = "daily_cycle";
constexpr const char* kCacheDigest = "foehn_digest";
constexpr std::int64_t kHoursAtOnce = 64;

/// [instant of the day, variable, y, x], float32, from the first instant of the period on; undefined without
/// one.
at::Tensor daily_cycle_of(const model::Domain& domain, const calendar::TimeAxis& times, std::int64_t first) {
  const model::Climatology* climatology = domain.normalisation.climatology();
  if (climatology == nullptr || !model::has_daily_cycle(climatology->harmonics())) return {};
  std::vector<at::Tensor> instants;
  for (std::int64_t of_day = 0; of_day < calendar::kSecondsPerDay; of_day += domain.step_seconds)
    instants.push_back(domain.normalisation.daily_cycle(
        times.seconds[static_cast<std::size_t>(first)] + of_day, times.calendar));
  return at::stack(instants).to(at::kFloat);
}

std::string text_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return core::sha256({static_cast<const char*>(values.data_ptr()), values.nbytes()});
}

/// Some fields of a variable [time, variable, y, x], float32.
at::Tensor read_finite(const io::NetcdfFile& file, const io::NetcdfVariable& variable, std::int64_t first,
                       std::int64_t count) {
  std::vector<std::int64_t> start(variable.dimensions.size(), 0), size;
  for (const auto& dimension : variable.dimensions) size.push_back(dimension.size);
  start.at(0) = first;
  size.at(0) = count;
  const at::Tensor fields = at::tensor(file.read_doubles(variable, start, size), at::kFloat).reshape(size);
  if (!at::isfinite(fields).all().item<bool>())
    throw core::Error(fmt::format("{}: fields {} to {} hold values that are not finite", variable.name, first,
                                  first + count - 1));
  return fields;
}

template <class Use>
auto with_advice(const std::filesystem::path& path, Use&& use) {
  return core::with_context(
      fmt::format("the cache of normalised fields {} (remove it, and it is made again)", path.string()), use);
}

}  // namespace

std::string FieldCache::digest(const std::vector<std::filesystem::path>& files, const io::FieldReader& reader,
                               io::IndexRange period, const model::Domain& domain, const Known& known) {
  std::string text = "foehn fields 5\n";
  for (const auto& file : files)
    text +=
        fmt::format("{} {} {}\n", std::filesystem::absolute(file).string(), std::filesystem::file_size(file),
                    std::filesystem::last_write_time(file).time_since_epoch().count());
  for (const auto& variable : reader.variables())
    text += fmt::format("{} {}\n", variable.name, variable.units);
  const auto& grid = reader.grid();
  text += fmt::format("{} from {}\n", grid::size_text(grid), grid::cell_text(grid, 0));
  text += fmt::format("{} {}\n{}\n", period.first, period.last, domain.normalisation.mode());
  text += fmt::format("{} known {}\n", known.hours, text_of(known.inflation));
  text += fmt::format("transforms {}\n", model::text_of(domain.normalisation.transforms(), domain.variables));
  text += text_of(domain.normalisation.scale()) + text_of(domain.quantiles);
  if (const model::Climatology* climatology = domain.normalisation.climatology())
    text += text_of(climatology->coefficients());
  if (const model::Deviation* deviation = domain.normalisation.deviation())
    text += fmt::format("deviation {} {}\n", deviation->least_part(),
                        text_of(deviation->variance().coefficients()));
  return core::sha256(text);
}

bool FieldCache::exists(const std::filesystem::path& path, const std::string& digest) {
  if (!std::filesystem::exists(path)) return false;
  return with_advice(path, [&] {
    const io::Attributes attributes = io::NetcdfFile::open(path).global_attributes();
    const auto found = attributes.find(kCacheDigest);
    const auto* text = found == attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text != nullptr && *text == digest;
  });
}

void FieldCache::write(const std::filesystem::path& path, const std::string& digest,
                       const io::FieldReader& reader, io::IndexRange period, const model::Domain& domain,
                       const Known& known, const std::function<void(std::int64_t)>& advanced) {
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  const std::int64_t ny = reader.grid().ny(), nx = reader.grid().nx();
  const model::TransformedFields transformed(reader, period, domain.normalisation.transforms(), advanced);
  io::write_netcdf_atomically(path, [&](io::NetcdfFile& file) {
    file.define_dimension("hour", period.size());
    file.define_dimension("variable", variables);
    file.define_dimension("y", ny);
    file.define_dimension("x", nx);
    file.define_variable(kFields, io::NetcdfType::float32, {"hour", "variable", "y", "x"},
                         {{"long_name", std::string("normalised fields")}, {"units", std::string("1")}},
                         {.chunks = {1, variables, ny, nx}, .deflate = 0});
    file.set_global_attributes({{kCacheDigest, digest}});
    if (const at::Tensor cycle = daily_cycle_of(domain, reader.times(), period.first); cycle.defined()) {
      file.define_dimension("instant_of_day", cycle.size(0));
      file.define_variable(kDailyCycle, io::NetcdfType::float32, {"instant_of_day", "variable", "y", "x"},
                           {{"long_name", std::string("normalised daily cycle of the climatology")},
                            {"units", std::string("1")}});
      file.write(kDailyCycle,
                 std::span<const float>(cycle.data_ptr<float>(), static_cast<std::size_t>(cycle.numel())));
    }
    at::Tensor fields = at::empty({kHoursAtOnce, variables, ny, nx}, at::kFloat);
    for (std::int64_t first = period.first; first < period.last; first += kHoursAtOnce) {
      const std::int64_t count = std::min(kHoursAtOnce, period.last - first);
      const std::span<float> values(fields.data_ptr<float>(),
                                    static_cast<std::size_t>(count * variables * ny * nx));
      reader.read(first, count, values);
      for (std::int64_t i = 0; i < count; ++i) {
        at::Tensor normalised = domain.normalisation.normalise_transformed(
            transformed.at(fields.select(0, i), first + i),
            reader.times().seconds[static_cast<std::size_t>(first + i)], reader.times().calendar);
        if (first + i - period.first < known.hours) normalised.mul_(known.inflation.reshape({-1, 1, 1}));
        fields.select(0, i).copy_(normalised);
      }
      const std::vector<std::int64_t> start{first - period.first, 0, 0, 0}, size{count, variables, ny, nx};
      file.write(kFields, std::span<const float>(values), start, size);
      advanced(count);
    }
  });
}

FieldCache::FieldCache(const std::filesystem::path& path)
    : file_(with_advice(path, [&] { return io::NetcdfFile::open(path); })),
      fields_(with_advice(path, [&] { return file_.variable(kFields); })),
      hours_(fields_.dimensions.at(0).size) {}

at::Tensor FieldCache::read(std::int64_t first, std::int64_t count) const {
  return with_advice(file_.path(), [&] { return read_finite(file_, fields_, first, count); });
}

at::Tensor FieldCache::daily_cycle() const {
  return with_advice(file_.path(), [&]() -> at::Tensor {
    if (!file_.has_variable(kDailyCycle)) return {};
    const io::NetcdfVariable variable = file_.variable(kDailyCycle);
    return read_finite(file_, variable, 0, variable.dimensions.at(0).size);
  });
}

}  // namespace foehn::training
