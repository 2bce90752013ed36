#include <algorithm>
#include <bit>
#include <functional>
#include <string>

#include "millrace/checksum.h"
#include "millrace/record.h"
#include "record/field.h"
#include "record/tables.h"

namespace millrace {
namespace {

struct Section {
  std::uint16_t kind;
  std::uint16_t encoding;
  std::uint32_t slot;
  std::uint32_t offset;
  std::uint32_t rows;
  std::span<const std::byte> bytes;
};

constexpr std::uint32_t kSectionsMax = 4096;
/// Ingest, first, next, partition, length of the topic's name.
constexpr std::size_t kSourceHeadBytes = 32;
constexpr std::size_t kIdBytes[] = {8, 16, 16};

template <typename T>
std::span<const T> view_as(std::span<const std::byte> bytes) noexcept {
  // Sections start at multiples of 64 in a frame that is 8-byte aligned, so the view is aligned.
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace

/// One pass over one frame; the first thing found wrong is what is reported.
class RecordDecoder {
 public:
  RecordDecoder(std::span<const std::byte> frame, std::uint64_t offset, bool is_sealed) noexcept
      : bytes_(frame), offset_(offset), is_sealed_(is_sealed) {}

  Result<RecordFrame> decode() {
    if (reinterpret_cast<std::uintptr_t>(bytes_.data()) % 8 != 0)
      return Error{Errc::argument_invalid, "\"reason\":\"the frame is not 8-byte aligned\""};
    if (read_header() && read_table()) {
      for (const auto& section : sections_)
        if (!read_section(section)) break;
      if (errc_ == Errc::ok) match_vectors();
    }
    if (errc_ == Errc::ok) return std::move(frame_);
    return Error{errc_, "\"offset\":" + std::to_string(offset_) + ",\"reason\":\"" + reason_ + "\""};
  }

 private:
  bool corrupt(const char* reason) noexcept { return fail(Errc::record_corrupt, reason); }
  bool newer(const char* reason) noexcept { return fail(Errc::record_format_newer, reason); }
  bool fail(Errc code, const char* reason) noexcept {
    errc_ = code;
    reason_ = reason;
    return false;
  }

  bool read_header() {
    namespace h = layout::header;
    if (bytes_.size() < layout::kHeaderBytes) return corrupt("shorter than a header");
    if (read_field<h::magic>(bytes_) != layout::kFrameMagic) return corrupt("no frame magic");
    // The version comes before the checksum: a newer one may compute it differently.
    if (read_field<h::version>(bytes_) > layout::kFrameVersion) return newer("format version");
    if (read_field<h::version>(bytes_) == 0) return corrupt("format version 0");
    if (read_field<h::frame_bytes>(bytes_) != bytes_.size() || bytes_.size() % 8 != 0) return corrupt("frame length");
    section_count_ = read_field<h::section_count>(bytes_);
    const std::size_t room = (bytes_.size() - layout::kHeaderBytes) / layout::kSectionEntryBytes;
    // More than any schema asks for; keeps the search for a slot's block short.
    if (section_count_ > room || section_count_ > kSectionsMax) return corrupt("section table length");
    const auto table = bytes_.subspan(layout::kHeaderBytes, section_count_ * layout::kSectionEntryBytes);
    if (is_sealed_ && crc32c(table, crc32c(bytes_.first(h::header_crc::at))) != read_field<h::header_crc>(bytes_))
      return corrupt("header checksum");
    table_end_ = layout::kHeaderBytes + table.size();
    if (is_sealed_ && crc32c(bytes_.subspan(table_end_)) != read_field<h::body_crc>(bytes_))
      return corrupt("body checksum");
    frame_.kind = static_cast<layout::RecordKind>(read_field<h::kind>(bytes_));
    frame_.collection_id = read_field<h::collection_id>(bytes_);
    frame_.schema_version = read_field<h::schema_version>(bytes_);
    frame_.writer_epoch = read_field<h::writer_epoch>(bytes_);
    frame_.producer_id = read_field<h::producer_id>(bytes_);
    frame_.sequence = read_field<h::sequence>(bytes_);
    frame_.count = read_field<h::count>(bytes_);
    return true;
  }

  bool read_table() {
    namespace s = layout::section;
    sections_.reserve(section_count_);
    for (std::uint32_t i = 0; i < section_count_; ++i) {
      const auto entry = bytes_.subspan(layout::kHeaderBytes + i * layout::kSectionEntryBytes,
                                        layout::kSectionEntryBytes);
      const auto at = read_field<s::offset>(entry);
      const auto length = read_field<s::bytes>(entry);
      if (at % layout::kSectionAlignment != 0 || at < table_end_) return corrupt("section offset");
      if (at > bytes_.size() || length > bytes_.size() - at) return corrupt("section beyond the frame");
      sections_.push_back({read_field<s::kind>(entry), read_field<s::encoding>(entry), read_field<s::slot>(entry), at,
                           read_field<s::rows>(entry), bytes_.subspan(at, length)});
    }
    std::ranges::sort(sections_, {}, &Section::offset);
    for (std::size_t i = 1; i < sections_.size(); ++i)
      if (sections_[i - 1].offset + sections_[i - 1].bytes.size() > sections_[i].offset)
        return corrupt("sections overlap");
    return true;
  }

  bool read_section(const Section& section) {
    switch (static_cast<layout::SectionKind>(section.kind)) {
      case layout::SectionKind::ids: return read_ids(section);
      case layout::SectionKind::vectors: return read_vectors(section);
      case layout::SectionKind::presence: return read_presence(section);
      case layout::SectionKind::norms: return read_norms(section);
      case layout::SectionKind::payload: return read_payload(section);
      case layout::SectionKind::meta: return read_meta(section);
      case layout::SectionKind::operations: return read_operations(section);
      case layout::SectionKind::versions: return read_versions(section);
      case layout::SectionKind::kept: return read_kept(section);
      case layout::SectionKind::source: return read_source(section);
      case layout::SectionKind::sparse: return read_sparse(section);
      case layout::SectionKind::multi: return read_multi(section);
    }
    return (section.kind & layout::kOptionalSectionBit) != 0 || newer("section kind");
  }

  bool read_ids(const Section& section) {
    if (frame_.has_id_section_) return corrupt("two id sections");
    frame_.has_id_section_ = true;
    if (section.encoding > static_cast<std::uint16_t>(layout::IdEncoding::mixed)) return newer("id encoding");
    frame_.id_encoding_ = static_cast<layout::IdEncoding>(section.encoding);
    const std::size_t flags =
        frame_.id_encoding_ == layout::IdEncoding::mixed ? words_of(section.rows) * 8 : 0;
    if (section.rows != frame_.count || section.bytes.size() != flags + section.rows * kIdBytes[section.encoding])
      return corrupt("id section length");
    frame_.ids_ = section.bytes;
    if (frame_.id_encoding_ != layout::IdEncoding::mixed) return true;
    for (std::uint32_t row = 0; row < section.rows; ++row) {
      const auto word = read_at<std::uint64_t>(section.bytes, (row >> 6) * 8);
      const bool is_uuid = ((word >> (row & 63U)) & 1U) != 0;
      if (!is_uuid && read_at<std::uint64_t>(section.bytes, flags + row * 16 + 8) != 0) return corrupt("number id");
    }
    return true;
  }

  VectorBlock& block_of(std::uint32_t slot) {
    const auto at = std::ranges::lower_bound(frame_.vectors, slot, {}, &VectorBlock::slot);
    if (at != frame_.vectors.end() && at->slot == slot) return *at;
    VectorBlock block;
    block.slot = slot;
    return *frame_.vectors.insert(at, block);
  }

  /// The block that a section with the vectors of a slot fills: one, of one kind, for each slot.
  /// @return null when it fails
  VectorBlock* begin_vectors(const Section& section) {
    if (std::ranges::find(seen_vectors_, section.slot) != seen_vectors_.end()) return corrupt_block("two vector sections");
    seen_vectors_.push_back(section.slot);
    if (section.rows > frame_.count) return corrupt_block("vector rows");
    auto& block = block_of(section.slot);
    block.present = section.rows;
    return &block;
  }
  VectorBlock* corrupt_block(const char* reason) noexcept {
    corrupt(reason);
    return nullptr;
  }

  /// Dense components: of so many vectors, all of one dimension.
  bool fill_components(VectorBlock& block, std::uint16_t encoding, std::span<const std::byte> bytes, std::size_t vectors) {
    const auto element = static_cast<ElementType>(encoding);
    const std::size_t each = vectors == 0 ? 0 : bytes.size() / vectors;
    if (each * vectors != bytes.size() || each % element_bytes(element) != 0) return corrupt("vector section length");
    if (vectors != 0 && each == 0) return corrupt("vector without components");
    block.dimension = static_cast<std::uint32_t>(each / element_bytes(element));
    block.element = element;
    block.stored = bytes;
    return true;
  }

  bool read_vectors(const Section& section) {
    if (!is_element_type(section.encoding)) return newer("vector encoding");
    auto* const block = begin_vectors(section);
    if (block == nullptr || !fill_components(*block, section.encoding, section.bytes, section.rows)) return false;
    if (block->element == ElementType::f32) block->values = view_as<float>(section.bytes);
    return true;
  }

  bool read_sparse(const Section& section) {
    if (section.encoding != static_cast<std::uint16_t>(layout::SparseEncoding::f32)) return newer("sparse encoding");
    auto* const block = begin_vectors(section);
    if (block == nullptr) return false;
    const auto table = offset_table(section.rows);
    if (section.bytes.size() < table) return corrupt("sparse section length");
    const auto ends = view_as<std::uint32_t>(section.bytes.first(table));
    if (ends.front() != 0 || !std::ranges::is_sorted(ends)) return corrupt("sparse rows");
    const std::size_t entries = ends.back();
    if (section.bytes.size() != table + entries * (sizeof(std::uint32_t) + sizeof(float)))
      return corrupt("sparse section length");
    block->ends = ends;
    block->indices = view_as<std::uint32_t>(section.bytes.subspan(table, entries * sizeof(std::uint32_t)));
    block->values = view_as<float>(section.bytes.subspan(table + entries * sizeof(std::uint32_t)));
    for (std::uint32_t row = 0; row < section.rows; ++row)
      for (std::size_t at = ends[row] + std::size_t{1}; at < ends[row + 1]; ++at)
        if (block->indices[at - 1] >= block->indices[at]) return corrupt("sparse indices");
    return true;
  }

  bool read_multi(const Section& section) {
    if (!is_element_type(section.encoding)) return newer("multivector encoding");
    auto* const block = begin_vectors(section);
    if (block == nullptr) return false;
    const auto table = offset_table(section.rows);
    if (section.bytes.size() < table) return corrupt("multivector section length");
    const auto runs = view_as<std::uint32_t>(section.bytes.first(table));
    // A multivector has at least one vector.
    if (runs.front() != 0 || std::ranges::adjacent_find(runs, std::greater_equal<>()) != runs.end())
      return corrupt("multivector rows");
    block->runs = runs;
    return fill_components(*block, section.encoding, section.bytes.subspan(table), runs.back());
  }

  bool read_presence(const Section& section) {
    if (section.encoding != 0) return newer("presence encoding");
    if (section.bytes.size() != words_of(frame_.count) * 8 || section.rows != frame_.count)
      return corrupt("presence section length");
    auto& block = block_of(section.slot);
    if (!block.presence.empty()) return corrupt("two presence sections");
    block.presence = view_as<std::uint64_t>(section.bytes);
    if (frame_.count % 64 != 0 && (block.presence.back() >> (frame_.count % 64)) != 0)
      return corrupt("presence of rows beyond the record");
    return true;
  }

  bool read_norms(const Section& section) {
    if (section.encoding != 0) return newer("norm encoding");
    if (section.bytes.size() != std::size_t{section.rows} * 4) return corrupt("norm section length");
    auto& block = block_of(section.slot);
    if (!block.norms.empty()) return corrupt("two norm sections");
    block.norms = view_as<float>(section.bytes);
    return true;
  }

  bool read_payload(const Section& section) {
    if (section.encoding != 0) return newer("payload encoding");
    if (!frame_.payload_offsets_.empty()) return corrupt("two payload sections");
    if (section.rows != frame_.count || !has_offsets(section)) return corrupt("payload offsets");
    const std::size_t table = offset_table(section.rows);
    const auto text = section.bytes.subspan(table);
    frame_.payload_offsets_ = section.bytes.first(table);
    frame_.payload_text_ = {reinterpret_cast<const char*>(text.data()), text.size()};
    return true;
  }

  bool read_operations(const Section& section) {
    if (section.encoding != 0) return newer("operation encoding");
    if (!frame_.operations_.empty()) return corrupt("two operation sections");
    if (!has_offsets(section)) return corrupt("operation offsets");
    frame_.operations_ = section.bytes;
    frame_.operation_count_ = section.rows;
    return true;
  }

  bool read_source(const Section& section) {
    if (section.encoding != 0) return newer("source encoding");
    if (frame_.kind != layout::RecordKind::batch) return corrupt("a source of another kind than batch");
    if (frame_.source) return corrupt("two source sections");
    const auto& bytes = section.bytes;
    if (bytes.size() < kSourceHeadBytes || bytes.size() - kSourceHeadBytes != read_at<std::uint32_t>(bytes, 28))
      return corrupt("source section length");
    auto& source = frame_.source.emplace();
    source.ingest = read_at<std::uint64_t>(bytes, 0);
    source.first = read_at<std::uint64_t>(bytes, 8);
    source.next = read_at<std::uint64_t>(bytes, 16);
    source.partition = read_at<std::uint32_t>(bytes, 24);
    const auto topic = view_as<char>(bytes.subspan(kSourceHeadBytes));
    source.topic = {topic.data(), topic.size()};
    return source.next >= source.first || corrupt("source range");
  }

  /// Whether a section is a table of rising offsets, from 0 to the length of what follows it.
  static bool has_offsets(const Section& section) noexcept {
    const auto table = offset_table(section.rows);
    if (section.bytes.size() < table) return false;
    std::uint32_t before = 0;
    for (std::size_t row = 0; row <= section.rows; ++row) {
      const auto at = read_at<std::uint32_t>(section.bytes, row * 4);
      if (at < before || (row == 0 && at != 0)) return false;
      before = at;
    }
    return before == section.bytes.size() - table;
  }

  bool read_meta(const Section& section) {
    if (section.encoding != 0) return newer("meta encoding");
    if (!frame_.meta.empty()) return corrupt("two meta sections");
    if (section.bytes.empty()) return corrupt("empty meta section");
    frame_.meta = section.bytes;
    return true;
  }

  bool read_versions(const Section& section) {
    if (section.encoding != 0) return newer("versions encoding");
    if (!frame_.is_checkpoint()) return corrupt("a section of checkpoints");
    if (!frame_.versions.empty()) return corrupt("two version sections");
    if (section.rows != frame_.count || section.bytes.size() != std::size_t{section.rows} * 8)
      return corrupt("version section length");
    frame_.versions = view_as<std::uint64_t>(section.bytes);
    return true;
  }

  bool read_kept(const Section& section) {
    if (section.encoding != 0) return newer("kept encoding");
    if (!frame_.is_checkpoint()) return corrupt("a section of checkpoints");
    if (section.rows != frame_.count || section.bytes.size() != words_of(frame_.count) * 8)
      return corrupt("kept section length");
    auto& block = block_of(section.slot);
    if (!block.kept.empty()) return corrupt("two kept sections");
    block.kept = view_as<std::uint64_t>(section.bytes);
    if (frame_.count % 64 != 0 && (block.kept.back() >> (frame_.count % 64)) != 0) return corrupt("kept beyond the rows");
    return true;
  }

  /// A row's vector stands in the frame or is kept, never both.
  bool match_kept(const VectorBlock& block) {
    for (std::size_t word = 0; word < block.kept.size(); ++word) {
      const auto given = block.presence.empty() ? (block.present == 0 ? 0 : ~std::uint64_t{0}) : block.presence[word];
      if ((block.kept[word] & given) != 0) return corrupt("a vector given and kept");
    }
    return true;
  }

  /// Presence and norms describe a vector section, which may stand before or after them.
  bool match_vectors() {
    for (const auto& block : frame_.vectors) {
      const bool has_section = std::ranges::find(seen_vectors_, block.slot) != seen_vectors_.end();
      if (!has_section && !(block.presence.empty() && block.norms.empty()))
        return corrupt("presence or norms without vectors");
      if (!match_kept(block)) return false;
      if (!has_section) continue;
      std::size_t present = frame_.count;
      if (!block.presence.empty()) {
        present = 0;
        for (const auto word : block.presence) present += static_cast<std::size_t>(std::popcount(word));
      }
      if (present != block.present) return corrupt("vector rows against presence");
      if (!block.norms.empty() && block.is_sparse()) return corrupt("norms of sparse vectors");
      const auto norms = block.is_multi() ? block.runs.back() : block.present;
      if (!block.norms.empty() && block.norms.size() != norms) return corrupt("norm rows");
    }
    return true;
  }

  std::span<const std::byte> bytes_;
  std::uint64_t offset_;
  bool is_sealed_;
  std::uint32_t section_count_ = 0;
  std::size_t table_end_ = 0;
  std::vector<Section> sections_;
  std::vector<std::uint32_t> seen_vectors_;
  RecordFrame frame_;
  Errc errc_ = Errc::ok;
  const char* reason_ = "";
};

Result<RecordFrame> decode_record(std::span<const std::byte> frame, std::uint64_t offset) {
  return RecordDecoder(frame, offset, true).decode();
}

Result<RecordFrame> decode_operation(std::span<const std::byte> frame, std::uint64_t offset) {
  return RecordDecoder(frame, offset, false).decode();
}

}  // namespace millrace
