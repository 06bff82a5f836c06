#include "device/fake_device.hpp"

#include <ATen/ATen.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>
#include <torch/version.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace foehn::testing {
namespace {

std::atomic<std::int64_t> launches, uploads, downloads;
/// Copies within an operator are its own affair: on a GPU there are none.
thread_local int operators_under_way = 0;

class Operator {
 public:
  Operator() { ++operators_under_way; }
  ~Operator() { --operators_under_way; }
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
};

/// The device's memory: pages that can be neither read nor written but where they are opened.
class Memory : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR >= 2
  c10::DataPtr allocate(std::size_t bytes) override {
#else
  c10::DataPtr allocate(std::size_t bytes) const override {
#endif
    if (bytes == 0) return {nullptr, kFakeDevice};
    void* pages = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    const std::lock_guard lock(mutex());
    sizes()[pages] = bytes;
    return {pages, pages, &give_back, kFakeDevice};
  }
#if TORCH_VERSION_MAJOR >= 2
  void copy_data(void*, const void*, std::size_t) const override {
    throw std::logic_error("the fake device copies by operators alone");
  }
#endif
  c10::DeleterFnPtr raw_deleter() const override {
    return &give_back;
  }

  static void protect(void* pages, int protection) {
    const std::lock_guard lock(mutex());
    const auto found = sizes().find(pages);
    if (found != sizes().end()) mprotect(pages, found->second, protection);
  }

 private:
  static void give_back(void* pages) {
    const std::lock_guard lock(mutex());
    munmap(pages, sizes().at(pages));
    sizes().erase(pages);
  }
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static std::unordered_map<void*, std::size_t>& sizes() {
    static std::unordered_map<void*, std::size_t> all;
    return all;
  }
};

bool is_ours(const at::Tensor& tensor) {
  return tensor.device().type() == kFakeDevice.type();
}

/// A tensor's memory as the host's, while this lives.
class Opened {
 public:
  explicit Opened(const at::Tensor& tensor)
      : pages_(is_ours(tensor) ? tensor.storage().data_ptr().get() : nullptr) {
    if (pages_ != nullptr) Memory::protect(pages_, PROT_READ | PROT_WRITE);
    on_host_ = is_ours(tensor) && tensor.numel() > 0
                   ? at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(),
                                   tensor.options().device(at::kCPU).requires_grad(false))
                   : tensor;
  }
  ~Opened() {
    if (pages_ != nullptr) Memory::protect(pages_, PROT_NONE);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  const at::Tensor& on_host() const { return on_host_; }

 private:
  void* pages_;
  at::Tensor on_host_;
};

at::Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                 c10::optional<at::Device>, c10::optional<bool>, c10::optional<at::MemoryFormat> format) {
  const auto of = type.value_or(at::kFloat);
  std::int64_t count = 1;
  for (const std::int64_t length : size) count *= length;
  const auto bytes = static_cast<std::size_t>(count) * c10::elementSize(of);
  c10::Allocator* allocator = c10::GetAllocator(kFakeDevice.type());
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, allocator->allocate(bytes), allocator, true);
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::scalarTypeToTypeMeta(of));
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  const auto order = format.value_or(at::MemoryFormat::Contiguous);
  if (order != at::MemoryFormat::Contiguous && order != at::MemoryFormat::Preserve)
    tensor.unsafeGetTensorImpl()->empty_tensor_restride(order);
  return tensor;
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, c10::optional<at::ScalarType> type,
                         c10::optional<at::Layout> layout, c10::optional<at::Device> device,
                         c10::optional<bool> pinned) {
  std::int64_t last = 0, count = 1;
  for (std::size_t i = 0; i < size.size(); ++i) {
    count *= size[i];
    last += (size[i] - 1) * stride[i];
  }
  const at::Tensor whole = empty({count == 0 ? 0 : last + 1}, type, layout, device, pinned, {});
  whole.unsafeGetTensorImpl()->set_sizes_and_strides(size, stride);
  return whole;
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  if (operators_under_way == 0) ++(!is_ours(from) ? uploads : !is_ours(to) ? downloads : launches);
  if (from.numel() > 0) {
    const Opened source(from), target(to);
    target.on_host().copy_(source.on_host());
  }
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar local_scalar_dense(const at::Tensor& tensor) {
  ++downloads;
  const Opened opened(tensor);
  return opened.on_host().item();
}

const at::Tensor& resize(const at::Tensor& tensor, at::IntArrayRef size, c10::optional<at::MemoryFormat>) {
  if (tensor.sizes() == size) return tensor;
  c10::Storage storage = tensor.storage();
  c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  const bool is_empty = tensor.numel() == 0;
  impl.set_sizes_contiguous(size);
  const std::size_t bytes = static_cast<std::size_t>(impl.numel()) * tensor.element_size();
  if (bytes <= storage.nbytes()) return tensor;
  if (!is_empty) throw std::logic_error("the fake device lets none but empty tensors grow");
  storage.set_data_ptr_noswap(c10::GetAllocator(kFakeDevice.type())->allocate(bytes));
  storage.set_nbytes(bytes);
  return tensor;
}

/// Everything else, by the CPU.
void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::string name = op.schema().name();
  // LibTorch takes the indices to the device by itself: a copy that is easily overlooked.
  const bool takes_indices = name.starts_with("aten::index") || name == "aten::_index_put_impl_";
  const auto inputs = torch::jit::last(*stack, op.schema().arguments().size());
  const auto look = [&](const at::Tensor& tensor) {
    if (!tensor.defined() || is_ours(tensor) || tensor.dim() == 0) return;
    if (!takes_indices) throw std::logic_error(name + ": a tensor of the host among those of the device");
    ++uploads;
  };
  for (const c10::IValue& input : inputs) {
    if (input.isTensor()) look(input.toTensor());
    if (input.isTensorList())
      for (const at::Tensor& tensor : input.toTensorVector()) look(tensor);
  }
  ++launches;
  const Operator under_way;
  at::native::cpu_fallback(op, stack);
}

