#include "foehn/comm/communicator.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "comm/pieces.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::comm {

void check_mpi(int status, const char* doing) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw core::Error(fmt::format("MPI: {}: {}", doing, std::string(text, static_cast<std::size_t>(length))));
}

namespace {

constexpr int kValuesTag = 23;

int checked_count(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw core::Error(fmt::format("a message of {} elements is more than MPI can count", size));
  return static_cast<int>(size);
}

template <class T>
void broadcast_values(MPI_Comm handle, std::vector<T>& values, MPI_Datatype type, int root) {
  const core::Waiting waiting("to broadcast");
  auto size = static_cast<std::int64_t>(values.size());
  check_mpi(MPI_Bcast(&size, 1, MPI_INT64_T, root, handle), "broadcast");
  values.resize(static_cast<std::size_t>(size));
  check_mpi(MPI_Bcast(values.data(), checked_count(values.size()), type, root, handle), "broadcast");
}

}  // namespace

Environment::Environment(int* argc, char*** argv) {
  // Only the main thread and the watchdog's speak MPI, and LibTorch's that differentiates where ranks share
  // out cells; the writer's never does.
  int provided = 0;  // which the watchdog asks for
  MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

Environment::~Environment() {
  MPI_Finalize();
}

Communicator Communicator::world() {
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &handle), "duplicate the world");
  return {handle, core::Scope::world};
}

Communicator::~Communicator() {
  if (handle_ != MPI_COMM_NULL) MPI_Comm_free(&handle_);
}

int Communicator::rank() const {
  int rank = 0;
  MPI_Comm_rank(handle_, &rank);
  return rank;
}

int Communicator::size() const {
  int size = 0;
  MPI_Comm_size(handle_, &size);
  return size;
}

Communicator Communicator::split(int colour) const {
  const core::Waiting waiting("to split the group");
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(handle_, colour, rank(), &handle), "split");
  return {handle, core::Scope::team};
}

Communicator Communicator::split_by_machine() const {
  const core::Waiting waiting("to split the group");
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &handle),
            "split by machine");
  return {handle, core::Scope::team};
}

int Communicator::rank_on_machine() const {
  return split_by_machine().rank();
}

void Communicator::agree(const std::function<void()>& work) const {
  std::string message;
  int exit_code = 0;
  try {
    work();
  } catch (const core::UsageError& error) {
    message = error.what();
    exit_code = 2;
  } catch (const core::CollectiveError& error) {
    message = error.what();
    exit_code = error.exit_code();
  } catch (const c10::Error& error) {
    message = error.what_without_backtrace();
    exit_code = 1;
  } catch (const std::exception& error) {
    message = error.what();
    exit_code = 1;
  }
  const int mine = exit_code == 0 ? size() : rank();
  int lowest = 0;
  {
    const core::Waiting waiting("to agree");
    check_mpi(MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, handle_), "agree");
  }
  if (lowest == size()) return;
  broadcast(message, lowest);
  check_mpi(MPI_Bcast(&exit_code, 1, MPI_INT, lowest, handle_), "agree");
  throw core::CollectiveError(scope_, message, exit_code);
}

void Communicator::agree_on_root(const std::function<void()>& work) const {
  agree([&] {
    if (is_root()) work();
  });
}

void Communicator::broadcast(std::string& text, int root) const {
  const core::Waiting waiting("to broadcast");
  auto size = static_cast<std::int64_t>(text.size());
  check_mpi(MPI_Bcast(&size, 1, MPI_INT64_T, root, handle_), "broadcast");
  text.resize(static_cast<std::size_t>(size));
  check_mpi(MPI_Bcast(text.data(), checked_count(text.size()), MPI_CHAR, root, handle_), "broadcast");
}

void Communicator::broadcast(std::vector<std::int64_t>& values, int root) const {
  broadcast_values(handle_, values, MPI_INT64_T, root);
}

void Communicator::broadcast(std::vector<double>& values, int root) const {
  broadcast_values(handle_, values, MPI_DOUBLE, root);
}

