#pragma once

#include <string>
#include <utility>
#include <variant>

#include "millrace/errc.generated.h"

namespace millrace {

/// A failure: a code of the one error table and its details as the inner text of a JSON object
/// (`"expected":100,"actual":3`), from which the message is rendered.
struct Error {
  Errc code = Errc::ok;
  std::string details;
};

/// A value or an Error. Nothing in the core throws on purpose; see guard.h for what the library may throw.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] T& value() & { return std::get<0>(held_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(held_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(held_)); }
  [[nodiscard]] const Error& error() const { return std::get<1>(held_); }

 private:
  std::variant<T, Error> held_;
};

}  // namespace millrace
