#include <gtest/gtest.h>

#include "operations.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary
using layout::RecordKind;

/// A shard with two vectors and a few points, and the offset that comes next.
class Operations : public ::testing::Test {
 protected:
  Operations() {
    const Schema schema{1, 100, 0, {{0, "", 2, Distance::cosine}, {1, "b", 1, Distance::dot}}};
    EXPECT_EQ(write(schema_frame(schema)).code, Errc::ok);
    EXPECT_EQ(write(upsert_frame({point(1, R"({"n":1,"t":{"u":1}})"), point(2, R"({"n":2})"), point(3, "")}, {0, 1})).code,
              Errc::ok);
  }

  static TestPoint point(std::uint64_t id, std::string payload) {
    const auto value = static_cast<float>(id);
    return {PointId::number(id), {std::vector<float>{value, 1}, std::vector<float>{value}}, std::move(payload)};
  }
  static std::vector<PointId> ids(std::initializer_list<std::uint64_t> numbers) {
    std::vector<PointId> all;
    for (const auto number : numbers) all.push_back(PointId::number(number));
    return all;
  }

  Outcome write(const std::vector<std::byte>& frame) {
    const auto outcome = outcome_at(*shard, offset, frame);
    if (shard->state().next_offset > offset) offset = shard->state().next_offset;
    return outcome;
  }
  Outcome write(RecordKind kind, const std::optional<std::vector<PointId>>& named, std::string_view meta) {
    return write(operation_frame(kind, named, meta));
  }

  /// `payload@version/first components`, or `-` for none.
  [[nodiscard]] std::string show(std::uint64_t id) const {
    const auto page = shard->retrieve(ids({id}), {true, true, {}}).value();
    if (page.points.empty()) return "-";
    const auto& view = page.points.front();
    std::string text = std::string(view.payload) + '@' + std::to_string(view.version - 100) + '/';
    for (const auto& vector : view.vectors)
      text += std::to_string(vector.slot) + ':' + std::to_string(static_cast<int>(vector.values.front())) + ' ';
    return text;
  }

  std::shared_ptr<Shard> shard = open_shard();
  std::uint64_t offset = 0;
};

TEST_F(Operations, HitsAreReadAsTheSearchSawThem) {
  const auto hit = [](std::uint64_t id, std::uint64_t version) { return Hit{PointId::number(id), version, 0}; };
  const auto read = [&](const Hit& wanted) -> std::string {
    const auto page = shard->retrieve_hits(std::vector{wanted}, {true, true, {}}).value();
    if (page.points.empty()) return "-";
    const auto& view = page.points.front();
    return std::string(view.payload) + '@' + std::to_string(view.version - 100) + '/' + std::to_string(view.vectors.size());
  };
  const auto version = shard->retrieve(ids({1}), {}).value().points.at(0).version;
  const auto first = read(hit(1, version));
  EXPECT_EQ(write(RecordKind::set_payload, ids({1}), R"({"payload":'{"m":1}'})").affected, 1U);
  const auto second = read(hit(1, version + 1));
  EXPECT_NE(first, second);
  EXPECT_EQ(write(batch_frame({operation_frame(RecordKind::set_payload, ids({1}), R"({"payload":'{"m":2}'})"),
                               operation_frame(RecordKind::set_payload, ids({1}), R"({"payload":'{"m":3}'})")})).affected, 2U);
  EXPECT_NE(read(hit(1, version + 2)).find(R"("m":3)"), std::string::npos) << "the state after the record, none within it";
  write(RecordKind::delete_points, ids({1}), "");
  EXPECT_EQ(show(1), "-");
  EXPECT_EQ(read(hit(1, version)), first);
  EXPECT_EQ(read(hit(1, version + 1)), second);
  write(upsert_frame({point(1, "{}")}, {0, 1}));
  EXPECT_EQ(read(hit(1, version)), first);
  EXPECT_EQ(read(hit(1, 7)), "-") << "of another segment";
  EXPECT_EQ(read(hit(999, 7)), "-");
}

