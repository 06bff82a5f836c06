#include "evaluation/hour_fields.hpp"

#include <algorithm>
#include <limits>

namespace foehn::evaluation {
namespace {

// A process may have a few thousand files open at most, often only 1024; opening one again for each chunk
// costs little.
constexpr std::size_t kMostOpenMembers = 256;

std::size_t hour_size(const Sources& sources) {
  return sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells());
}

}  // namespace

KeptHour::KeptHour(const HourFields& fields)
    : truth(fields.truth.begin(), fields.truth.end()), interpolation(fields.interpolation) {
  for (const auto& member : fields.members) members.emplace_back(member.begin(), member.end());
}

FieldChunk::FieldChunk(const Sources& sources, std::int64_t first, std::int64_t count)
    : sources_(sources), first_(first), hour_size_(hour_size(sources)) {
  const std::size_t size = static_cast<std::size_t>(count) * hour_size_;
  for (const auto& member : sources.members) {
    member.read(first, count, members_.emplace_back(size));
    if (sources.members.size() > kMostOpenMembers) member.rest();
  }
  if (!sources.reference) return;
  truth_.resize(size);
  read_reference(sources, first, count, truth_);
}

HourFields FieldChunk::fields(std::int64_t hour, std::vector<Baseline>& baselines) const {
  HourFields fields;
  for (const auto& member : members_) fields.members.push_back(at(member, hour));
  if (!truth_.empty()) fields.truth = at(truth_, hour);
  // What is not observed has no interpolation.
  fields.interpolation.assign(hour_size_, std::numeric_limits<double>::quiet_NaN());
  for (Baseline& baseline : baselines) {
    baseline.seek(hour);
    baseline.interpolate(fields.interpolation);
    if (!baseline.has_climatology()) continue;
    fields.anomaly_interpolation.resize(hour_size_, std::numeric_limits<double>::quiet_NaN());
    baseline.interpolate_anomalies(fields.anomaly_interpolation);
  }
  return fields;
}

std::span<const float> FieldChunk::at(const std::vector<float>& values, std::int64_t hour) const {
  return std::span(values).subspan(static_cast<std::size_t>(hour - first_) * hour_size_, hour_size_);
}

void read_reference(const Sources& sources, std::int64_t first, std::int64_t count, std::span<float> values) {
  const auto index_of = [&](std::int64_t hour) {
    return sources.first_reference_index + (hour - sources.first_hour) * sources.reference_stride;
  };
  if (sources.reference_stride == 1) {
    sources.reference->read(index_of(first), count, values);
    return;
  }
  const std::size_t size = hour_size(sources);
  for (std::int64_t hour = first; hour < first + count; ++hour)
    sources.reference->read(index_of(hour), 1,
                            values.subspan(static_cast<std::size_t>(hour - first) * size, size));
}

std::int64_t hours_per_chunk(const Sources& sources, std::size_t trajectories,
                             std::int64_t values_in_memory) {
  const auto values_per_hour = static_cast<std::int64_t>(trajectories * hour_size(sources));
  // Two days at most: more would not make reading faster.
  return std::clamp<std::int64_t>(values_in_memory / values_per_hour, 1, 48);
}

}  // namespace foehn::evaluation
