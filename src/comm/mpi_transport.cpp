#include "comm/mpi_transport.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <mpi.h>

#include <cstdint>
#include <limits>
#include <utility>

#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

#include "foehn/device/waiting.hpp"

namespace foehn::comm {

namespace {

constexpr int kRowsTag = 17;

/// One row as an MPI type, so that counts are numbers of rows and stay small.
class RowType {
 public:
  explicit RowType(const at::Tensor& rows) {
    const auto bytes = static_cast<std::int64_t>(rows.nbytes()) / rows.size(0);
    if (bytes > std::numeric_limits<int>::max())
      throw core::Error(fmt::format("a row of {} bytes is more than one MPI message can carry", bytes));
    MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &type_);
    MPI_Type_commit(&type_);
  }
  ~RowType() { MPI_Type_free(&type_); }
  RowType(const RowType&) = delete;
  RowType& operator=(const RowType&) = delete;
  MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

class MpiFlight : public Transport::Flight {
 public:
  MpiFlight(std::vector<Transport::Part> out, std::vector<Transport::Part> in)
      : out_(std::move(out)), in_(std::move(in)) {}
  ~MpiFlight() override { cancel(requests_); }
  void post(MPI_Comm ranks) {
    for (const Transport::Part& part : in_)
      check_mpi(MPI_Irecv(part.rows.data_ptr(), count(part), RowType(part.rows).get(), part.peer, kRowsTag,
                          ranks, &next_request()),
                "receive rows");
    for (const Transport::Part& part : out_)
      check_mpi(MPI_Isend(part.rows.data_ptr(), count(part), RowType(part.rows).get(), part.peer, kRowsTag,
                          ranks, &next_request()),
                "send rows");
  }
  void finish() override { wait(requests_); }

 private:
  static int count(const Transport::Part& part) { return static_cast<int>(part.rows.size(0)); }
  MPI_Request& next_request() { return requests_.emplace_back(MPI_REQUEST_NULL); }

  std::vector<Transport::Part> out_, in_;  // kept alive until the requests are done
  std::vector<MPI_Request> requests_;
};

}  // namespace

std::unique_ptr<Transport::Flight> MpiTransport::start(std::vector<Part> out, std::vector<Part> in) {
  // MPI knows nothing of streams: what is sent must be there, and kernels before this may still use memory
  // that is received into, since LibTorch gives it away again in the order of its stream.
  if (!out.empty() || !in.empty()) device::wait_for(device_);
  auto flight = std::make_unique<MpiFlight>(std::move(out), std::move(in));
  flight->post(ranks().handle());
  return flight;
}

bool MpiTransport::reaches_gpus() {
#ifdef MPIX_CUDA_AWARE_SUPPORT
  return MPIX_Query_cuda_support() == 1;
#else
  return false;
#endif
}

}  // namespace foehn::comm
