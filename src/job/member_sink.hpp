#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "field_check.hpp"
#include "foehn/core/pages.hpp"
#include "foehn/ensemble/member_work.hpp"
#include "foehn/io/member_writer.hpp"

namespace foehn::job {

/// Unpacks what comes of a member: hands chunks to its files, and facts to the self-check, where a member
/// counts once it is committed.
class MemberSink final : public ensemble::MemberSink {
 public:
  /// @param check  outlives this
  MemberSink(FieldCheck& check, std::unique_ptr<io::MemberWriter> writer)
      : check_(check), writer_(std::move(writer)), member_(check.new_member()) {}

  void append(const core::PagedVector<std::byte>& packed) override {
    const PackedHours hours = parse_packed_hours(packed);
    check_.add(member_, hours.facts);
    writer_->append(hours.chunks);
  }
  void commit() override {
    writer_->commit();
    check_.take(member_);
  }

 private:
  FieldCheck& check_;
  std::unique_ptr<io::MemberWriter> writer_;
  FieldCheck::Member member_;
};

}  // namespace foehn::job
