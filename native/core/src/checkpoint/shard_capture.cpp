#include "checkpoint/shard_capture.h"

#include <algorithm>

#include "millrace/record.h"
#include "record/id_section.h"

namespace millrace {
namespace {

/// Large enough that a frame's fixed parts do not count, small enough that a reader needs little memory.
constexpr std::size_t kFrameBytes = std::size_t{4} << 20U;
/// A frame of less would hold hardly a row.
constexpr std::size_t kFrameBytesMin = 1024;

}  // namespace

Result<std::unique_ptr<CheckpointCapture>> MemoryShard::capture(std::uint64_t since) const {
  return guard([&]() -> Result<std::unique_ptr<CheckpointCapture>> {
    if (loader_ != nullptr) return Error{Errc::argument_invalid, "\"reason\":\"a checkpoint is being loaded\""};
    auto at = newest_published();
    const auto first = first_row_since(at, since);
    if (!first)
      return Error{Errc::argument_invalid,
                   "\"reason\":\"the shard cannot tell what changed since offset " + std::to_string(since) + "\""};
    return std::unique_ptr<CheckpointCapture>(
        std::make_unique<ShardCapture>(shared_from_this(), std::move(at), since, *first));
  });
}

/// Rows are appended in the order of their records, so their versions rise.
std::optional<std::uint32_t> MemoryShard::first_row_since(const Snapshot& at, std::uint64_t since) const noexcept {
  if (since == 0) return 0;
  if (since > at.state.next_offset) return std::nullopt;
  for (const auto& file : history_.files)
    if (file.offset == since) return file.row;
  if (since < history_.known_from.offset) return std::nullopt;
  const auto version = at.generation->schema->version_base + since;
  std::uint64_t low = history_.known_from.row;
  std::uint64_t high = at.state.rows;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (store_.rows.at(middle)->version < version) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<std::uint32_t>(low);
}

ShardCapture::ShardCapture(std::shared_ptr<const MemoryShard> shard, Snapshot at, std::uint64_t since,
                           std::uint32_t first)
    : shard_(std::move(shard)),
      at_(std::move(at)),
      first_(first),
      file_state_{at_.state, shard_->newest_epoch_, shard_->producers_.records(), shard_->sources_.positions()},
      head_{kCheckpointFormat, shard_->options_.shard, since, at_.state.next_offset, {}},
      rows_frame_(shard_->store_, *at_.generation, first, since),
      cursor_(first) {
  if (at_.generation->schema->version != 0) schema_ = encode_schema(*at_.generation->schema);
  if (first_ == 0) {
    rows_total_ = at_.state.points;
    return;
  }
  for (auto row = first_; row < at_.state.rows; ++row)
    rows_total_ += shard_->store_.is_visible(row, at_.state.next_offset) ? 1U : 0U;
}

Result<std::vector<std::byte>> ShardCapture::next(std::size_t bytes_max) {
  return guard([&]() -> Result<std::vector<std::byte>> {
    if (is_broken_) return Error{Errc::argument_invalid, "\"reason\":\"an earlier part of the capture failed\""};
    is_broken_ = true;  // until the end is reached without an exception
    const auto frame_bytes = std::clamp(bytes_max, kFrameBytesMin, kFrameBytes);
    std::vector<std::byte> buffer;
    while (stage_ != Stage::done && (buffer.empty() || buffer.size() + frame_bytes <= bytes_max))
      encode(buffer, frame_bytes);
    is_broken_ = false;
    return buffer;
  });
}

/// Appends one frame.
void ShardCapture::encode(std::vector<std::byte>& buffer, std::size_t frame_bytes) {
  if (stage_ == Stage::rows) {
    if (encode_rows(buffer, frame_bytes)) return;
    stage_ = Stage::deletes;
    cursor_ = 0;
  }
  if (stage_ == Stage::deletes) {
    if (encode_deletes(buffer, frame_bytes)) return;
    stage_ = Stage::state;
  }
  encode_state(buffer);
  stage_ = Stage::done;
}

bool ShardCapture::encode_rows(std::vector<std::byte>& buffer, std::size_t frame_bytes) {
  for (; cursor_ < at_.state.rows && rows_frame_.bytes() < frame_bytes; ++cursor_) {
    const auto row = static_cast<std::uint32_t>(cursor_);
    if (shard_->store_.is_visible(row, at_.state.next_offset)) rows_frame_.add(row);
  }
  if (rows_frame_.is_empty()) return false;
  seal(rows_frame_.write(buffer, shard_->options_.collection_id, encode_meta(head_of_next_frame())));
  return true;
}

bool ShardCapture::encode_deletes(std::vector<std::byte>& buffer, std::size_t frame_bytes) {
  std::vector<PointId> ids;
  for (; cursor_ < first_ && ids.size() * sizeof(PointId) < frame_bytes; ++cursor_) {
    const auto row = static_cast<std::uint32_t>(cursor_);
    if (is_gone(row)) ids.push_back(shard_->store_.rows.at(row)->id());
  }
  if (ids.empty()) return false;
  const auto count = static_cast<std::uint32_t>(ids.size());
  const auto encoding = id_encoding_of(ids);
  const auto meta = encode_meta(head_of_next_frame());
  FrameWriter writer(layout::RecordKind::checkpoint_deletes, shard_->options_.collection_id, at_.state.schema_version,
                     count);
  const auto meta_section = writer.add(layout::SectionKind::meta, 0, 0, 0, meta.size());
  const auto id_section = writer.add(layout::SectionKind::ids, static_cast<std::uint16_t>(encoding), 0, count,
                                     id_section_bytes(encoding, count));
  writer.place(buffer);
  std::ranges::copy(meta, writer.section(meta_section).begin());
  write_ids(writer.section(id_section), encoding, ids);
  writer.close();
  seal(writer.frame());
  return true;
}

/// Whether the files before leave the row's id with this row, and the snapshot does not have the id at all.
bool ShardCapture::is_gone(std::uint32_t row) const noexcept {
  const auto& store = shard_->store_;
  return store.is_visible(row, head_.since) && !store.is_visible(row, at_.state.next_offset) &&
         shard_->visible_row(at_, store.rows.at(row)->id()) == kNoRow;
}

void ShardCapture::encode_state(std::vector<std::byte>& buffer) {
  const auto meta = encode_meta(head_of_next_frame(), file_state_);
  FrameWriter writer(layout::RecordKind::checkpoint_state, shard_->options_.collection_id, at_.state.schema_version, 0);
  const auto meta_section = writer.add(layout::SectionKind::meta, 0, 0, 0, meta.size());
  writer.place(buffer);
  std::ranges::copy(meta, writer.section(meta_section).begin());
  writer.close();
  seal(writer.frame());
}

/// The first frame tells the schema, for those that store what follows, and so does the last, for those that read no more.
FileHead ShardCapture::head_of_next_frame() const noexcept {
  auto head = head_;
  if (frames_ == 0 || stage_ == Stage::state) head.schema = schema_;
  return head;
}

void ShardCapture::seal(std::span<std::byte> frame) noexcept { seal_record(frame, 0, ++frames_, 0); }

}  // namespace millrace
