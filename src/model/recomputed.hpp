#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace foehn::model {

/// body(values), of which nothing but the values is kept for the gradient: for that it is evaluated again.
/// The bits are those of body(values) and of its gradient.
/// @param values      what enters
/// @param parameters  that the body uses beside, whose gradients may be asked for
at::Tensor recomputed(const std::function<at::Tensor(const std::vector<at::Tensor>& values)>& body,
                      const std::vector<at::Tensor>& values, const std::vector<at::Tensor>& parameters);

}  // namespace foehn::model
