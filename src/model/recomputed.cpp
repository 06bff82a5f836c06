#include "model/recomputed.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace foehn::model {

namespace {

using Body = std::function<at::Tensor(const std::vector<at::Tensor>&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What a context can keep.
struct KeptBody : torch::CustomClassHolder {
  KeptBody(Body of, std::size_t count) : body(std::move(of)), values(count) {}
  Body body;
  std::size_t values;
};

constexpr const char* kBody = "body";

class Recomputed : public torch::autograd::Function<Recomputed> {
 public:
  /// @param inputs  values, and then parameters
  static at::Tensor forward(AutogradContext* context, const c10::intrusive_ptr<KeptBody>& kept,
                            at::TensorList inputs) {
    context->saved_data[kBody] = c10::IValue::make_capsule(kept);
    context->save_for_backward(inputs.vec());
    return kept->body({inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(kept->values)});
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data[kBody].toCapsule();
    const auto& kept = static_cast<const KeptBody&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    variable_list values, wanted;
    std::vector<std::size_t> places;  // of the wanted among all inputs
    for (std::size_t i = 0; i < saved.size(); ++i) {
      const bool is_value = i < kept.values;
      const at::Tensor input =
          is_value ? saved[i].detach().requires_grad_(saved[i].requires_grad()) : saved[i];
      if (is_value) values.push_back(input);
      if (!input.requires_grad()) continue;
      wanted.push_back(input);
      places.push_back(i);
    }
    variable_list result(1 + saved.size());  // the first is of the body
    const at::AutoGradMode with_gradients(true);
    const variable_list found = torch::autograd::grad({kept.body(values)}, wanted, {gradients[0]});
    for (std::size_t i = 0; i < places.size(); ++i) result[1 + places[i]] = found[i].detach();
    return result;
  }
};

}  // namespace

at::Tensor recomputed(const Body& body, const std::vector<at::Tensor>& values,
                      const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> inputs = values;
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  return Recomputed::apply(c10::make_intrusive<KeptBody>(body, values.size()), at::TensorList(inputs));
}

}  // namespace foehn::model