TEST_F(Operations, PayloadOperationsKeepTheVectorsAndRaiseTheVersion) {
  EXPECT_EQ(write(RecordKind::set_payload, ids({1, 3, 1}), R"({"payload":'{"m": [2], "n": null}'})").affected, 2U);
  EXPECT_EQ(show(1), R"({"t":{"u":1},"m":[2]}@2/0:1 1:1 )");
  EXPECT_EQ(show(2), R"({"n":2}@1/0:2 1:2 )");
  EXPECT_EQ(show(3), R"({"m":[2]}@2/0:3 1:3 )");
  EXPECT_EQ(write(RecordKind::set_payload, ids({1}), R"({"payload":'{"v":1}',"key":"t.w[0]"})").affected, 1U);
  EXPECT_EQ(show(1), R"({"t":{"u":1,"w":[]},"m":[2]}@3/0:1 1:1 )");
  EXPECT_EQ(write(RecordKind::overwrite_payload, ids({1, 2}), R"({"payload":'{"a":null}'})").affected, 2U);
  EXPECT_EQ(show(1), R"({"a":null}@4/0:1 1:1 )");
  EXPECT_EQ(show(2), R"({"a":null}@4/0:2 1:2 )");
  EXPECT_EQ(write(RecordKind::delete_payload, ids({2}), R"({"keys":["a","b.c"]})").affected, 1U);
  EXPECT_EQ(show(2), "@5/0:2 1:2 ");
  EXPECT_EQ(write(RecordKind::clear_payload, ids({1, 2}), "").affected, 2U);
  EXPECT_EQ(show(1), "@6/0:1 1:1 ");
  SearchPlan plan;
  const std::vector<float> query{1};
  plan.slot = 1;
  plan.query = query;
  const auto hits = shard->search(plan).value().hits;
  ASSERT_EQ(hits.size(), 3U);
  for (const auto& hit : hits) EXPECT_EQ(hit.version, hit.id.low == 3 ? 102U : 106U);
}

TEST_F(Operations, UnknownIdsAreToldAndTheOthersAreChanged) {
  const auto outcome = write(RecordKind::clear_payload, ids({1, 9, 2, 8}), "");
  EXPECT_EQ(outcome.code, Errc::point_not_found);
  EXPECT_EQ(outcome.details, "\"id\":\"9\"");
  EXPECT_EQ(outcome.affected, 2U);
  EXPECT_EQ(show(1), "@2/0:1 1:1 ");
  EXPECT_EQ(show(2), "@2/0:2 1:2 ");
  EXPECT_EQ(shard->state().records_applied, 3U);
  EXPECT_EQ(write(RecordKind::delete_vectors, ids({7}), R"({"slots":[0]})").code, Errc::point_not_found);
  EXPECT_EQ(write(points_frame(RecordKind::update_vectors, {point(6, "")}, {0, 1}, "")).code, Errc::point_not_found);
}

TEST_F(Operations, FiltersSelectThePointsOfAPayloadOperation) {
  constexpr auto over_one = R"({"filter":{"must":[{"key":"n","range":{"gt":1}}]}})";
  EXPECT_EQ(write(RecordKind::clear_payload, std::nullopt, over_one).affected, 1U);
  EXPECT_EQ(show(1), R"({"n":1,"t":{"u":1}}@1/0:1 1:1 )");
  EXPECT_EQ(show(2), "@2/0:2 1:2 ");
  EXPECT_EQ(write(RecordKind::delete_payload, std::nullopt, R"({"keys":["t.u","n"],"filter":{}})").affected, 3U);
  EXPECT_EQ(show(1), R"({"t":{}}@3/0:1 1:1 )");
  // Named points win over a filter, none of them too.
  EXPECT_EQ(write(RecordKind::clear_payload, ids({}), R"({"filter":{}})").affected, 0U);
  EXPECT_EQ(write(RecordKind::delete_by_filter, std::nullopt, R"({"filter":{"must":[{"has_id":[1,9]}]}})").affected, 1U);
  EXPECT_EQ(show(1), "-");
  EXPECT_EQ(write(RecordKind::delete_by_filter, std::nullopt, R"({"filter":{}})").affected, 2U);
  EXPECT_EQ(shard->state().points, 0U);
}

