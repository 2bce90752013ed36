#include "base/file_storage.h"

namespace millrace {

Block FileStorage::allocate(std::size_t bytes) const { return Block::map(ScratchFile::open(folder_), bytes); }

}  // namespace millrace
