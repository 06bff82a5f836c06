#pragma once

#include <ATen/core/ivalue.h>

namespace foehn::model {

/// Something that outlives a gradient, as a context of LibTorch can keep it.
template <class T>
struct KeptPointer : torch::CustomClassHolder {
  explicit KeptPointer(const T& kept) : pointer(&kept) {}
  const T* pointer;
};

template <class T>
c10::IValue kept(const T& what) {
  return c10::IValue::make_capsule(c10::make_intrusive<KeptPointer<T>>(what));
}

/// @param value  that `kept` made of the same type
template <class T>
const T& kept_in(const c10::IValue& value) {
  const auto capsule = value.toCapsule();
  return *static_cast<const KeptPointer<T>&>(*capsule).pointer;
}

}  // namespace foehn::model
