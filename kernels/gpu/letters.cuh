// Numbers that blocks which run at the same time send each other: each is a
// letter, the number and a stamp, written and read as one. Who waits for a number
// asks for its letter until that has the stamp of this launch, and then has the
// number: nothing else need be waited for, nor be where others read it.
//
// A letter is written once a launch, of which each has another stamp, not 0: no other
// launch writes or reads the same letters meanwhile. Before the first they are 0.
//
// The host is told its results by letters too, in memory of its own: it has them before the launch has come to its end. A store of 8 aligned bytes to
// such memory is whole for it too (CUDA C++'s memory model, "Atomicity": loads and stores on mapped memory).
#pragma once
#include "cuda.cuh"

typedef unsigned long long letter;

// post is the stamp of this launch, and how often a thread asks before it gives up, which late then says: it is in shared memory, and 0 at first.
struct post {
	unsigned stamp;
	int patience;
	int *late;

	__device__ __forceinline__ letter sealed(float x) const { return (letter)stamp << 32 | (unsigned)as_int(x); }
	// stale is 0 if l has the stamp.
	__device__ __forceinline__ unsigned stale(letter l) const {
		unsigned number, mark;
		asm("mov.b64 {%0, %1}, %2;" : "=r"(number), "=r"(mark) : "l"(l)); // a 64-bit shift and comparison are four instructions
		return mark ^ stamp;
	}
	static __device__ __forceinline__ float opened(letter l) { return as_float((int)l); }

	__device__ __forceinline__ void send(letter *to, float x) const {
		asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" : : "l"((GLOBAL letter *)to), "l"(sealed(x)) : "memory");
	}
	// tell is send where to is memory of the host.
	__device__ __forceinline__ void tell(letter *to, float x) const {
		asm volatile("st.relaxed.sys.global.u64 [%0], %1;" : : "l"((GLOBAL letter *)to), "l"(sealed(x)) : "memory");
	}
	// send_two is for a to of 16 bytes.
	__device__ __forceinline__ void send_two(letter *to, float x, float y) const {
		asm volatile("st.relaxed.gpu.global.v2.u64 [%0], {%1, %2};" : : "l"((GLOBAL letter *)to), "l"(sealed(x)), "l"(sealed(y)) : "memory");
	}
	static __device__ __forceinline__ letter look(const letter *from) {
		letter l;
		asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(l) : "l"((const GLOBAL letter *)from) : "memory");
		return l;
	}
	static __device__ __forceinline__ void ask(letter l[2], const letter *from) {
		asm volatile("ld.relaxed.gpu.global.v2.u64 {%0, %1}, [%2];" : "=l"(l[0]), "=l"(l[1]) : "l"((const GLOBAL letter *)from) : "memory");
	}

	// until asks for letters, again and again, until all of them have the stamp.
	template <int letters, class asking> __device__ __forceinline__ void until(const letter *l, const asking &asks) const {
		unsigned old = 1;
#pragma unroll 1
		for (int left = patience; old && left > 0; left--) {
			old = 0;
			asks();
#pragma unroll
			for (int i = 0; i < letters; i++) old |= stale(l[i]);
		}
		if (old) atomic_or(late, 1);
	}

	// receive waits for so many pairs of letters, each a step from the one before; those beyond last are the first.
	template <int pairs> __device__ __forceinline__ void receive(letter l[pairs][2], const letter *from, int step, int last) const {
		until<2 * pairs>(l[0], [&]() __attribute__((always_inline)) {
#pragma unroll
			for (int i = 0; i < pairs; i++) ask(l[i], from + (i * step <= last ? i * step : 0));
		});
	}

	// receive_each waits for so many letters likewise.
	template <int letters> __device__ __forceinline__ void receive_each(letter l[letters], const letter *from, int step, int last) const {
		until<letters>(l, [&]() __attribute__((always_inline)) {
#pragma unroll
			for (int i = 0; i < letters; i++) l[i] = look(from + (i * step <= last ? i * step : 0));
		});
	}

	// receive_one waits for one number.
	__device__ __forceinline__ float receive_one(const letter *from) const {
		letter l[1];
		receive_each<1>(l, from, 0, 0);
		return opened(l[0]);
	}

	// receive_four waits for {s, vx, vy, vz}.
	__device__ __forceinline__ float4 receive_four(const letter *from) const {
		letter l[2][2];
		receive<2>(l, from, 2, 2);
		return vec4(opened(l[0][0]), opened(l[0][1]), opened(l[1][0]), opened(l[1][1]));
	}
	__device__ __forceinline__ void send_four(letter *to, float4 v) const { send_two(to, v.x, v.y), send_two(to + 2, v.z, v.w); }
};
