// A meeting of all blocks of a grid, which must run at the same time: what any
// of them wrote before it can be read by all of them after it.
//
// A block arrives, may then do what needs nothing of the others, and waits. The
// count of arrivals goes up by 2³¹ at every meeting, the first block adding what the
// others leave: a block has waited when its highest bit has changed. So it serves
// any number of meetings and launches, and is set to 0 once. A block that has asked
// as often as it has patience gives up: the others are not there, and were the launch
// refused, as it should have been, or did another grid that waits take their place.
#pragma once
#include "letters.cuh"

struct meeting {
	unsigned *arrivals;
	int patience;
	unsigned before;

	__device__ __forceinline__ void arrive() {
		sync_block();
		if (threadIdx_x > 0) return;
		unsigned step = blockIdx_x + blockIdx_y == 0 ? 0x80000000u - (gridDim_x * gridDim_y - 1) : 1;
		asm volatile("atom.release.gpu.global.add.u32 %0, [%1], %2;" : "=r"(before) : "l"((GLOBAL unsigned *)arrivals), "r"(step) : "memory");
	}

	// wait is whether all have come. late is of shared memory, and 0 at first.
	__device__ __forceinline__ bool wait(int *late) {
		if (threadIdx_x == 0) {
			unsigned now;
			int left = patience;
			do {
				asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(now) : "l"((GLOBAL unsigned *)arrivals) : "memory");
			} while ((now ^ before) >> 31 == 0 && --left > 0);
			if ((now ^ before) >> 31 == 0) *late = 1;
		}
		sync_block();
		return *late == 0;
	}
};
