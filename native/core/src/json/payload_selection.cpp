#include "json/scanner.h"
#include "json/strings.h"
#include "json/syntax.h"
#include "millrace/render.h"

namespace millrace {
namespace {

using json::RawString;
using json::Scanner;

/// A pattern that agrees with the path walked so far, which has as many steps as the walk is deep.
using ActivePatterns = std::vector<const JsonPath*>;

/// Walks a payload that is known to be valid and copies what the selector keeps. Stored payloads are as deep as the
/// parser let them be, so recursion is bounded.
class Selection {
 public:
  Selection(std::string& out, std::string_view payload, bool includes)
      : out_(out), scanner_(payload, json::kNestingMax), includes_(includes) {}

  /// @param depth  steps walked
  void copy_value(const ActivePatterns& active, std::size_t depth) {
    const char next = scanner_.peek();
    if (next == '{' && !active.empty()) return copy_object(active, depth);
    if (next == '[' && !active.empty()) return copy_list(active, depth);
    const char* begin = scanner_.at;
    skip();
    out_.append(begin, scanner_.at);
  }

 private:
  void copy_object(const ActivePatterns& active, std::size_t depth) {
    ++scanner_.at;
    out_.push_back('{');
    bool has_next = !scanner_.consume('}');
    bool is_first = true;
    while (has_next) {
      RawString key;
      const char* begin = scanner_.at;
      if (!json::read_key(scanner_, key)) break;
      const std::string_view head(begin, static_cast<std::size_t>(scanner_.at - begin));
      const PathStep step{PathStep::Kind::key, std::string(json::decode_string(key, decoded_)), 0};
      copy_child(active, depth, step, head, is_first);
      if (!json::next_or_close(scanner_, '}', has_next)) break;
    }
    out_.push_back('}');
  }

  void copy_list(const ActivePatterns& active, std::size_t depth) {
    const PathStep step{PathStep::Kind::every, {}, 0};
    ++scanner_.at;
    out_.push_back('[');
    bool has_next = !scanner_.consume(']');
    bool is_first = true;
    while (has_next) {
      copy_child(active, depth, step, {}, is_first);
      if (!json::next_or_close(scanner_, ']', has_next)) break;
    }
    out_.push_back(']');
  }

  /// Copies or drops the value that `step` leads to.
  /// @param head  what stands before the value: its key
  void copy_child(const ActivePatterns& active, std::size_t depth, const PathStep& step, std::string_view head,
                  bool& is_first) {
    ActivePatterns below;
    bool is_matched = false;
    for (const JsonPath* pattern : active) {
      const auto& wanted = (*pattern)[depth];
      if (wanted.kind != step.kind || wanted.key != step.key) continue;
      is_matched = is_matched || pattern->size() == depth + 1;
      below.push_back(pattern);
    }
    const bool is_kept = includes_ ? !below.empty() : !is_matched;
    if (!is_kept) return skip();
    if (!is_first) out_.push_back(',');
    is_first = false;
    out_ += head;
    // Below a whole pattern everything is kept, and without patterns nothing more is decided.
    copy_value(is_matched ? ActivePatterns{} : below, depth + 1);
  }

  void skip() {
    if (!json::skip_value(scanner_, 0)) scanner_.at = scanner_.end;
  }

  std::string& out_;
  Scanner scanner_;
  bool includes_;
  std::string decoded_;
};

}  // namespace

void append_selected(std::string& out, std::string_view payload, const PayloadSelector& selector) {
  const bool includes = selector.mode == PayloadSelector::Mode::include;
  if (payload.empty() || (includes && selector.paths.empty())) {
    out += "{}";
    return;
  }
  ActivePatterns active;
  if (selector.mode != PayloadSelector::Mode::all)
    for (const auto& path : selector.paths) active.push_back(&path);
  Selection(out, payload, includes).copy_value(active, 0);
}

}  // namespace millrace
