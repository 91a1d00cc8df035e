// Included first by every file that is compiled once per instruction set. Such files use no standard library templates: an inline
// function the compiler does not inline would be merged by the linker with the same function from another build.
#pragma once

#include <cstdint>

#include "isa.h"
#include "types.h"

#ifndef WEFT_ISA
#define WEFT_ISA generic
#endif

// Everything of one build lives in here.
#define WEFT_ISA_BEGIN namespace weft::cpu::WEFT_ISA {
#define WEFT_ISA_END }

// The iterations of the next loop are independent: dst either is an operand, element for element, or does not overlap it.
#ifdef __clang__
#define WEFT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define WEFT_INDEPENDENT _Pragma("GCC ivdep")
#endif

WEFT_ISA_BEGIN

// The parts of the table, each in a file of its own; null (or empty) for what it does not do.
TileFn find_arith(const FindArgs&);
TileFn find_pair(const FindArgs&);
TileFn find_logic(const FindArgs&);
TileFn find_math(const FindArgs&);
TileFn find_cast(const FindArgs&);
LoadFn find_load(int storage);
GatherFn find_gather(int storage);
GatherRowsFn find_gather_rows(int storage);
StoreFn find_store(int type, int storage);
void stream(void* dst, const void* src, int64_t bytes);
ScatterFn find_scatter(int type, int storage);
TransposeFn find_transpose(int storage);
FoldFns find_fold(Op, int type);
ArgReduceFns find_arg_reduce(Op, int type);
ScanFn find_scan(Op, int type);
PackFn find_pack(int storage, int type);
MicroKernels find_micro(int type);
WinogradFns find_winograd();
DepthwiseFns find_depthwise();

WEFT_ISA_END
