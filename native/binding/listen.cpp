#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "convert.h"
#include "families.h"

namespace millrace::binding {
namespace {

/// Whether several sockets may listen on one port and the system spreads connections over them. macOS takes the option,
/// but gives every connection to one of them.
#if defined(__linux__) && defined(SO_REUSEPORT)
constexpr bool kSpreadsConnections = true;
#else
constexpr bool kSpreadsConnections = false;
#endif

/// As many connections may wait to be accepted; the system cuts it to its own limit.
constexpr int kBacklog = 511;

/// Closes a descriptor unless it was given away.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int give_away() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool set_option(int fd, int level, int option, int value = 1) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool set_flags(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0; }

bool set_reuse_port(int fd) {
#ifdef SO_REUSEPORT
  return set_option(fd, SOL_SOCKET, SO_REUSEPORT);
#else
  static_cast<void>(fd);
  errno = ENOTSUP;
  return false;
#endif
}

struct AddressDeleter {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

/// @param host  a numeric address, so that nothing is looked up here
std::unique_ptr<addrinfo, AddressDeleter> parse_address(const std::string& host, std::uint64_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) errno = EADDRNOTAVAIL;
  return std::unique_ptr<addrinfo, AddressDeleter>(list);
}

// listenSocket(address: string, port: number, isFirst: boolean): number
// A socket that listens, or an error with `errno`. The first one of a port claims it alone: only once it listens, and the
// system has told every rival that the port is taken, does it allow others of this process (and no earlier) beside it.
// So two servers that start at the same moment never share a port, without a probe that one of them could slip past.
Napi::Value listen_socket(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto host = as_string(info[0]);
  const auto port = as_u64(info[1]);
  if (!host || !port || *port > 65'535 || !info[2].IsBoolean())
    return fail_argument(env, "listenSocket(address, port, isFirst)");
  const bool is_first = info[2].As<Napi::Boolean>();
  const auto address = parse_address(*host, *port);
  if (address == nullptr) return fail_system(env);
  Descriptor socket_fd(socket(address->ai_family, address->ai_socktype, address->ai_protocol));
  const int fd = socket_fd.get();
  // A port whose last connections are still in TIME_WAIT can be taken again; one that someone listens on cannot.
  bool is_ready = fd >= 0 && set_flags(fd) && set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  // As Node does: `::` takes IPv4 as well.
  if (is_ready && address->ai_family == AF_INET6) is_ready = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (is_ready && !is_first) is_ready = set_reuse_port(fd);
  is_ready = is_ready && bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, kBacklog) == 0;
  if (is_ready && is_first && kSpreadsConnections) is_ready = set_reuse_port(fd);
  if (!is_ready) return fail_system(env);
  return Napi::Number::New(env, socket_fd.give_away());
}

// duplicateSocket(fd: number): number
// Another descriptor of the same socket: what one thread closes, another goes on using.
Napi::Value duplicate_socket(const Napi::CallbackInfo& info) {
  const auto fd = as_u64(info[0]);
  if (!fd) return fail_argument(info.Env(), "duplicateSocket(fd)");
  const int copy = fcntl(static_cast<int>(*fd), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_system(info.Env());
  return Napi::Number::New(info.Env(), copy);
}

// closeSocket(fd: number): void
Napi::Value close_socket(const Napi::CallbackInfo& info) {
  const auto fd = as_u64(info[0]);
  if (!fd) return fail_argument(info.Env(), "closeSocket(fd)");
  close(static_cast<int>(*fd));
  return info.Env().Undefined();
}

// portOfSocket(fd: number): number
Napi::Value port_of_socket(const Napi::CallbackInfo& info) {
  const auto fd = as_u64(info[0]);
  if (!fd) return fail_argument(info.Env(), "portOfSocket(fd)");
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(static_cast<int>(*fd), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return fail_system(info.Env());
  // The port lies at the same place in both families.
  const auto port = ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return Napi::Number::New(info.Env(), port);
}

}  // namespace

void export_listen(Napi::Env env, Napi::Object exports) {
  exports.Set("spreadsConnections", Napi::Boolean::New(env, kSpreadsConnections));
  exports.Set("listenSocket", Napi::Function::New(env, listen_socket));
  exports.Set("duplicateSocket", Napi::Function::New(env, duplicate_socket));
  exports.Set("closeSocket", Napi::Function::New(env, close_socket));
  exports.Set("portOfSocket", Napi::Function::New(env, port_of_socket));
}

}  // namespace millrace::binding
