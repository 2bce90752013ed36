#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/stored.h"
#include "millrace/json_path.h"

namespace millrace::json {

/// An object that is merged into payloads, or replaces them: minified, number tokens verbatim, of duplicate keys the last.
class PayloadPatch {
 public:
  struct Member {
    std::string key;         ///< its characters
    std::string_view head;   ///< `"key":` as written
    std::string_view value;  ///< as it will be stored
  };

  enum class Verdict : std::uint8_t { right, malformed, too_deep };

  PayloadPatch() = default;
  PayloadPatch(const PayloadPatch&) = delete;
  PayloadPatch& operator=(const PayloadPatch&) = delete;

  /// @param text   of an object, in any JSON form
  /// @param depth  containers around it
  [[nodiscard]] Verdict read(std::string_view text, std::uint32_t depth);

  /// The object as a payload is stored: nothing for `{}`.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<Member>& members() const noexcept { return members_; }
  /// @return the member's index, or members().size()
  [[nodiscard]] std::size_t find(std::string_view key) const noexcept;

 private:
  std::string text_;
  std::vector<Member> members_;
  std::vector<std::size_t> by_key_;
};

/// Writes changed copies of stored payloads, each into `out`; of an object without members nothing is written, as it is
/// stored. Keeps the order of keys, and everything that is not changed byte for byte.
class PayloadEditor {
 public:
  /// Merges a patch into the object at `path`, or into the payload itself when the path is empty: its members replace those
  /// of the same key or are appended, and `null` removes. What is missing on the way is made; what is no container there is
  /// replaced by an empty one. `[3]` beyond the end changes nothing.
  void set(std::string& out, std::string_view payload, const JsonPath& path, const PayloadPatch& patch);

  /// Removes a key, or empties the array that the path ends in with `[]`. `[3]` at the end removes nothing.
  void remove(std::string& out, std::string_view payload, const JsonPath& path);

 private:
  void set_at(std::string& out, std::string_view value, const JsonPath& path, std::size_t step, const PayloadPatch& patch);
  void merge(std::string& out, std::string_view value, const PayloadPatch& patch);
  void remove_at(std::string& out, std::string_view value, const JsonPath& path, std::size_t step);

  std::string decoded_;
  std::vector<char> is_merged_;
};

}  // namespace millrace::json
