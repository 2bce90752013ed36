#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "frames.h"
#include "millrace/scratch.h"

namespace millrace::testing {

/// An empty folder that goes with its owner, who must not leave anything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    auto wanted = (std::filesystem::temp_directory_path() / "millrace-XXXXXX").string();
    const char* const made = mkdtemp(wanted.data());
    EXPECT_NE(made, nullptr);
    path = made == nullptr ? "" : made;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    EXPECT_TRUE(is_empty());
    EXPECT_EQ(scratch_bytes(), 0U) << "the disk still holds vectors";
    std::filesystem::remove_all(path);
  }

  [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(path); }

  std::string path;
};

/// All of whose dense vectors and multivectors lie in files.
inline std::shared_ptr<Shard> open_cold_shard(const ScratchFolder& folder) {
  return Shard::open({.collection_id = kCollection, .placement = VectorPlacement::cold, .scratch_folder = folder.path}).value();
}

}  // namespace millrace::testing
