#include "millrace/query_parser.h"

#include "json/numbers.h"
#include "json/syntax.h"

namespace millrace {
namespace json {
namespace {

/// Longest list of components that is read here: the largest dimension that a collection may have.
constexpr std::size_t kComponentsMax = 65'536;

/// State of one `parse_nearest`. A member that comes twice, or has a value of another kind than the everyday one, ends
/// the parse: which of two counts, and what is wrong, is for the schema path to say.
class QueryParser {
 public:
  QueryParser(std::string_view body, QueryForm form, std::uint32_t depth_max) : scanner_(body, depth_max), form_(form) {}

  [[nodiscard]] std::optional<NearestQuery> parse() {
    const bool is_accepted = scanner_.depth_max > 2 && parse_object([this](std::string_view key) { return parse_member(key); });
    scanner_.skip_space();
    if (!is_accepted || scanner_.at != scanner_.end || query_.vector.empty()) return std::nullopt;
    if (form_ == QueryForm::search && !is_set(kLimit)) return std::nullopt;
    return std::move(query_);
  }

 private:
  enum Member : std::uint32_t {
    kVector = 1, kName = 2, kLimit = 4, kOffset = 8, kParams = 16, kThreshold = 32, kPayload = 64, kWithVector = 128,
    kEf = 256, kExact = 512, kQuantization = 1024, kIgnore = 2048, kRescore = 4096, kOversampling = 8192
  };

  [[nodiscard]] bool is_set(Member member) const noexcept { return (members_ & member) != 0; }
  [[nodiscard]] bool is_first(Member member) noexcept {
    const bool is_new = !is_set(member);
    members_ |= member;
    return is_new;
  }

  template <typename ParseMember>
  bool parse_object(ParseMember parse_member) {
    if (!scanner_.consume('{')) return false;
    bool has_next = !scanner_.consume('}');
    while (has_next) {
      RawString key;
      if (!read_key(scanner_, key) || !parse_member(decode_string(key, storage_)) ||
          !next_or_close(scanner_, '}', has_next)) {
        return false;
      }
    }
    return true;
  }

  bool parse_member(std::string_view key) {
    if (key == (form_ == QueryForm::query ? "query" : "vector")) return is_first(kVector) && parse_query();
    if (key == "using" && form_ == QueryForm::query) return is_first(kName) && (consume_null(scanner_) || parse_name());
    if (key == "limit" || (key == "top" && form_ == QueryForm::search))
      return is_first(kLimit) && parse_count(query_.limit) && query_.limit > 0;
    if (key == "offset") return is_first(kOffset) && (consume_null(scanner_) || parse_count(query_.offset));
    if (key == "params") return is_first(kParams) && (consume_null(scanner_) || parse_params());
    if (key == "score_threshold") return is_first(kThreshold) && (consume_null(scanner_) || parse_threshold());
    if (key == "with_payload") return is_first(kPayload) && parse_flag(query_.has_payload);
    if (key == "with_vector" || key == "with_vectors") return is_first(kWithVector) && parse_flag(query_.has_vector);
    if (key == "filter" || key == "prefetch" || key == "lookup_from" || key == "shard_key" || key == "query" ||
        key == "vector") {
      return consume_null(scanner_);
    }
    return skip_value(scanner_, 1);
  }

  /// A bare list; `{"nearest":[…]}` for a query; `{"name":…,"vector":[…]}` for a search.
  bool parse_query() {
    if (scanner_.peek() == '[') return parse_components();
    return parse_object([this](std::string_view key) {
      if (key == (form_ == QueryForm::query ? "nearest" : "vector")) return parse_components();
      return key == "name" && form_ == QueryForm::search && is_first(kName) && parse_name();
    });
  }

  bool parse_components() {
    if (!query_.vector.empty() || !scanner_.consume('[')) return false;
    bool has_next = true;
    while (has_next) {
      scanner_.skip_space();
      float value = 0;
      if (query_.vector.size() == kComponentsMax || !parse_f32(scanner_, value)) return false;
      query_.vector.push_back(value);
      if (!next_or_close(scanner_, ']', has_next)) return false;
    }
    return true;
  }

  bool parse_name() {
    RawString text;
    if (scanner_.peek() != '"' || !scan_string(scanner_, text)) return false;
    query_.name = decode_string(text, storage_);
    return true;
  }

  /// Whole numbers only: `1e1` and `10.0` are for the schema path.
  bool parse_count(std::uint32_t& out) {
    scanner_.skip_space();
    std::uint64_t value = 0;
    if (!parse_u64(scanner_, value) || value > UINT32_MAX) return false;
    out = static_cast<std::uint32_t>(value);
    return true;
  }

  bool parse_threshold() {
    scanner_.skip_space();
    float value = 0;
    if (!parse_f32(scanner_, value)) return false;
    query_.score_threshold = value;
    return true;
  }

  bool parse_flag(bool& out) {
    const char next = scanner_.peek();
    if (next == 'n') return consume_null(scanner_);
    out = next == 't';
    return (next == 't' && skip_literal(scanner_, "true")) || (next == 'f' && skip_literal(scanner_, "false"));
  }

  bool parse_params() {
    return parse_object([this](std::string_view key) {
      if (key == "hnsw_ef") return is_first(kEf) && (consume_null(scanner_) || (parse_count(query_.ef) && query_.ef > 0));
      if (key == "exact") return is_first(kExact) && parse_flag(query_.exact);
      if (key == "quantization") return is_first(kQuantization) && (consume_null(scanner_) || parse_quantization());
      if (key == "indexed_only" || key == "acorn" || key == "idf") return consume_null(scanner_);
      return skip_value(scanner_, 2);
    });
  }

  bool parse_quantization() {
    auto& use = query_.quantization;
    return parse_object([this, &use](std::string_view key) {
      if (key == "ignore") return is_first(kIgnore) && parse_flag(use.is_ignored);
      if (key == "rescore") {
        const bool is_null = scanner_.peek() == 'n';
        bool rescores = false;
        if (!is_first(kRescore) || !parse_flag(rescores)) return false;
        if (!is_null) use.rescores = rescores;
        return true;
      }
      if (key == "oversampling") return is_first(kOversampling) && (consume_null(scanner_) || parse_oversampling());
      return skip_value(scanner_, 3);
    });
  }

  bool parse_oversampling() {
    scanner_.skip_space();
    float value = 0;
    if (!parse_f32(scanner_, value) || !(value >= 1)) return false;
    query_.quantization.oversampling = double{value};
    return true;
  }

  Scanner scanner_;
  QueryForm form_;
  NearestQuery query_;
  std::uint32_t members_ = 0;
  std::string storage_;
};

}  // namespace
}  // namespace json

std::optional<NearestQuery> parse_nearest(std::string_view body, QueryForm form, std::uint32_t depth_max) {
  return json::QueryParser(body, form, depth_max).parse();
}

}  // namespace millrace
