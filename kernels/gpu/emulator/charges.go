package emulator

// Class is the unit of a multiprocessor that executes an instruction.
type Class int

const (
	Free    Class = iota // moves and conversions of addresses, which an assembler does away with
	FP32                 // float32 arithmetic
	Integer              // integers, logic, comparisons and selections
	Special              // approximate functions and conversions of numbers
	FP64                 // float64 arithmetic
	Memory               // loads, stores and atomics
	Shuffle              // shuffles and votes
	Tensor               // products of matrices, 1,024 multiply-adds an instruction
	Control              // branches, barriers and returns
	Classes
)

func (c Class) String() string {
	return [...]string{"free", "fp32", "integer", "special", "fp64", "memory", "shuffle", "tensor", "control"}[c]
}

// Charges is what hardware charges for a launch.
type Charges struct {
	Kernel  string
	Blocks  int
	Threads int // of a block
	Room    int // bytes of shared memory of a block

	Slots          [Classes]uint64 // issue slots, an instruction of a warp each
	Shared, Global Requests

	Sectors      uint64 // of 32 bytes, as the requests for global memory ask for them
	LeastSectors uint64 // as many as would hold what each request asks for
	Missed       uint64 // of Sectors, those that go beyond the first-level cache
	Host         uint64 // of Sectors, those of the host's memory, which no cache has
	Footprint    uint64 // bytes of the sectors that the launch reads, and of those that it writes

	// Latency is cycles: how long each block takes if nothing but its own
	// instructions' results keep its warps waiting, summed over the blocks.
	Latency uint64
}

// Requests are instructions of warps that load or store. A wavefront is what the first-level cache or
// shared memory does in a cycle; Least is the wavefronts that no bank conflict, or no second line, adds to.
type Requests struct{ Requests, Wavefronts, Least uint64 }

// Add adds b's counts, all of them sums.
func (a *Charges) Add(b *Charges) {
	for k := range a.Slots {
		a.Slots[k] += b.Slots[k]
	}
	a.Shared.add(&b.Shared)
	a.Global.add(&b.Global)
	a.Sectors += b.Sectors
	a.LeastSectors += b.LeastSectors
	a.Missed += b.Missed
	a.Host += b.Host
	a.Footprint += b.Footprint
	a.Latency += b.Latency
}

func (a *Requests) add(b *Requests) {
	a.Requests += b.Requests
	a.Wavefronts += b.Wavefronts
	a.Least += b.Least
}

// Conflicts is wavefronts for each that would do: 1 is none.
func (a *Requests) Conflicts() float64 {
	if a.Least == 0 {
		return 1
	}
	return float64(a.Wavefronts) / float64(a.Least)
}

// TakeCharges is the charges of every launch since it was asked last; of a
// device with Options.Charged.
func (d *Device) TakeCharges() []Charges {
	charges := d.charges
	d.charges = nil
	return charges
}

// busy is how many cycles an access of warp's lanes to size bytes each keeps 32 banks of 4 bytes busy, and how many it would without
// conflicts. Lanes go by warps, half-warps or quarters of warps, of 4, 8 or 16 bytes each, and twice as many where all neighbours,
// or all next but one, load the same; of two words of a bank one waits, and the same word is no conflict. (CUDA C++ Programming Guide,
// "Shared Memory"; the rule for wide loads as NVIDIA's engineers state it for compute capability 7.0,
// forums.developer.nvidia.com/t/unexpected-shared-memory-bank-conflict/77228.)
func busy(at *[lanes]uint64, mask uint32, size int, load bool) (cycles, least int) {
	group := min(lanes, 128/size)
	if load && group < lanes && (twins(at, mask, 1) || twins(at, mask, 2)) {
		group *= 2
	}
	words := uint64(size+3) / 4
	for first := 0; first < lanes; first += group {
		if mask>>first&uint32(1<<group-1) == 0 {
			continue
		}
		var seen [32][lanes]uint64
		var count [32]int
		most := 0
		for lane := first; lane < first+group; lane++ {
			if mask>>lane&1 == 0 {
				continue
			}
			for word := at[lane] / 4; word < at[lane]/4+words; word++ {
				bank := word % 32
				if !contains(seen[bank][:count[bank]], word) {
					seen[bank][count[bank]] = word
					count[bank]++
					most = max(most, count[bank])
				}
			}
		}
		cycles += most
		least++
	}
	return cycles, least
}

// twins is whether all lanes that are so many apart access the same.
func twins(at *[lanes]uint64, mask uint32, apart int) bool {
	for lane := range lanes {
		if other := lane ^ apart; mask>>lane&1 == 1 && mask>>other&1 == 1 && at[lane] != at[other] {
			return false
		}
	}
	return true
}

// distinct is the different values of at over granule, in order of the lanes.
func distinct(into []uint64, at *[lanes]uint64, mask uint32, granule uint64) []uint64 {
	into = into[:0]
	for lane := range lanes {
		if x := at[lane] / granule; mask>>lane&1 == 1 && !contains(into, x) {
			into = append(into, x)
		}
	}
	return into
}

// contains looks from the end: neighbours are alike.
func contains(list []uint64, x uint64) bool {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == x {
			return true
		}
	}
	return false
}
