// Products in float32 on tensor cores, whose operands are TF32's: of 11 bits.
#pragma once
#include "cuda.cuh"

#define SPAN 16 // inputs whose products are added up by tensor cores

// split is a number in two parts, nearly: big is rounded to 11 bits, and of small a tensor core cuts off what is beyond 11.
struct split { int big, small; };

static __device__ __forceinline__ split split_of(float x) {
	split s;
	s.big = (as_int(x) + (1 << 12)) & ~((1 << 13) - 1); // as cvt.rna.tf32 does it, at four times its rate
	s.small = as_int(x - as_float(s.big));
	return s;
}

// mma is sum += a·b, of 16×8 and 8×8: see the PTX manual's fragments for mma.m16n8k8.
static __device__ __forceinline__ void mma(float sum[4], int a0, int a1, int a2, int a3, int b0, int b1) {
	asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
		: "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
		: "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// multiply is sum = a·b of a span, small parts first, so that little is cut off of them.
static __device__ __forceinline__ void multiply(float sum[4], const split a[SPAN / 8][4], const split b[SPAN / 8][2]) {
	sum[0] = sum[1] = sum[2] = sum[3] = 0;
#pragma unroll
	for (int s = 0; s < SPAN / 8; s++) {
		mma(sum, a[s][0].small, a[s][1].small, a[s][2].small, a[s][3].small, b[s][0].big, b[s][1].big);
		mma(sum, a[s][0].big, a[s][1].big, a[s][2].big, a[s][3].big, b[s][0].small, b[s][1].small);
	}
#pragma unroll
	for (int s = 0; s < SPAN / 8; s++) mma(sum, a[s][0].big, a[s][1].big, a[s][2].big, a[s][3].big, b[s][0].big, b[s][1].big);
}
