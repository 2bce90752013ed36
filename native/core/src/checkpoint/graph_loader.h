#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph_assembly.h"
#include "graph/graph_file.h"
#include "shard/memory_shard.h"

namespace millrace {

/// Reads a graph file for the rows that a CheckpointLoader has taken. A node of the file is the position of the live point
/// with its id whose vector has its hash, wherever that stands now; the codes are made anew. What the file does not lead to
/// is left to growth. The columns change in `finish` only.
class GraphLoader {
 public:
  explicit GraphLoader(MemoryShard& shard) noexcept : shard_(shard) {}

  /// @return GRAPH_CORRUPT
  /// @throws std::bad_alloc
  [[nodiscard]] std::optional<Error> take(std::span<const std::byte> bytes);
  [[nodiscard]] Result<std::uint64_t> finish();

 private:
  using Reason = const char*;  ///< what is wrong; null: nothing
  using Section = graph_file::Section;

  /// One graph of the file, and what is made of it.
  struct Part {
    graph_file::GraphHeader header;
    VectorColumn* column = nullptr;  ///< null: it is read and not used
    std::shared_ptr<GraphStage> stage;
    std::vector<std::uint32_t> position_of;  ///< by node
    std::vector<bool> is_taken;              ///< by position
    std::optional<GraphAssembly> assembly;
    Section section = Section::graph;        ///< of the last one that was read
    std::uint32_t layer = 0;
    std::uint32_t next = 0;                  ///< the node or member that the next section begins with
  };

  [[nodiscard]] Error corrupt(Reason reason) const;
  [[nodiscard]] Reason take_header(std::span<const std::byte> bytes);
  [[nodiscard]] Reason take_section(const graph_file::SectionHeader& header, std::span<const std::byte> data);
  [[nodiscard]] Reason check_turn(const graph_file::SectionHeader& header);
  [[nodiscard]] Reason begin_graph(std::span<const std::byte> data);
  [[nodiscard]] Reason take_space(std::span<const std::byte> data);
  [[nodiscard]] Reason take_nodes(const graph_file::SectionHeader& header, std::span<const std::byte> data);
  [[nodiscard]] std::uint32_t position_of(const graph_file::Node& node) const noexcept;
  [[nodiscard]] Reason take_members(const graph_file::SectionHeader& header, std::span<const std::byte> data);
  [[nodiscard]] Reason take_links(const graph_file::SectionHeader& header, std::span<const std::byte> data);
  [[nodiscard]] Reason take_end(std::span<const std::byte> data);
  [[nodiscard]] static bool is_complete(const Part& part) noexcept;

  MemoryShard& shard_;
  std::vector<std::byte> pending_;  ///< the front of a section
  std::uint64_t position_ = 0;      ///< of the section being read
  std::uint32_t graphs_ = 0;
  bool has_header_ = false;
  bool has_ended_ = false;
  std::vector<Part> parts_;
};

}  // namespace millrace
