package trajectory

import (
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/internal/vec"
)

// seen is what a reader finds in a frame of a DCD or NetCDF file.
type seen struct {
	time                          float64 // fs; DCD: by MDAnalysis's formula
	step                          int64
	lengths, angles               [3]float64 // Å, degrees; 0 where there is no cell
	positions, velocities, forces [][3]float64
}

// cell is that of the lengths and angles, as everyone draws it.
func (s *seen) cell() (m vec.Matrix) {
	cos := func(k int) float64 { return math.Cos(s.angles[k] * math.Pi / 180) }
	sin := math.Sin(s.angles[2] * math.Pi / 180)
	x, y := cos(1), (cos(0)-cos(1)*cos(2))/sin
	return vec.Matrix{
		vec.Scale([3]float64{1, 0, 0}, s.lengths[0]),
		vec.Scale([3]float64{cos(2), sin, 0}, s.lengths[1]),
		vec.Scale([3]float64{x, y, math.Sqrt(1 - x*x - y*y)}, s.lengths[2]),
	}
}

// readDCD reads the records of Fortran one after another.
func readDCD(t *testing.T, path string) (frames []seen) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	le := binary.LittleEndian
	record := func() []byte {
		n := le.Uint32(text)
		body := text[4 : 4+n]
		require.Equal(t, n, le.Uint32(text[4+n:]))
		text = text[8+n:]
		return body
	}
	float := func(b []byte, i int) float64 { return float64(math.Float32frombits(le.Uint32(b[4*i:]))) }
	head, titles, atoms := record(), record(), record()
	require.Equal(t, "CORD", string(head[:4]))
	head = head[4:]
	require.Len(t, titles, 4+160)
	for i, word := range map[int]uint32{8: 0, 11: 0, 19: 24} { // fixed atoms, a fourth dimension, CHARMM
		require.Equal(t, word, le.Uint32(head[4*i:]))
	}
	first, every, delta := int64(le.Uint32(head[4:])), int64(le.Uint32(head[8:])), float(head, 9)*akma
	for k := range int64(le.Uint32(head)) {
		s := seen{step: first + k*every, time: (float64(k) + float64(first)/float64(every)) * float64(every) * delta}
		if le.Uint32(head[40:]) == 1 {
			cell := record()
			at := func(i int) float64 { return math.Float64frombits(le.Uint64(cell[8*i:])) }
			s.lengths = [3]float64{at(0), at(2), at(5)}
			for k, i := range []int{4, 3, 1} {
				s.angles[k] = math.Acos(at(i)) * 180 / math.Pi
			}
		}
		s.positions = make([][3]float64, le.Uint32(atoms))
		for c := range 3 {
			x := record()
			require.Len(t, x, 4*len(s.positions))
			for i := range s.positions {
				s.positions[i][c] = float(x, i)
			}
		}
		frames = append(frames, s)
	}
	require.Empty(t, text)
	return frames
}

// cdf reads NetCDF's classic format as its specification says.
type cdf struct {
	t    *testing.T
	rest []byte
}

func (c *cdf) word() int {
	x := binary.BigEndian.Uint32(c.rest)
	c.rest = c.rest[4:]
	return int(x)
}

func (c *cdf) name() string {
	n := c.word()
	text := string(c.rest[:n])
	c.rest = c.rest[(n+3)&^3:]
	return text
}

func (c *cdf) list(tag int) int {
	found, n := c.word(), c.word()
	if n > 0 {
		require.Equal(c.t, tag, found)
	}
	return n
}

func (c *cdf) attributes() map[string]any {
	found := map[string]any{}
	for range c.list(12) {
		name, kind := c.name(), c.word()
		if kind == 2 {
			found[name] = c.name()
			continue
		}
		require.Equal(c.t, []int{6, 1}, []int{kind, c.word()})
		found[name] = math.Float64frombits(binary.BigEndian.Uint64(c.rest))
		c.rest = c.rest[8:]
	}
	return found
}

// readNetCDF returns the frames and the values that are said once.
func readNetCDF(t *testing.T, path string) (frames []seen, once map[string]string) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "CDF\x02", string(text[:4]))
	c := &cdf{t, text[4:]}
	records := c.word()
	var sizes []int
	dims := map[string]int{}
	for range c.list(10) {
		name, size := c.name(), c.word()
		sizes, dims[name] = append(sizes, size), size
	}
	require.Zero(t, dims["frame"])
	about := c.attributes()
	require.Equal(t, "AMBER", about["Conventions"])
	require.Equal(t, "1.0", about["ConventionVersion"])
	type variable struct {
		kind, size, begin int
		units             any
		scale             float64
	}
	growing, record := map[string]variable{}, 0
	once = map[string]string{}
	for range c.list(11) {
		name := c.name()
		grows, n := false, 1
		for range c.word() {
			if size := sizes[c.word()]; size == 0 {
				grows = true
			} else {
				n *= size
			}
		}
		about := c.attributes()
		// A word of begin's two is 0 in small files.
		v := variable{kind: c.word(), size: c.word(), begin: c.word() + c.word(), units: about["units"], scale: 1}
		if scale, ok := about["scale_factor"]; ok {
			v.scale = scale.(float64)
		}
		n *= map[int]int{2: 1, 4: 4, 5: 4, 6: 8}[v.kind]
		require.Equal(t, (n+3)&^3, v.size, name)
		if !grows {
			once[name] = string(text[v.begin : v.begin+n])
			continue
		}
		growing[name] = v
		record += v.size
	}
	for k := range records {
		numbers := func(name, units string) (list []float64) {
			v, ok := growing[name]
			if !ok {
				return nil
			}
			if units != "" {
				require.Equal(t, units, v.units)
			}
			for b := text[v.begin+k*record:][:v.size]; len(b) > 0; {
				if v.kind == 6 {
					list, b = append(list, v.scale*math.Float64frombits(binary.BigEndian.Uint64(b))), b[8:]
				} else {
					list, b = append(list, v.scale*float64(math.Float32frombits(binary.BigEndian.Uint32(b)))), b[4:]
				}
			}
			return list
		}
		vectors := func(name, units string, factor float64) (list [][3]float64) {
			x := numbers(name, units)
			for i := 0; i < len(x); i += 3 {
				list = append(list, vec.Scale([3]float64(x[i:]), factor))
			}
			return list
		}
		s := seen{
			time: 1000 * numbers("time", "picosecond")[0], step: int64(numbers("step", "")[0]),
			positions:  vectors("coordinates", "angstrom", 1),
			velocities: vectors("velocities", "angstrom/picosecond", 1e-3),
			forces:     vectors("forces", "kilocalorie/mole/angstrom", 0.0433641043), // as LAMMPS has it
		}
		if x := numbers("cell_lengths", "angstrom"); x != nil {
			s.lengths, s.angles = [3]float64(x), [3]float64(numbers("cell_angles", "degree"))
		}
		frames = append(frames, s)
	}
	return frames, once
}

// readSeen reads a DCD or NetCDF file.
func readSeen(t *testing.T, path string) []seen {
	t.Helper()
	if strings.HasSuffix(path, ".dcd") {
		return readDCD(t, path)
	}
	frames, _ := readNetCDF(t, path)
	return frames
}
