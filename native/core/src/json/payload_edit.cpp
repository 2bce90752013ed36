#include "json/payload_edit.h"

#include <algorithm>
#include <numeric>

#include "json/payload_writer.h"

namespace millrace::json {
namespace {

bool is_object(std::string_view value) noexcept { return value.starts_with('{'); }
bool is_list(std::string_view value) noexcept { return value.starts_with('['); }

/// Starts the next member or element of the container that `out` ends with.
void separate(std::string& out, std::size_t container) {
  if (out.size() > container) out.push_back(',');
}

/// Calls `visit(head, key, value)` for the members of a stored object; `head` is `"key":`.
template <typename Visit>
void each_member(std::string_view object, std::string& decoded, const Visit& visit) {
  const char* at = object.data() + 1;
  const char* const end = object.data() + object.size();
  StoredMember member;
  while (next_stored_member(at, end, member)) {
    at = skip_stored(member.value, end);
    const std::string_view head(member.begin, static_cast<std::size_t>(member.value - member.begin));
    // The visitor may decode other keys on its way down.
    const std::string_view raw = member.key.text;
    const std::string key = member.key.has_escape ? std::string(decode_stored(member.key, decoded)) : std::string();
    visit(head, member.key.has_escape ? std::string_view(key) : raw,
          std::string_view(member.value, static_cast<std::size_t>(at - member.value)));
  }
}

/// Calls `visit(index, value)` for the elements of a stored array.
template <typename Visit>
void each_element(std::string_view list, const Visit& visit) {
  const char* at = list.data() + 1;
  const char* const end = list.data() + list.size();
  for (std::uint64_t index = 0; next_stored_element(at, end); ++index) {
    const char* const begin = at;
    at = skip_stored(at, end);
    visit(index, std::string_view(begin, static_cast<std::size_t>(at - begin)));
  }
}

void drop_empty_object(std::string& out, std::size_t begin) {
  if (out.size() - begin == 2) out.resize(begin);
}

}  // namespace

PayloadPatch::Verdict PayloadPatch::read(std::string_view text, std::uint32_t depth) {
  Scanner scanner(text, kNestingMax);
  text_.clear();
  members_.clear();
  const bool is_right = scanner.peek() == '{' && PayloadWriter(text_).write_payload(scanner, depth);
  if (!is_right) return scanner.is_too_deep ? Verdict::too_deep : Verdict::malformed;
  scanner.skip_space();
  if (scanner.at != scanner.end) return Verdict::malformed;
  if (text_.empty()) return Verdict::right;
  std::string decoded;
  each_member(text_, decoded, [&](std::string_view head, std::string_view key, std::string_view value) {
    members_.push_back({std::string(key), head, value});
  });
  by_key_.resize(members_.size());
  std::iota(by_key_.begin(), by_key_.end(), std::size_t{0});
  std::ranges::sort(by_key_, {}, [&](std::size_t i) { return std::string_view(members_[i].key); });
  return Verdict::right;
}

std::size_t PayloadPatch::find(std::string_view key) const noexcept {
  const auto key_of = [&](std::size_t i) { return std::string_view(members_[i].key); };
  const auto found = std::ranges::lower_bound(by_key_, key, {}, key_of);
  return found != by_key_.end() && key_of(*found) == key ? *found : members_.size();
}

void PayloadEditor::set(std::string& out, std::string_view payload, const JsonPath& path, const PayloadPatch& patch) {
  const auto begin = out.size();
  set_at(out, payload, path, 0, patch);
  drop_empty_object(out, begin);
}

void PayloadEditor::set_at(std::string& out, std::string_view value, const JsonPath& path, std::size_t step,
                           const PayloadPatch& patch) {
  if (step == path.size()) return merge(out, value, patch);
  const auto& wanted = path[step];
  out.push_back(wanted.kind == PathStep::Kind::key ? '{' : '[');
  const auto container = out.size();
  if (wanted.kind == PathStep::Kind::key) {
    bool is_found = false;
    if (is_object(value))
      each_member(value, decoded_, [&](std::string_view head, std::string_view key, std::string_view below) {
        separate(out, container);
        out += head;
        is_found = is_found || key == wanted.key;
        if (key == wanted.key) return set_at(out, below, path, step + 1, patch);
        out += below;
      });
    if (!is_found) {
      separate(out, container);
      append_string(out, wanted.key);
      out.push_back(':');
      set_at(out, {}, path, step + 1, patch);
    }
  } else if (is_list(value)) {
    each_element(value, [&](std::uint64_t index, std::string_view below) {
      separate(out, container);
      if (wanted.kind == PathStep::Kind::every || index == wanted.index) return set_at(out, below, path, step + 1, patch);
      out += below;
    });
  }
  out.push_back(wanted.kind == PathStep::Kind::key ? '}' : ']');
}

void PayloadEditor::merge(std::string& out, std::string_view value, const PayloadPatch& patch) {
  const auto& members = patch.members();
  is_merged_.assign(members.size(), 0);
  out.push_back('{');
  const auto container = out.size();
  if (is_object(value))
    each_member(value, decoded_, [&](std::string_view head, std::string_view key, std::string_view before) {
      const auto found = patch.find(key);
      const bool is_found = found < members.size();
      if (is_found) is_merged_[found] = 1;
      if (is_found && members[found].value == "null") return;
      separate(out, container);
      (out += head) += is_found ? members[found].value : before;
    });
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (is_merged_[i] != 0 || members[i].value == "null") continue;
    separate(out, container);
    (out += members[i].head) += members[i].value;
  }
  out.push_back('}');
}

void PayloadEditor::remove(std::string& out, std::string_view payload, const JsonPath& path) {
  const auto begin = out.size();
  remove_at(out, payload, path, 0);
  drop_empty_object(out, begin);
}

void PayloadEditor::remove_at(std::string& out, std::string_view value, const JsonPath& path, std::size_t step) {
  const auto& wanted = path[step];
  const bool is_last = step + 1 == path.size();
  const bool is_key = wanted.kind == PathStep::Kind::key;
  const bool leads_on = is_key ? is_object(value) : is_list(value) && !(is_last && wanted.kind == PathStep::Kind::index);
  // No payload that was checked is deeper; keeps the recursion short for one that was not.
  if (!leads_on || step >= kNestingMax) {
    out += value;
    return;
  }
  out.push_back(is_key ? '{' : '[');
  const auto container = out.size();
  if (is_key) {
    each_member(value, decoded_, [&](std::string_view head, std::string_view key, std::string_view below) {
      const bool is_wanted = key == wanted.key;
      if (is_wanted && is_last) return;
      separate(out, container);
      out += head;
      if (is_wanted) return remove_at(out, below, path, step + 1);
      out += below;
    });
  } else if (!is_last) {
    each_element(value, [&](std::uint64_t index, std::string_view below) {
      separate(out, container);
      if (wanted.kind == PathStep::Kind::every || index == wanted.index) return remove_at(out, below, path, step + 1);
      out += below;
    });
  }
  out.push_back(is_key ? '}' : ']');
}

}  // namespace millrace::json
