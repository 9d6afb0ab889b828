//go:build !cuda

package nn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// edited is a device whose PTX of one launch is another.
type edited struct {
	gpu.Device
	edit func(ptx string) string
}

func (d edited) Load(name, ptx string) (gpu.Module, error) {
	if strings.HasPrefix(name, "once") {
		ptx = d.edit(ptx)
	}
	return d.Device.Load(name, ptx)
}

// sends is where blocks send letters, and the first one's register.
var sends = regexp.MustCompile(`(?m)^st\.relaxed\.gpu\.global\.(?:v2\.)?u64 \[[^\]]*\], \{?(%rd\d+)[^;]*;`)

// losing is a device on which what is sent at one place, or at all of them, has no stamp.
func losing(dev gpu.Device, lost func(place int) bool) edited {
	return edited{dev, func(ptx string) string {
		place := -1
		return sends.ReplaceAllStringFunc(ptx, func(send string) string {
			if place++; !lost(place) {
				return send
			}
			letter := sends.FindStringSubmatch(send)[1]
			return fmt.Sprintf("xor.b64 %[1]s, %[1]s, %[1]s;\n%[2]s", letter, send)
		})
	}}
}

// Where what blocks of one launch wait for does not come, at whichever place it is sent, they give up, and the call and all that follow go through the
// launches for few atoms: in one share and in several, of energies alone too.
func TestGPULettersLost(t *testing.T) {
	net, places := randomNetwork(Config{HiddenDim: 16, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 31), 0
	losing(nil, func(place int) bool { places = place + 1; return false }).edit(oncePTX(t))
	require.Greater(t, places, 10)
	for _, n := range []int{4, 20} {
		s := systems.Random(rand.New(rand.NewPCG(32, 32)), n, 6, 0.3, [3]bool{}, true)
		for _, only := range []bool{false, true} {
			want, apart := compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{EnergyOnly: only}), s), 0
			for lost := range places + 1 {
				dev := emulator.New(wide)
				p := newGPUTestPotential(t, net, losing(dev, func(place int) bool { return place == lost || lost == places }), Options{EnergyOnly: only}).(*gpuEngine)
				p.ofOne.Patience = 60
				for range 2 {
					assert.Equal(t, want, compute(t, p, s), "%d atoms, send %d", n, lost)
				}
				if p.apart {
					apart++
					assert.Equal(t, 1, dev.Counts()["once"].Launches)
				}
			}
			assert.Greater(t, apart, places/4, "%d atoms, energies only: %v", n, only)
		}
	}
}

// oncePTX is what a device is given of one launch.
func oncePTX(t *testing.T) (ptx string) {
	newGPUTestPotential(t, randomNetwork(gpuConfig, 20), edited{emulator.New(volta), func(text string) string {
		ptx = text
		return text
	}}, Options{})
	require.NotEmpty(t, ptx)
	return ptx
}

// However little patience blocks have, there is never a wrong number.
func TestGPUImpatientBlocks(t *testing.T) {
	net := randomNetwork(Config{HiddenDim: 16, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 31)
	for _, n := range []int{12, 40} {
		s := systems.Random(rand.New(rand.NewPCG(32, 32)), n, 8, 0.3, [3]bool{}, true)
		for _, only := range []bool{false, true} {
			want := compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{EnergyOnly: only}), s)
			for patience := 1; patience < 9; patience++ {
				p := newGPUTestPotential(t, net, emulator.New(wide), Options{EnergyOnly: only}).(*gpuEngine)
				p.ofOne.Patience = patience
				assert.Equal(t, want, compute(t, p, s), "%d atoms, patience %d, energies only: %v", n, patience, only)
			}
		}
	}
}

// reusing gives addresses again that were given back, the lowest first, with what stands there, as drivers may.
type reusing struct {
	gpu.Device
	base gpu.Pointer
	held map[gpu.Pointer]int
}

func newReusing(t *testing.T, d gpu.Device, size int, filled uint64) *reusing {
	base, err := d.Alloc(size)
	require.NoError(t, err)
	var words []byte
	for range size / 8 {
		words = binary.LittleEndian.AppendUint64(words, filled)
	}
	require.NoError(t, d.Upload(base, words))
	return &reusing{d, base, map[gpu.Pointer]int{}}
}

func (d *reusing) Alloc(size int) (gpu.Pointer, error) {
	at := d.base
	for free := false; !free; {
		free = true
		for p, n := range d.held {
			if at < p+gpu.Pointer(n) && p < at+gpu.Pointer(size) {
				at, free = (p+gpu.Pointer(n)+255)/256*256, false
			}
		}
	}
	d.held[at] = size
	return at, nil
}

func (d *reusing) Free(p gpu.Pointer) error {
	delete(d.held, p)
	return nil
}

func (d *reusing) Close() error { return errors.Join(d.Device.Free(d.base), d.Device.Close()) }

// Letters that need more room get it where others may have been, which had stamps like theirs.
func TestGPULettersAtTheSameAddress(t *testing.T) {
	net := randomNetwork(gpuConfig, 20)
	d := newReusing(t, emulator.New(wide), 1<<26, 2<<32|uint64(math.Float32bits(1)))
	e := newGPUTestPotential(t, net, d, Options{}).(*gpuEngine)
	compute(t, e, systems.WaterDrop(8, 4, 4)) // after which nothing but the letters grows
	compute(t, e, systems.WaterDrop(4, 3, 2))
	require.True(t, e.inOne())
	s := systems.WaterDrop(4, 4, 2)
	want := compute(t, newGPUTestPotential(t, net, emulator.New(wide), Options{}), s)
	assert.Equal(t, want, compute(t, e, s))
	require.True(t, e.inOne())
}

// scarce has no more memory of the host for as long as none is set.
type scarce struct {
	gpu.Device
	none bool
}

func (d *scarce) AllocHost(size int) ([]byte, error) {
	if d.none {
		return nil, gpu.ErrOutOfMemory
	}
	return d.Device.AllocHost(size)
}

// What was recorded goes on where there is no more memory of the host for another batch, and never reads memory that was given back.
func TestGPUHostMemoryRunsOut(t *testing.T) {
	net, d := randomNetwork(gpuConfig, 20), &scarce{Device: emulator.New(narrow)}
	e := newGPUTestPotential(t, net, d, Options{}).(*gpuEngine)
	s := systems.WaterBox(3, 3, 3)
	for range 3 {
		compute(t, e, s)
	}
	d.none = true
	require.ErrorIs(t, e.Compute(context.Background(), atoms.NewBatch(systems.WaterBox(6, 6, 6)), &Result{}), gpu.ErrOutOfMemory)
	s.Positions = append([][3]float64{}, s.Positions...)
	s.Positions[0][0] += 0.1
	want := compute(t, newGPUTestPotential(t, net, emulator.New(narrow), Options{}), s)
	for range 3 {
		assert.Equal(t, want, compute(t, e, s))
	}
}
