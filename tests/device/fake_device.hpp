#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <ostream>

namespace foehn::testing {

/// A device that this machine's memory plays, for what must hold on GPUs where there is none: LibTorch's
/// spare one (PrivateUse1), which computes on the CPU. As on a GPU, operators refuse tensors of the host
/// among its own (but for scalars), and the host that reads or writes its memory crashes: it is closed
/// outside operators.
inline const c10::Device kFakeDevice{c10::DeviceType::PrivateUse1, 0};

/// What it was asked for.
struct DeviceTally {
  std::int64_t launches = 0;   ///< operators, each a kernel or more on a GPU
  std::int64_t uploads = 0;    ///< copies from the host
  std::int64_t downloads = 0;  ///< copies to the host, for which it waits

  bool operator==(const DeviceTally&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const DeviceTally& tally) {
    return out << tally.launches << " launches, " << tally.uploads << " uploads, " << tally.downloads
               << " downloads";
  }
};

/// Of all threads, since the program began.
DeviceTally device_tally();
DeviceTally operator-(const DeviceTally& later, const DeviceTally& earlier);

}  // namespace foehn::testing
