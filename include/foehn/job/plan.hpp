#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/placement.hpp"
#include "foehn/conditioning/point_set.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/model/precision.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_plan.hpp"

namespace foehn::job {

/// How mmps solves its equation.
struct Solving {
  Covariance covariance = Covariance::network;
  diffusion::SolverOptions solver;
};

/// What windows a prior, or a part of it, is composed of.
struct Windows {
  std::int64_t markov_order = 0;
  trajectory::Strides strides;
};

/// How the hours of members are laid out and encoded in their files.
struct OutputForm {
  std::int64_t chunk_hours = 24;
  std::int64_t compression = 1;         ///< level of deflate; 0: none
  std::int64_t significant_digits = 0;  ///< decimal digits that are kept; 0: all
  bool has_geographic_winds = false;    ///< winds along a rotated grid are turned
  bool holds_members = false;  ///< host memory that counts, the CPU's, holds a member while others are drawn
  std::vector<std::int64_t> file_starts = {0};  ///< hours at which files begin, rising
};

/// Where and when checkpoints are written.
struct CheckpointSchedule {
  std::string folder;  ///< of all members
  double every_minutes = 0;
  std::int64_t every_steps = 0;
};

/// What drives members: all coarse observations, or those of one member of a coarse ensemble.
struct Driver {
  std::string label;     ///< name of the coarse ensemble's member; empty: there is no such ensemble
  std::string identity;  ///< what Plan::identity leaves to it
};

/// A checked job: all that ranks need in order to draw its members, beside the prior. The same on every rank,
/// and a value: it refers to nothing that the root alone has.
struct Plan {
  std::string prior_digest;  ///< of the prior that it is for
  conditioning::Period period;
  std::vector<conditioning::Placement> observations;   ///< coarse ones
  std::vector<conditioning::PointPlacement> points;    ///< at points; with none of either: unguided
  std::vector<conditioning::Placement> coarse;         ///< coarse fields that the prior itself is given
  std::vector<conditioning::PointPlacement> withheld;  ///< at points, to be scored
  std::vector<double> observation_std;  ///< of coarse ones, one per variable, physical units; empty: none
  Guidance guidance = Guidance::none;   ///< none: unconditional
  Solving solving;
  std::optional<double> gamma;
  diffusion::SamplerOptions sampler;
  bool visits_float64 = false;  ///< some of its noise levels need float64
  Windows windows;
  std::optional<Windows> gaussian_windows;  ///< of the prior's Gaussian part, if it has one
  std::int64_t batch = 8;
  model::Precision precision = model::Precision::fp32;
  std::int64_t seed = 0;
  std::vector<Driver> drivers = std::vector<Driver>(1);  ///< their observations differ in nothing but values
  std::vector<std::int64_t> members;                     ///< numbers of those that are yet to be drawn
  std::int64_t ranks_per_member = 1;
  OutputForm output;
  CheckpointSchedule checkpoints;
  /// What the members are made of, line by line "name = value": options that change the result, digests of
  /// prior and observations, device, versions. Empty where --validate-only leaves observations unprepared.
  std::string identity;

  /// Which driver a member has, and its index among the members that this one drives.
  std::size_t driver_of(std::int64_t member) const {
    return static_cast<std::size_t>(member) % drivers.size();
  }
  std::int64_t index_of(std::int64_t member) const {
    return member / static_cast<std::int64_t>(drivers.size());
  }
  /// "0", or "0 of r1i1p1f1".
  std::string describe_member(std::int64_t member) const;
  /// "member_000", or "member_r1i1p1f1_000": the name of its file and of its checkpoints' folder.
  std::string name_of(std::int64_t member) const;
  /// Of its noise, which depends on its driver's label and on its index, whatever other drivers there are.
  std::uint64_t seed_of(std::int64_t member) const;
  std::string identity_of(std::int64_t member) const {
    return identity.empty() ? "" : identity + drivers[driver_of(member)].identity;
  }
  std::filesystem::path checkpoint_folder_of(std::int64_t member) const;

  bool is_conditioned() const { return guidance != Guidance::none; }
  /// Those through which an hour is guided by observations.
  const Windows& guiding_windows() const {
    const bool by_gaussian = guidance == Guidance::mmps && solving.covariance == Covariance::gaussian;
    return by_gaussian ? *gaussian_windows : windows;
  }
  /// Slabs begin where observations do, and no observation is in two of them.
  trajectory::SlabPartition partition() const;
};

/// A plan as bytes (CBOR), from which it comes back bit by bit.
std::string serialise(const Plan& plan);
Plan parse_plan(const std::string& bytes);

}  // namespace foehn::job
