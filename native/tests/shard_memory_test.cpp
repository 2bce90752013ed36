#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <set>

#include "base/memory.h"
#include "operations.h"
#include "scratch_folder.h"

// Every allocation of the process may be made to fail, the library's own included.
// Not inlined: GCC would see malloc in one and free in the other and warn of a pair that does not match.
namespace {
void* allocate(std::size_t bytes, std::size_t alignment) {
  if (millrace::allocation_fault::strikes()) throw std::bad_alloc();
  void* const at = alignment <= alignof(std::max_align_t)
                       ? std::malloc(bytes != 0 ? bytes : 1)
                       : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) { return allocate(bytes, 1); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t to) { return allocate(bytes, static_cast<std::size_t>(to)); }
// std::stable_sort asks this way and gives back through the plain delete.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return millrace::allocation_fault::strikes() ? nullptr : std::malloc(bytes != 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* at) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

std::vector<std::vector<std::byte>> every_kind_of_record() {
  std::vector<std::vector<std::byte>> log{sealed(schema_frame(one_vector(3, Distance::cosine)), 1, 1)};
  std::vector<TestPoint> batch;
  for (std::uint64_t i = 0; i < 900; ++i)
    batch.push_back({PointId::number(i), {std::vector<float>{1, 0, 0}}, std::string(100, ' ')});
  log.push_back(sealed(upsert_frame(batch, {0}), 2, 1));
  for (auto& point : batch) point.id.low += 500;
  log.push_back(sealed(upsert_frame(batch, {0}), 3, 1));
  log.push_back(sealed(delete_frame({PointId::number(3)}), 4, 1));
  auto wider = one_vector(3, Distance::cosine);
  wider.version = 2;
  wider.vectors.push_back({5, "more", 2, Distance::dot});
  log.push_back(sealed(schema_frame(wider), 5, 1));
  std::vector<PointId> some;
  for (std::uint64_t i = 400; i < 1400; ++i) some.push_back(PointId::number(i));
  using layout::RecordKind;
  const auto set = operation_frame(RecordKind::set_payload, some, R"({"payload":'{"a":[1,{"b":2}]}',"key":"k"})");
  const auto by_filter = operation_frame(RecordKind::delete_payload, std::nullopt,
                                         R"({"keys":["k.a[].b"],"filter":{"must":[{"key":"k.a[0]","match":{"value":1}}]}})");
  const auto vectors = points_frame(RecordKind::update_vectors, batch, {0}, R"({"filter":{"must":[{"has_vector":0}]}})");
  log.push_back(sealed(set, 6, 1));
  log.push_back(sealed(by_filter, 7, 1));
  log.push_back(sealed(vectors, 8, 1));
  log.push_back(sealed(operation_frame(RecordKind::delete_vectors, some, R"({"slots":[0]})"), 9, 1));
  for (auto& point : batch) point.id.low += 2000;
  log.push_back(sealed(batch_frame({upsert_frame(batch, {0}), set, by_filter, vectors,
                                    operation_frame(RecordKind::delete_by_filter, std::nullopt,
                                                    R"({"filter":{"must":[{"has_id":[3000,3001]}]}})"),
                                    operation_frame(RecordKind::clear_payload, std::nullopt, R"({"filter":{}})")}),
                       10, 1));
  return log;
}

/// @return the failures, by their codes
std::set<Errc> fail_every_allocation(Shard& shard) {
  const auto log = every_kind_of_record();
  const auto reference = open_shard();
  std::set<Errc> codes;
  for (std::uint64_t offset = 0; offset < log.size(); ++offset) {
    int failures = 0;
    for (std::int64_t after = 0;; ++after) {
      const auto before = shard.state();
      allocation_fault::arm(after);
      const auto result = apply_at(shard, offset, log[offset]);
      allocation_fault::arm(-1);
      if (!result.stop) break;
      ++failures;
      codes.insert(result.stop->code);
      EXPECT_TRUE(result.outcomes.empty());
      const auto now = shard.state();
      EXPECT_EQ(now.next_offset, before.next_offset);
      EXPECT_EQ(now.digest, before.digest);
      EXPECT_EQ(now.points, before.points);
      EXPECT_EQ(shard.count().value(), before.points);
    }
    EXPECT_GT(failures, 0);
    EXPECT_FALSE(apply_at(*reference, offset, log[offset]).stop);
    EXPECT_EQ(shard.digest(), reference->digest());
    EXPECT_EQ(shard.state().rows, reference->state().rows);
  }
  return codes;
}

TEST(ShardMemory, AFailedAllocationLeavesTheStateAsBeforeTheRecordAndTheRecordCanComeAgain) {
  EXPECT_EQ(fail_every_allocation(*open_shard()), std::set{Errc::out_of_memory});
}

TEST(ShardMemory, SoDoesADiskThatHasNoRoomForColdVectors) {
  const ScratchFolder folder;
  const auto codes = fail_every_allocation(*open_cold_shard(folder));
  EXPECT_EQ(codes, (std::set{Errc::out_of_memory, Errc::scratch_full}));
}

}  // namespace
}  // namespace millrace