std::vector<std::byte> Communicator::broadcast(std::span<const std::byte> content, int root) const {
  const core::Waiting waiting("to broadcast");
  auto size = static_cast<std::int64_t>(content.size());
  check_mpi(MPI_Bcast(&size, 1, MPI_INT64_T, root, handle_), "broadcast");
  const auto bytes = static_cast<std::size_t>(size);
  const bool is_sender = rank() == root;
  std::vector<std::byte> received(is_sender ? 0 : bytes), piece;
  for (std::size_t first = 0; first < bytes; first += kPieceBytes) {
    core::beat();
    const std::size_t count = std::min(kPieceBytes, bytes - first);
    std::byte* at = received.data() + first;
    if (is_sender) {  // whose content may be memory that MPI cannot take, such as a file's
      const auto part = content.subspan(first, count);
      piece.assign(part.begin(), part.end());
      at = piece.data();
    }
    check_mpi(MPI_Bcast(at, checked_count(count), MPI_BYTE, root, handle_), "broadcast");
  }
  return received;
}

double Communicator::ordered_sum(std::span<const double> values) const {
  const core::Waiting waiting("to sum");
  const int mine = checked_count(values.size());
  std::vector<int> counts(static_cast<std::size_t>(size()));
  check_mpi(MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, handle_), "gather counts");
  std::vector<int> starts(counts.size());
  int total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    starts[i] = total;
    total += counts[i];
  }
  std::vector<double> all(static_cast<std::size_t>(total));
  check_mpi(MPI_Allgatherv(values.data(), mine, MPI_DOUBLE, all.data(), counts.data(), starts.data(),
                           MPI_DOUBLE, handle_),
            "gather values");
  double sum = 0;
  for (const double value : all) sum += value;
  return sum;
}

void Communicator::sum(std::span<float> values) const {
  const core::Waiting waiting("to sum");
  // To the root and back: an all-reduce may round differently from rank to rank.
  const void* mine = is_root() ? MPI_IN_PLACE : values.data();
  const int count = checked_count(values.size());
  check_mpi(MPI_Reduce(mine, values.data(), count, MPI_FLOAT, MPI_SUM, 0, handle_), "sum");
  check_mpi(MPI_Bcast(values.data(), count, MPI_FLOAT, 0, handle_), "sum");
}

std::vector<double> Communicator::gather_all(double value) const {
  const core::Waiting waiting("to gather values");
  std::vector<double> all(static_cast<std::size_t>(size()));
  check_mpi(MPI_Allgather(&value, 1, MPI_DOUBLE, all.data(), 1, MPI_DOUBLE, handle_), "gather values");
  return all;
}

std::vector<std::string> Communicator::gather(const std::string& text) const {
  const core::Waiting waiting("to gather texts");
  const std::vector<std::int64_t> lengths = gather_lengths(*this, text.size());
  if (!is_root()) send_in_pieces(*this, std::as_bytes(std::span(text)));
  std::vector<std::string> texts;
  for (const std::int64_t length : lengths) {
    const auto rank = static_cast<int>(texts.size());
    std::string& received =
        texts.emplace_back(rank == 0 ? text : std::string(static_cast<std::size_t>(length), '\0'));
    if (rank > 0) receive_in_pieces(*this, rank, std::as_writable_bytes(std::span(received)));
  }
  return texts;
}

bool Communicator::any(bool mine) const {
  const core::Waiting waiting("to ask all ranks");
  int any = mine ? 1 : 0;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, handle_), "ask all ranks");
  return any != 0;
}

void Communicator::send(std::span<const float> values, int to) const {
  const core::Waiting waiting("to send");
  check_mpi(MPI_Send(values.data(), checked_count(values.size()), MPI_FLOAT, to, kValuesTag, handle_),
            "send");
}

MPI_Request Communicator::start_receive(std::span<float> values, int from) const {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Irecv(values.data(), checked_count(values.size()), MPI_FLOAT, from, kValuesTag, handle_, &request),
      "receive");
  return request;
}

void cancel(std::vector<MPI_Request>& requests) noexcept {
  for (MPI_Request& request : requests) {
    if (request == MPI_REQUEST_NULL) continue;
    MPI_Cancel(&request);
    MPI_Request_free(&request);
  }
  requests.clear();
}

void wait(std::vector<MPI_Request>& requests) {
  const core::Waiting waiting("for messages");
  check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE), "wait");
  requests.clear();
}

void Communicator::abort(int exit_code) const {
  MPI_Abort(handle_, exit_code);
  std::abort();  // MPI_Abort does not return
}

}  // namespace foehn::comm
