#pragma once

#include <cstdint>
#include <vector>

#include "graph/column_index.h"
#include "shard/memory_shard.h"

namespace millrace {

/// The graphs of a MemoryShard, each as it was at one moment, and how far they are encoded. Lists are read while they
/// change: any mixture of an old and a new one is a list.
class GraphEncoder final : public GraphCapture {
 public:
  struct Graph {
    std::shared_ptr<const VectorColumn> column;
    GraphCut cut;
  };

  /// @param graphs  at least one
  /// @param at      a state from after the graphs were cut: it says which of their rows are alive
  GraphEncoder(std::shared_ptr<const MemoryShard> shard, std::vector<Graph> graphs, Snapshot at);

  [[nodiscard]] std::uint64_t next_offset() const noexcept override { return at_.state.next_offset; }
  [[nodiscard]] std::uint64_t nodes() const noexcept override;
  [[nodiscard]] Result<std::vector<std::byte>> next(std::size_t bytes_max) override;

 private:
  enum class Stage : std::uint8_t { header, graph, space, nodes, members, links, end, done };

  void encode(std::vector<std::byte>& buffer);
  void encode_header(std::vector<std::byte>& buffer) const;
  void encode_graph(std::vector<std::byte>& buffer) const;
  void encode_space(std::vector<std::byte>& buffer) const;
  void encode_nodes(std::vector<std::byte>& buffer);
  void encode_members(std::vector<std::byte>& buffer);
  void encode_links(std::vector<std::byte>& buffer);
  void go_to(Stage stage, std::uint32_t layer = 0) noexcept;
  void leave_layer() noexcept;
  [[nodiscard]] const Graph& graph() const noexcept { return graphs_[graph_]; }
  [[nodiscard]] std::uint32_t layers() const noexcept { return 1 + static_cast<std::uint32_t>(graph().cut.members.size()); }
  [[nodiscard]] std::uint32_t size(std::uint32_t layer) const noexcept;

  const std::shared_ptr<const MemoryShard> shard_;
  std::vector<Graph> graphs_;
  const Snapshot at_;
  Stage stage_ = Stage::header;
  std::size_t graph_ = 0;
  std::uint32_t layer_ = 0;
  std::uint32_t cursor_ = 0;       ///< the next node or member to encode
  std::uint64_t file_bytes_ = 0;   ///< encoded so far
  std::vector<std::byte> data_;    ///< of the section under way
};

}  // namespace millrace