std::vector<at::Tensor> to_host(std::initializer_list<at::Tensor> tensors) {
  const Operator under_way;
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.defined() ? tensor.cpu() : tensor);
  return copies;
}

at::Tensor to_device(const at::Tensor& tensor) {
  const Operator under_way;
  return tensor.defined() ? tensor.to(kFakeDevice) : tensor;
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                       const c10::optional<at::Tensor>& bias, at::IntArrayRef stride, at::IntArrayRef padding,
                       at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                       std::int64_t groups) {
  ++launches;
  const auto host = to_host({input, weight, bias.value_or(at::Tensor())});
  return to_device(at::convolution(host[0], host[1], host[2], stride, padding, dilation, transposed,
                                   output_padding, groups));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
    std::int64_t groups, std::array<bool, 3> wanted) {
  ++launches;
  const auto host = to_host({gradient, input, weight});
  const auto [to_input, to_weight, to_bias] =
      at::convolution_backward(host[0], host[1], host[2], at::IntArrayRef({weight.size(0)}), stride, padding,
                               dilation, transposed, output_padding, groups, wanted);
  return {to_device(to_input), to_device(to_weight), to_device(to_bias)};
}

/// One device with one stream, on which nothing is ever under way.
class Guard : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return kFakeDevice.type(); }
  c10::Device exchangeDevice(c10::Device) const override { return kFakeDevice; }
  c10::Device getDevice() const override { return kFakeDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
};

Memory memory;
const bool is_registered = [] {
  c10::SetAllocator(kFakeDevice.type(), &memory);
  return true;
}();
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("_local_scalar_dense", &local_scalar_dense);
  library.impl("resize_", &resize);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolution_backward);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view", &at::native::view);
  library.impl("_reshape_alias", &at::native::_reshape_alias);
  library.impl("unfold", &at::native::unfold);
  library.impl("view_as_real", &at::native::view_as_real);
  library.impl("view_as_complex", &at::native::view_as_complex);
}

}  // namespace

DeviceTally device_tally() {
  return {launches, uploads, downloads};
}

DeviceTally operator-(const DeviceTally& later, const DeviceTally& earlier) {
  return {later.launches - earlier.launches, later.uploads - earlier.uploads,
          later.downloads - earlier.downloads};
}

}  // namespace foehn::testing
