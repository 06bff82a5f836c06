#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foehn/io/chunk_writer.hpp"
#include "foehn/io/cordex_metadata.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/member_writer.hpp"

namespace foehn::io {

/// One file of a member: a variable in a calendar year.
struct CordexFile {
  std::string name;                   ///< such as "tas_EUR-12_..._1hr_200101010000-200112312300.nc"
  std::size_t variable = 0;           ///< its place in the header
  std::int64_t first = 0, count = 0;  ///< instants of the trajectory
};

/// The files of a member, years in order, in each the variables in order. The header's realization, counted
/// from 0, is the member.
/// @throws Error if the metadata are wrong, the archive lacks a variable or it is there twice, a wind
///         along a rotated grid is without its other component, or the instants are not every 1, 3 or 6 hours
///         of the day
std::vector<CordexFile> cordex_files(const FieldHeader& header, const CordexMetadata& metadata,
                                     std::int64_t instants);

/// The instants at which the files of a variable begin.
std::vector<std::int64_t> cordex_file_starts(const std::vector<CordexFile>& files);

/// Writes a member for the archive of CORDEX-CMIP6: one variable and calendar year a file, with the archive's
/// names and attributes. What it is given has geographic winds (see WindTurning), which the archive wants.
///
/// One file a variable is open at a time; a year's files are closed when it ends, and take their final names
/// with all others in commit(). Nothing in them depends on when they are written: `creation_date` is the
/// metadata's, and `tracking_id`, where the metadata hold its prefix, is made of what tells the file from
/// others.
/// Source: CORDEX-CMIP6 Archiving Specifications, v2.
class CordexWriter final : public MemberWriter {
 public:
  /// @param instants  of the whole trajectory
  /// @throws Error as cordex_files does, or if the folder cannot be written
  CordexWriter(std::filesystem::path folder, FieldHeader header, CordexMetadata metadata,
               std::int64_t instants);

  void append(std::span<const Chunk> chunks) override;
  /// @throws Error if instants are missing, or as FieldWriter does
  void commit() override;

 private:
  void open_year();
  FieldHeader header_of(const CordexFile& file) const;
  std::size_t variables() const { return header_.variables.size(); }

  std::filesystem::path folder_;
  FieldHeader header_;
  CordexMetadata metadata_;
  std::vector<CordexFile> files_;
  std::vector<std::unique_ptr<ChunkWriter>> writers_;  ///< of the first files; the last year's are open
  std::int64_t written_ = 0;
};

}  // namespace foehn::io
