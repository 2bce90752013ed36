#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "convert.h"
#include "families.h"

namespace millrace::binding {
namespace {

Napi::Value fail_and_close(Napi::Env env, int fd) {
  const int number = errno;
  close(fd);
  errno = number;
  return fail_system(env);
}

std::string read_all(int fd) {
  std::array<char, 512> text{};
  const auto length = pread(fd, text.data(), text.size(), 0);
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

// lockFile(path: string, holder: string): { fd: number } | { holder: string }
// The lock ends with the process, however it ends; the text in the file is for people.
Napi::Value lock_file(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto path = as_string(info[0]);
  const auto holder = as_string(info[1]);
  if (!path || !holder) return fail_argument(env, "lockFile(path, holder)");
  const int fd = open(path->c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail_system(env);
  auto object = Napi::Object::New(env);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_and_close(env, fd);
    object.Set("holder", Napi::String::New(env, read_all(fd)));
    close(fd);
    return object;
  }
  const bool is_written = ftruncate(fd, 0) == 0 && pwrite(fd, holder->data(), holder->size(), 0) >= 0;
  if (!is_written) return fail_and_close(env, fd);
  object.Set("fd", Napi::Number::New(env, fd));
  return object;
}

// unlockFile(fd: number): void
Napi::Value unlock_file(const Napi::CallbackInfo& info) {
  const auto fd = as_u64(info[0]);
  if (!fd) return fail_argument(info.Env(), "unlockFile(fd)");
  close(static_cast<int>(*fd));
  return info.Env().Undefined();
}

}  // namespace

void export_lock(Napi::Env env, Napi::Object exports) {
  exports.Set("lockFile", Napi::Function::New(env, lock_file));
  exports.Set("unlockFile", Napi::Function::New(env, unlock_file));
}

}  // namespace millrace::binding
