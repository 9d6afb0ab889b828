// Package roofline predicts how long a GPU takes for a launch: of all that the
// emulator counts, the resource that the launch keeps busy for longest. It is a
// lower bound, as nothing is ever busy all the time, and a model: it was never
// held against a GPU.
package roofline

import (
	_ "embed" // the registers
	"fmt"
	"strconv"
	"strings"
	"sync"

	"painless/kernels/gpu/emulator"
)

// GPU is what a GPU does at most.
type GPU struct {
	Name            string
	Capability      int     // compute capability: 90 is 9.0
	Multiprocessors int     // SMs
	Clock           float64 // of an SM, at its boost, Hz
	FP32, FP64      float64 // lanes that a multiprocessor executes in a cycle
	Tensor          float64 // multiply-adds of TF32 that a multiprocessor does in a cycle in products of matrices by a warp
	Warps, Blocks   int     // that a multiprocessor holds
	Shared          int     // bytes of shared memory of a multiprocessor
	Second          float64 // bandwidth of the second-level cache, B/s
	SecondSize      int     // bytes of it
	Memory          float64 // bandwidth of memory, B/s
	Host            float64 // bandwidth of the way to the host's memory, B/s: PCI Express of 16 lanes, of generation 4 or 5
}

// GPUs are an A100 SXM4 80 GB, an H100 SXM5, an H200 SXM and an RTX 4090. Multiprocessors, clocks, lanes, cache sizes and
// memory bandwidths: NVIDIA's "A100 Tensor Core GPU Architecture", "H100 Tensor Core GPU Architecture" and "Ada GPU Architecture"
// (tables of full specifications) and the H200's data sheet; lanes a cycle, warps, blocks and shared memory: CUDA C++ Programming
// Guide, tables "Throughput of Native Arithmetic Instructions" and "Technical Specifications per Compute Capability". The bandwidth of the
// second-level cache is published for the A100 alone, 5120 bytes a cycle; the others' is what chipsandcheese.com measured, to two digits. Dense
// TF32 is 156, 495, 495 and 82.6 TFLOP/s in the same papers, 512, 1,024, 1,024 and 128 multiply-adds a cycle; of a Hopper's, products by
// a warp reach 62.9 % (arXiv 2402.13499), 644, the others need instructions of four warps.
var GPUs = []GPU{
	{"A100", 80, 108, 1.410e9, 64, 32, 512, 64, 32, 164 << 10, 7.2e12, 40 << 20, 2.039e12, 31.5e9},
	{"H100", 90, 132, 1.980e9, 128, 64, 644, 64, 32, 228 << 10, 5.5e12, 50 << 20, 3.35e12, 63e9},
	{"H200", 90, 132, 1.980e9, 128, 64, 644, 64, 32, 228 << 10, 5.5e12, 50 << 20, 4.8e12, 63e9},
	{"RTX 4090", 89, 128, 2.520e9, 128, 2, 128, 48, 24, 100 << 10, 5.0e12, 72 << 20, 1.008e12, 31.5e9},
}

// What is the same on all of them: instructions of warps that a multiprocessor issues in a cycle, lanes of integers, special functions and
// shuffles that it executes, multiply-adds of an instruction of matrices, registers that it has (in units of 8 for each lane of a warp), and bytes of shared memory that a block takes for itself.
const (
	issued        = 4
	integerLanes  = 64
	specialLanes  = 16
	shuffleLanes  = 32
	multiplyAdds  = 16 * 8 * 8
	registers     = 64 << 10
	registersUnit = 256
	blockOverhead = 1 << 10
)

// Occupancy is how many blocks of so many threads, registers of a thread and
// bytes of shared memory a multiprocessor holds at a time; 0 where not even one.
func (g *GPU) Occupancy(threads, used, shared int) int {
	warps := (threads + 31) / 32
	blocks := min(g.Blocks, g.Warps/warps, registers/(ceilDiv(32*used, registersUnit)*registersUnit*warps))
	if shared > 0 {
		blocks = min(blocks, g.Shared/(shared+blockOverhead))
	}
	return blocks
}

// Prediction is how long a launch takes, and why.
type Prediction struct {
	Seconds float64
	Bound   string // what takes that long
	Blocks  int    // that a multiprocessor holds at a time
}

