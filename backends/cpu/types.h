// Storage types and register types.
#pragma once

#include <cstdint>

#include "weft/backend.h"

namespace weft::cpu {

inline constexpr int storage_count = 13;  // complex types never reach a kernel

static inline bool is_storage(int dtype) { return dtype >= 0 && dtype < storage_count; }

static inline int storage_size(int dtype) {
  constexpr int size[storage_count] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  return size[dtype];
}

static inline bool is_register(int type) {
  return type == WEFT_BOOL || type == WEFT_I32 || type == WEFT_I64 || type == WEFT_U32 || type == WEFT_U64 || type == WEFT_F32 || type == WEFT_F64;
}

static inline bool is_float(int type) { return type >= WEFT_F16 && type <= WEFT_F64; }

// The register type a storage type loads as.
static inline int register_type(int dtype) {
  constexpr int type[storage_count] = {WEFT_BOOL, WEFT_I32, WEFT_I32, WEFT_I32, WEFT_I64, WEFT_U32, WEFT_U32,
                                       WEFT_U32,  WEFT_U64, WEFT_F32, WEFT_F32, WEFT_F32, WEFT_F64};
  return type[dtype];
}

}  // namespace weft::cpu
