#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "foehn/io/field_writer.hpp"
#include "foehn/io/member_writer.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/resources.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::job {

/// Checks that metadata name the simulation that observations are of, where these say it.
/// @throws core::UsageError naming both where they contradict each other
void check_driving(const io::CordexMetadata& metadata, const conditioning::Origin& observations);

/// What metadata say of a simulation that one member of a coarse ensemble drives.
/// @param label  its name; empty: there is no such ensemble
io::CordexMetadata driven_by(io::CordexMetadata metadata, const std::string& label);

/// The attribute of a member's files that holds Plan::identity_of it.
inline constexpr const char* kIdentityAttribute = "foehn_identity";

/// The files of a job's members. Of the root alone.
class MemberOutput {
 public:
  /// All outlive this.
  MemberOutput(const Plan& plan, const Resources& root, const model::Domain& domain)
      : plan_(plan), root_(root), domain_(domain) {}

  /// The names of a member's files in the output's folder.
  /// @throws core::Error if the layout cannot hold the job
  std::vector<std::filesystem::path> files(std::int64_t member) const;
  /// The hours at which files of a member begin.
  /// @throws core::Error as files
  std::vector<std::int64_t> file_starts() const;
  /// What writes them.
  std::unique_ptr<io::MemberWriter> writer(std::int64_t member) const;

 private:
  io::FieldHeader header(std::int64_t member) const;
  io::CordexMetadata simulation(std::int64_t member) const;  // there is one

  const Plan& plan_;
  const Resources& root_;
  const model::Domain& domain_;
};

}  // namespace foehn::job