TEST_F(Operations, VectorOperationsChangeTheGivenSlotsOnly) {
  auto changed = point(1, "");
  changed.vectors = {std::nullopt, std::vector<float>{7}};
  auto again = point(1, "");
  again.vectors = {std::vector<float>{8, 1}, std::nullopt};
  EXPECT_EQ(write(points_frame(RecordKind::update_vectors, {changed, again}, {0, 1}, "")).affected, 1U);
  EXPECT_EQ(show(1), R"({"n":1,"t":{"u":1}}@2/0:8 1:7 )");
  constexpr auto by_both = R"({"slots":[0,0],"filter":{"must":[{"key":"n","match":{"value":2}}]}})";
  EXPECT_EQ(write(RecordKind::delete_vectors, ids({1, 2}), by_both).affected, 2U);
  EXPECT_EQ(show(1), R"({"n":1,"t":{"u":1}}@3/1:7 )");
  EXPECT_EQ(show(2), R"({"n":2}@3/1:2 )");
  EXPECT_EQ(show(3), "@1/0:3 1:3 ");
  EXPECT_EQ(write(RecordKind::delete_vectors, ids({1}), R"({"slots":[5]})").code, Errc::schema_changed);
  const std::string filtered = R"({"filter":{"must":[{"has_vector":0}]}})";
  EXPECT_EQ(write(points_frame(RecordKind::update_vectors, {again, point(3, "")}, {0, 1}, filtered)).affected, 1U);
  EXPECT_EQ(show(1), R"({"n":1,"t":{"u":1}}@3/1:7 )");
}

TEST_F(Operations, UpsertModesAndFiltersLeavePointsAlone) {
  const auto upsert = [&](std::string_view meta) {
    return write(points_frame(RecordKind::upsert, {point(1, R"({"x":1})"), point(2, R"({"x":1})"), point(9, R"({"x":1})")},
                              {0, 1}, meta)).affected;
  };
  EXPECT_EQ(upsert(R"({"mode":"insert_only","filter":{"must":[{"has_id":[1]}]}})"), 1U);
  EXPECT_EQ(show(9), R"({"x":1}@2/0:9 1:9 )");
  EXPECT_EQ(show(1), R"({"n":1,"t":{"u":1}}@1/0:1 1:1 )");
  EXPECT_EQ(upsert(R"({"mode":"update_only","filter":{"must":[{"key":"n","match":{"value":1}}]}})"), 1U);
  EXPECT_EQ(show(1), R"({"x":1}@3/0:1 1:1 )");
  static_cast<void>(write(delete_frame(ids({9}))));
  EXPECT_EQ(upsert(R"({"filter":{"must":[{"key":"n","match":{"value":2}}]}})"), 2U);
  EXPECT_EQ(show(1), R"({"x":1}@3/0:1 1:1 )");
  EXPECT_EQ(show(2), R"({"x":1}@5/0:2 1:2 )");
  EXPECT_EQ(show(9), R"({"x":1}@5/0:9 1:9 )");
  // Both rows of a new id go by the state before the record: the last one wins.
  EXPECT_EQ(write(points_frame(RecordKind::upsert, {point(11, "{\"first\":1}"), point(11, "{\"last\":1}")}, {0, 1},
                               R"({"mode":"insert_only"})")).affected, 1U);
  EXPECT_EQ(show(11), "{\"last\":1}@6/0:11 1:11 ");
}

TEST_F(Operations, ABatchStopsAtItsFirstRejectionAndKeepsWhatWentBefore) {
  auto wrong = point(1, "");
  wrong.vectors[0] = std::vector<float>{1, 2, 3};
  const auto outcome = write(batch_frame({upsert_frame({point(4, R"({"n":4})")}, {0, 1}),
                                          operation_frame(RecordKind::clear_payload, ids({4, 1}), ""),
                                          operation_frame(RecordKind::delete_by_filter, std::nullopt,
                                                          R"({"filter":{"must":[{"has_id":[2]}]}})"),
                                          upsert_frame({wrong}, {0, 1}), delete_frame(ids({1, 2, 3, 4}))}));
  EXPECT_EQ(outcome.code, Errc::vector_dimension_mismatch);
  EXPECT_EQ(outcome.details, "\"operation\":3,\"expected\":2,\"actual\":3");
  EXPECT_EQ(outcome.affected, 4U);
  EXPECT_EQ(show(4), "@2/0:4 1:4 ");
  EXPECT_EQ(show(1), "@2/0:1 1:1 ");
  EXPECT_EQ(show(2), "-");
  const auto missing = write(batch_frame({operation_frame(RecordKind::clear_payload, ids({77}), ""), delete_frame(ids({1}))}));
  EXPECT_EQ(missing.details, "\"operation\":0,\"id\":\"77\"");
  EXPECT_EQ(show(1), "@2/0:1 1:1 ");
  EXPECT_EQ(write(batch_frame({})).code, Errc::ok);
}

