// What the kernels share: CUDA's own names for clang, which compiles without
// CUDA's headers (nvcc has them built in), and a few functions of one line.
//
// Nothing is fused or approximated but where it is written: the compiler is
// told not to contract, fma() is a fused multiply-add, and each approximate
// instruction is named here with its error.
#pragma once

#ifdef __clang__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
typedef __SIZE_TYPE__ size_t;
typedef float float2 __attribute__((ext_vector_type(2)));
typedef float float4 __attribute__((ext_vector_type(4)));
typedef int int2 __attribute__((ext_vector_type(2)));
typedef int int4 __attribute__((ext_vector_type(4)));
#define threadIdx_x __nvvm_read_ptx_sreg_tid_x()
#define blockIdx_x __nvvm_read_ptx_sreg_ctaid_x()
#define blockIdx_y __nvvm_read_ptx_sreg_ctaid_y()
#define blockDim_x __nvvm_read_ptx_sreg_ntid_x()
#define gridDim_x __nvvm_read_ptx_sreg_nctaid_x()
#define gridDim_y __nvvm_read_ptx_sreg_nctaid_y()
static __device__ __forceinline__ void sync_block() { __syncthreads(); }
static __device__ __forceinline__ void sync_warp() { __nvvm_bar_warp_sync(0xffffffff); }
static __device__ __forceinline__ float shuffle_xor(float x, int mask) { return __nvvm_shfl_sync_bfly_f32(0xffffffff, x, mask, 31); }
static __device__ __forceinline__ int shuffle_up(int x, int by) { return __nvvm_shfl_sync_up_i32(0xffffffff, x, by, 0); }
static __device__ __forceinline__ int shuffle_from(int x, int lane) { return __nvvm_shfl_sync_idx_i32(0xffffffff, x, lane, 31); }
static __device__ __forceinline__ unsigned vote(bool x) { return __nvvm_vote_ballot_sync(0xffffffff, x); }
static __device__ __forceinline__ float ex2(float x) { return __nvvm_ex2_approx_f(x); }
static __device__ __forceinline__ int atomic_add(int *p, int x) { return __nvvm_atom_add_gen_i(p, x); }
static __device__ __forceinline__ int atomic_or(int *p, int x) { return __nvvm_atom_or_gen_i(p, x); }
static __device__ __forceinline__ long long atomic_add_long(long long *p, long long x) { return __nvvm_atom_add_gen_ll(p, x); }
static __device__ __forceinline__ long long atomic_max_long(long long *p, long long x) { return __nvvm_atom_max_gen_ll(p, x); }
static __device__ __forceinline__ unsigned multiply_high(unsigned a, unsigned b) { return __nvvm_mulhi_ui(a, b); }
#define fma __builtin_fmaf
#define sqrt_rn __nvvm_sqrt_rn_f
#define floor_double __nvvm_floor_d
#define absolute_double __builtin_fabs
#define popcount __builtin_popcount
#else
#define threadIdx_x threadIdx.x
#define blockIdx_x blockIdx.x
#define blockIdx_y blockIdx.y
#define blockDim_x blockDim.x
#define gridDim_x gridDim.x
#define gridDim_y gridDim.y
static __device__ __forceinline__ void sync_block() { __syncthreads(); }
static __device__ __forceinline__ void sync_warp() { __syncwarp(); }
static __device__ __forceinline__ float shuffle_xor(float x, int mask) { return __shfl_xor_sync(0xffffffff, x, mask); }
static __device__ __forceinline__ int shuffle_up(int x, int by) { return __shfl_up_sync(0xffffffff, x, by); }
static __device__ __forceinline__ int shuffle_from(int x, int lane) { return __shfl_sync(0xffffffff, x, lane); }
static __device__ __forceinline__ unsigned vote(bool x) { return __ballot_sync(0xffffffff, x); }
static __device__ __forceinline__ float ex2(float x) { float y; asm("ex2.approx.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
static __device__ __forceinline__ int atomic_add(int *p, int x) { return atomicAdd(p, x); }
static __device__ __forceinline__ int atomic_or(int *p, int x) { return atomicOr(p, x); }
static __device__ __forceinline__ long long atomic_add_long(long long *p, long long x) { return atomicAdd((unsigned long long *)p, x); }
static __device__ __forceinline__ long long atomic_max_long(long long *p, long long x) { return atomicMax(p, x); }
static __device__ __forceinline__ unsigned multiply_high(unsigned a, unsigned b) { return __umulhi(a, b); }
#define fma fmaf
#define sqrt_rn __fsqrt_rn
#define floor_double floor
#define absolute_double fabs
#define popcount __popc
#endif

// Address spaces, for what is written in PTX.
#ifdef __clang__
#define GLOBAL __attribute__((address_space(1)))
#define SHARED __attribute__((address_space(3)))
#else
#define GLOBAL
#define SHARED
#endif

#define WARP 32
#define KERNEL extern "C" __global__ void

static __device__ __forceinline__ int min_int(int a, int b) { return a < b ? a : b; }

// as_float is the float whose bits are those of x.
static __device__ __forceinline__ float as_float(int x) { return __builtin_bit_cast(float, x); }

static __device__ __forceinline__ int as_int(float x) { return __builtin_bit_cast(int, x); }

static __device__ __forceinline__ float4 vec4(float x, float y, float z, float w) {
	float4 v;
	v.x = x, v.y = y, v.z = z, v.w = w;
	return v;
}

// exponential is e^x for x up to 87, within 3 ulp: 2^(x·log2 e) in two parts,
// the second one what the product of the first loses.
static __device__ __forceinline__ float exponential(float x) {
	const float log2e = 1.44269504f, rest = 1.92596299e-8f;
	float t = x * log2e, lost = fma(x, rest, fma(x, log2e, -t)), e = ex2(t);
	return fma(e, lost * 0.693147181f, e);
}

// sigma is 1/(1 + e^−x), 1 from 87 on, where the products of exponential would go beyond float32 at last.
static __device__ __forceinline__ float sigma(float x) { return 1.f / (1.f + exponential(x < -87.f ? 87.f : x > 87.f ? -87.f : -x)); }

static __device__ __forceinline__ float silu(float x) { return x * sigma(x); }

// silu_slope is silu′ = σ + x·σ·(1 − σ).
static __device__ __forceinline__ float silu_slope(float x) {
	float s = sigma(x);
	return fma(x * s, 1.f - s, s);
}

// whole lets the compiler believe that all of v is used: where nothing needs v.x, it would load
// y, z and w one by one, with bank conflicts.
static __device__ __forceinline__ float4 whole(float4 v) {
	float x = v.x, y = v.y, z = v.z, w = v.w;
	asm("" : "+f"(x), "+f"(y), "+f"(z), "+f"(w));
	return vec4(x, y, z, w);
}

// again lets the compiler believe that x is new: what it computes from it, it does not keep in registers.
static __device__ __forceinline__ int again(int x) {
	asm volatile("" : "+r"(x));
	return x;
}
