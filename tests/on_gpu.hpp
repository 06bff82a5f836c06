#pragma once

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "foehn/process/device.hpp"

namespace foehn {

/// Cases that need a GPU, in the arithmetic of a run: skipped where LibTorch finds none.
class OnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "no GPU at hand";
    process::choose_device(process::DeviceChoice::cuda);
  }
};

}  // namespace foehn