TEST_F(Operations, RecordsThatLackWhatTheirKindNeedsStopTheShardWithoutATrace) {
  const auto before = shard->state();
  const auto clear = operation_frame(RecordKind::clear_payload, ids({1}), "");
  const std::vector<std::vector<std::byte>> damaged = {
      operation_frame(RecordKind::clear_payload, std::nullopt, ""),
      operation_frame(RecordKind::delete_by_filter, std::nullopt, ""),
      operation_frame(RecordKind::delete_vectors, ids({1}), ""),
      operation_frame(RecordKind::delete_vectors, std::nullopt, R"({"slots":[0]})"),
      operation_frame(RecordKind::set_payload, ids({1}), ""),
      operation_frame(RecordKind::set_payload, ids({1}), R"({"payload":"[]"})"),
      operation_frame(RecordKind::set_payload, ids({1}), R"({"payload":"{}","key":"a..b"})"),
      operation_frame(RecordKind::delete_payload, ids({1}), R"({"keys":["]"]})"),
      operation_frame(RecordKind::clear_payload, ids({1}), R"({"filter":{"and":[]}})"),
      points_frame(RecordKind::upsert, {point(1, "")}, {0, 1}, R"({"mode":"delete"})"),
      batch_frame({clear, batch_frame({clear})}),
      batch_frame({clear, schema_frame(one_vector(1, Distance::dot))}),
      batch_frame({clear, {}})};
  for (const auto& frame : damaged) EXPECT_EQ(write(frame).code, Errc::record_corrupt);
  EXPECT_EQ(shard->state().digest, before.digest);
  EXPECT_EQ(shard->state().next_offset, before.next_offset);
}

TEST_F(Operations, APayloadGrowsAndDeepensOnlyToItsLimits) {
  const auto set = [&](char key) {
    return write(RecordKind::set_payload, ids({2}),
                 std::string("{\"payload\":'{\"") + key + "\":\"" + std::string(3U << 20U, 'x') + "\"}'}");
  };
  EXPECT_EQ(set('a').code, Errc::ok);
  EXPECT_EQ(set('b').code, Errc::ok);
  const auto version = show(2).substr(6U << 20U);
  EXPECT_EQ(set('c').code, Errc::payload_too_large);
  EXPECT_EQ(show(2).substr(6U << 20U), version);
  std::string path = "a";
  for (int i = 0; i < 127; ++i) path += ".a";
  // The path's 128 steps and the patch's own level, time and again.
  for (int depth = 1; depth <= 5; ++depth) {
    std::string key = path;
    for (int i = 1; i < depth; ++i) key += "." + path;
    const auto outcome = write(RecordKind::set_payload, ids({1}), R"({"payload":"{}","key":")" + key + "\"}");
    EXPECT_EQ(outcome.code, depth < 4 ? Errc::ok : Errc::payload_too_deep) << depth;
  }
}

TEST_F(Operations, TheKeptDigestIsTheOneOfAShardThatHoldsTheSame) {
  static_cast<void>(write(RecordKind::set_payload, ids({1, 2}), R"({"payload":"{}","key":"k"})"));
  auto changed = point(3, "");
  changed.vectors = {std::nullopt, std::vector<float>{9}};
  static_cast<void>(write(points_frame(RecordKind::update_vectors, {changed}, {0, 1}, "")));
  static_cast<void>(write(RecordKind::delete_vectors, ids({2}), R"({"slots":[1]})"));
  const auto other = open_shard();
  const Schema schema{1, 100, 0, {{0, "", 2, Distance::cosine}, {1, "b", 1, Distance::dot}}};
  auto second = point(2, R"({"n":2,"k":{}})");
  second.vectors[1] = std::nullopt;
  auto third = point(3, "");
  third.vectors[1] = std::vector<float>{9};
  EXPECT_EQ(outcome_at(*other, 0, schema_frame(schema)).code, Errc::ok);
  EXPECT_EQ(outcome_at(*other, 1, upsert_frame({point(1, R"({"n":1,"t":{"u":1},"k":{}})"), second, third}, {0, 1})).code,
            Errc::ok);
  EXPECT_EQ(other->state().content_digest, shard->state().content_digest);
}

}  // namespace
}  // namespace millrace
