#pragma once

#include <string>

#include "base/memory.h"

namespace millrace {

/// Blocks in files without names, in a folder: the system holds as much of them in memory as it has to spare, and takes
/// that back without asking. What is in them ends with the process.
class FileStorage final : public Storage {
 public:
  /// @param folder  that exists
  explicit FileStorage(std::string folder) noexcept : folder_(std::move(folder)) {}

  /// @throws OutOfSpace, OutOfMemory
  [[nodiscard]] Block allocate(std::size_t bytes) const override;

 private:
  std::string folder_;
};

}  // namespace millrace
