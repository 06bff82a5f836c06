#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace foehn::device {

/// Numbers of rows of a tensor, made once and kept on the device that asks for them.
class RowIndex {
 public:
  RowIndex() = default;
  explicit RowIndex(std::vector<std::int64_t> rows) : rows_(std::move(rows)) {}

  const std::vector<std::int64_t>& rows() const { return rows_; }
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }
  bool is_empty() const { return rows_.empty(); }
  /// int64, [row].
  const at::Tensor& on(const at::Device& device) const;

 private:
  std::vector<std::int64_t> rows_;
  mutable at::Tensor tensor_;
};

}  // namespace foehn::device
