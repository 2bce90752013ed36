#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/scanner.h"
#include "json/strings.h"

namespace millrace::json {

/// Copies JSON values without white space. Numbers and escapes stay as written; of keys that an object has twice, the
/// last value stands at the place of the first, at every level.
class PayloadWriter {
 public:
  explicit PayloadWriter(std::string& out) : out_(out) {}

  /// Reads a payload: an object, or `null` for none. An empty object is no payload either and leaves no text.
  /// @param depth  containers around it
  [[nodiscard]] bool write_payload(Scanner& scanner, std::uint32_t depth);

 private:
  /// A member of an open object: where its key and value stand in `out_`.
  struct Member {
    std::uint64_t key_hash;
    std::size_t begin;
    std::size_t value;
    std::size_t end;
    bool has_escape;
  };

  bool write_value(Scanner& scanner, std::uint32_t depth);
  bool write_object(Scanner& scanner, std::uint32_t depth);
  bool write_list(Scanner& scanner, std::uint32_t depth);
  bool write_member(Scanner& scanner, std::uint32_t depth);
  [[nodiscard]] bool may_repeat(std::size_t first_member);
  void drop_repeated(std::size_t object_begin, std::size_t first_member);
  [[nodiscard]] std::string key_of(const Member& member) const;

  std::string& out_;
  std::string decoded_;
  std::vector<Member> members_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace millrace::json
