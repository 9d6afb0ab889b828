// The formulas of an update, feature by feature, for blocks of many atoms and of
// few: see update.cu, where their notation is explained.
#pragma once
#include "cuda.cuh"

static __device__ __forceinline__ float norm(float4 v) { return sqrt_rn(fma(v.w, v.w, fma(v.z, v.z, v.y * v.y))); }

#define MATRIX float m0, float m1, float m2, float m3, float m4, float m5, float m6, float m7, float m8

static __device__ __forceinline__ float4 mixed(MATRIX, float4 v) {
	return vec4(0, fma(m2, v.w, fma(m1, v.z, m0 * v.y)), fma(m5, v.w, fma(m4, v.z, m3 * v.y)), fma(m8, v.w, fma(m7, v.z, m6 * v.y)));
}

// mix is M v; with the matrix's columns first it is Mᵀ v.
#define MIX(v) mixed(m0, m1, m2, m3, m4, m5, m6, m7, m8, v)
#define MIX_TRANSPOSED(v) mixed(m0, m3, m6, m1, m4, m7, m2, m5, m8, v)

// gated is the state after the update, of s + a, v, M v and the gates.
static __device__ __forceinline__ float4 gated(float s, float4 v, float4 mv, float g1, float g2) {
	return vec4(s, fma(mv.y, g2, v.y * g1), fma(mv.z, g2, v.z * g1), fma(mv.w, g2, v.w * g1));
}

// dot is Σ_c a_c b_c over the vectors' components.
static __device__ __forceinline__ float dot(float4 a, float4 b) { return fma(a.w, b.w, fma(a.z, b.z, a.y * b.y)); }

// along is v/n, and 0 where n = 0.
static __device__ __forceinline__ float4 along(float4 v) {
	float n = norm(v), by = n > 0 ? 1.f / n : 0.f;
	return vec4(0, v.y * by, v.z * by, v.w * by);
}

// gathered is ∂E/∂(s, v) before the update: of gs + hs, gv, the gate g1, back = Mᵀ(gv ⊙ g2), hn and u = v/n.
static __device__ __forceinline__ float4 gathered(float gs, float4 gv, float g1, float4 back, float hn, float4 u) {
	return vec4(gs, fma(hn, u.y, fma(gv.y, g1, back.y)), fma(hn, u.z, fma(gv.z, g1, back.z)), fma(hn, u.w, fma(gv.w, g1, back.w)));
}

// stretched is the same of the last update, whose vectors nobody reads.
static __device__ __forceinline__ float4 stretched(float gs, float hn, float4 u) { return vec4(gs, hn * u.y, hn * u.z, hn * u.w); }
