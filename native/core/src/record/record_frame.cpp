#include "millrace/record.h"
#include "record/field.h"
#include "record/tables.h"

namespace millrace {

std::span<const std::byte> RecordFrame::operation(std::uint32_t index) const noexcept {
  const auto frames = operations_.subspan(offset_table(operation_count_));
  const auto begin = read_at<std::uint32_t>(operations_, index * 4UL);
  return frames.subspan(begin, read_at<std::uint32_t>(operations_, index * 4UL + 4) - begin);
}

PointId RecordFrame::id(std::uint32_t row) const noexcept {
  if (id_encoding_ == layout::IdEncoding::numeric) return PointId::number(read_at<std::uint64_t>(ids_, row * 8UL));
  std::size_t at = row * 16UL;
  if (id_encoding_ == layout::IdEncoding::mixed) {
    at += words_of(count) * 8;
    if (((read_at<std::uint64_t>(ids_, (row >> 6) * 8UL) >> (row & 63U)) & 1U) == 0)
      return PointId::number(read_at<std::uint64_t>(ids_, at));
  }
  return {true, __builtin_bswap64(read_at<std::uint64_t>(ids_, at)),
          __builtin_bswap64(read_at<std::uint64_t>(ids_, at + 8))};
}

std::string_view RecordFrame::payload(std::uint32_t row) const noexcept {
  if (payload_offsets_.empty()) return {};
  const auto begin = read_at<std::uint32_t>(payload_offsets_, row * 4UL);
  return payload_text_.substr(begin, read_at<std::uint32_t>(payload_offsets_, row * 4UL + 4) - begin);
}

}  // namespace millrace
