#pragma once

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace foehn {

/// Cases that need a GPU: skipped where LibTorch finds none.
class OnGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "no GPU at hand";
  }
};

}  // namespace foehn