// Predict is how long g takes for a launch whose kernel has so many registers a thread. Blocks are spread evenly: while some multiprocessors have one
// block more than others, these wait.
func (g *GPU) Predict(c *emulator.Charges, used int) (Prediction, error) {
	resident := g.Occupancy(c.Threads, used, c.Room)
	if resident == 0 {
		return Prediction{}, fmt.Errorf("%s: %d threads of %d registers and %d bytes of shared memory do not fit on a multiprocessor of %s", c.Kernel, c.Threads, used, c.Room, g.Name)
	}
	if c.Blocks == 0 {
		return Prediction{Blocks: resident}, nil
	}
	each := ceilDiv(c.Blocks, g.Multiprocessors) // blocks of the multiprocessor that has most
	p := g.bound(c, float64(c.Blocks)/float64(each), float64(ceilDiv(each, resident))/float64(c.Blocks))
	p.Blocks = resident
	return p, nil
}

// Saturated is how long g takes for a launch like this one among so many blocks
// that every multiprocessor is always full of them.
func (g *GPU) Saturated(c *emulator.Charges, used int) (Prediction, error) {
	p, err := g.Predict(c, used)
	if err != nil || c.Blocks == 0 {
		return p, err
	}
	blocks := p.Blocks
	p = g.bound(c, float64(g.Multiprocessors), 1/(float64(blocks*g.Multiprocessors)))
	p.Blocks = blocks
	return p, nil
}

// bound is the longest of what c asks for, of so many multiprocessors at work; of
// the blocks' latency the given share is not hidden behind other blocks'.
func (g *GPU) bound(c *emulator.Charges, busy, latency float64) (p Prediction) {
	slots := uint64(0)
	for _, n := range c.Slots {
		slots += n
	}
	cycles := func(name string, n, each float64) {
		p.longest(name, n/each/busy/g.Clock)
	}
	cycles("issue", float64(slots), issued)
	cycles("fp32", 32*float64(c.Slots[emulator.FP32]), g.FP32)
	cycles("integer", 32*float64(c.Slots[emulator.Integer]), integerLanes)
	cycles("special", 32*float64(c.Slots[emulator.Special]), specialLanes)
	cycles("tensor", multiplyAdds*float64(c.Slots[emulator.Tensor]), g.Tensor)
	cycles("fp64", 32*float64(c.Slots[emulator.FP64]), g.FP64)
	cycles("L1+shared", float64(c.Shared.Wavefronts+c.Global.Wavefronts)+32*float64(c.Slots[emulator.Shuffle])/shuffleLanes, 1)
	p.longest("latency", float64(c.Latency)*latency/g.Clock)
	p.longest("L2", 32*float64(c.Missed)/g.Second*float64(g.Multiprocessors)/busy)
	p.longest("host", 32*float64(c.Host)/g.Host)
	if c.Footprint > uint64(g.SecondSize)/2 { // else it is where the launch before left it
		p.longest("memory", float64(c.Footprint)/g.Memory)
	}
	return p
}

func (p *Prediction) longest(name string, seconds float64) {
	if seconds > p.Seconds {
		p.Seconds, p.Bound = seconds, name
	}
}

// Call is how long g takes for launches one after the other, without what passes between them, and
// the bound of the longest; of is g.Predict or g.Saturated.
func (g *GPU) Call(charges []emulator.Charges, of func(*emulator.Charges, int) (Prediction, error)) (sum Prediction, err error) {
	longest := 0.0
	for i := range charges {
		c := &charges[i]
		used, ok := g.Registers(c.Kernel)
		if !ok {
			return sum, fmt.Errorf("%s: its registers on %s are not known", c.Kernel, g.Name)
		}
		p, err := of(c, used)
		if err != nil {
			return sum, err
		}
		sum.Seconds += p.Seconds
		if p.Seconds > longest {
			longest, sum.Bound, sum.Blocks = p.Seconds, p.Bound, p.Blocks
		}
	}
	return sum, nil
}

//go:embed registers.tsv
var registerTable string

// Registers is how many registers a thread of a kernel of the network takes on g, as ptxas 11.8 of the committed PTX has it, with tensor cores on those that use
// them; false where that is not known.
func (g *GPU) Registers(kernel string) (int, bool) {
	n, ok := kernelRegisters()[registersOf{kernel, g.Capability}]
	return n, ok
}

type registersOf struct {
	kernel     string
	capability int
}

var kernelRegisters = sync.OnceValue(func() map[registersOf]int {
	out := map[registersOf]int{}
	lines := strings.Split(strings.TrimSpace(registerTable), "\n")
	head := strings.Fields(lines[0])[1:]
	for _, line := range lines[1:] {
		words := strings.Fields(line)
		for k, name := range head {
			capability, _ := strconv.Atoi(strings.TrimPrefix(name, "sm_"))
			if n, err := strconv.Atoi(words[1+k]); err == nil { // else it is not for these
				out[registersOf{words[0], capability}] = n
			}
		}
	}
	return out
})

func ceilDiv(a, b int) int { return (a + b - 1) / b }
