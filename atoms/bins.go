package atoms

import (
	"math"
	"math/bits"

	"painless/internal/buffer"
	"painless/internal/vec"
)

// bins sorts the atoms of one structure into boxes at least a cutoff wide, so
// that an atom's neighbours are in the boxes around its own.
//
// Boxes are found by their number modulo a power of two of at least twice the
// number of atoms: for a filled box that is a plain grid, and for a sparse one
// of any extent it is a hash table whose hits are told apart by coordinates.
type bins struct {
	lat    Lattice
	cutoff float64 // of the search, a little wider than the network's
	count  [3]int64
	reach  [3]int64 // how many boxes away a neighbour may be

	inside [][3]float64 // positions moved into the cell, [n]
	image  [][3]int32   // by how many lattice vectors, [n]
	box    [][3]int64   // [n]
	start  []int32      // the atoms of bucket c are order[start[c]:start[c+1]]
	order  []int32
}

func (s *bins) fill(lat *Lattice, positions [][3]float64, cutoff float64) error {
	n := len(positions)
	s.lat, s.cutoff = *lat, cutoff*SearchMargin
	s.inside, s.image = buffer.Resize(s.inside, n), buffer.Resize(s.image, n)
	s.box, s.order = buffer.Resize(s.box, n), buffer.Resize(s.order, n)
	var err error
	if s.count, s.reach, err = lat.Boxes(cutoff); err != nil {
		return err
	}
	s.assign(positions)
	s.sort()
	return nil
}

// assign finds each atom's box; along open directions boxes start at the lowest atom.
func (s *bins) assign(positions [][3]float64) {
	low := [3]int64{math.MaxInt64, math.MaxInt64, math.MaxInt64}
	high := [3]int64{math.MinInt64, math.MinInt64, math.MinInt64}
	for i, r := range positions {
		var fraction [3]float64
		s.inside[i], fraction, s.image[i] = s.lat.wrap(r)
		for k, f := range fraction {
			if s.lat.Periodic[k] {
				s.box[i][k] = min(int64(f*float64(s.count[k])), s.count[k]-1)
				continue
			}
			s.box[i][k] = int64(math.Floor(f / s.cutoff))
			low[k], high[k] = min(low[k], s.box[i][k]), max(high[k], s.box[i][k])
		}
	}
	for k := range low {
		if s.lat.Periodic[k] {
			continue
		}
		s.count[k] = high[k] - low[k] + 1
		for i := range s.box {
			s.box[i][k] -= low[k]
		}
	}
}

// sort groups the atoms by bucket, in ascending order within each.
func (s *bins) sort() {
	buckets := 1 << bits.Len(uint(2*len(s.box)))
	s.start = buffer.Resize(s.start, buckets+1)
	clear(s.start)
	for i := range s.box {
		s.start[s.bucket(s.box[i])+1]++
	}
	for c := range buckets {
		s.start[c+1] += s.start[c]
	}
	for i := len(s.box) - 1; i >= 0; i-- {
		c := s.bucket(s.box[i]) + 1
		s.start[c]--
		s.order[s.start[c]] = int32(i)
	}
	// start[c+1] has come down to where bucket c begins.
	copy(s.start, s.start[1:])
	s.start[buckets] = int32(len(s.box))
}

func (s *bins) bucket(box [3]int64) int {
	number := uint64((box[2]*s.count[1]+box[1])*s.count[0] + box[0])
	return int(number & uint64(len(s.start)-2))
}

// members is the atoms of a box, and of others of its bucket.
func (s *bins) members(box [3]int64) []int32 {
	c := s.bucket(box)
	return s.order[s.start[c]:s.start[c+1]]
}

// around appends the neighbours j ≥ i of atom i, counted from first: each image
// within the search cutoff once; of an atom's own images, one of each opposite two.
// It stops after a row of boxes that leaves more than most in near, or no looks:
// at atoms in boxes, in cells where they could be many for few pairs.
func (s *bins) around(i int, first int32, near []neighbor, most int, looks *int64) []neighbor {
	var shift [3]int64
	var box [3]int64
	at, thin := s.box[i], s.reach != [3]int64{1, 1, 1}
	for dz := -s.reach[2]; dz <= s.reach[2]; dz++ {
		if !s.step(2, at[2]+dz, &box, &shift) {
			continue
		}
		for dy := -s.reach[1]; dy <= s.reach[1]; dy++ {
			if !s.step(1, at[1]+dy, &box, &shift) {
				continue
			}
			for dx := -s.reach[0]; dx <= s.reach[0]; dx++ {
				if s.step(0, at[0]+dx, &box, &shift) {
					near = s.inBox(i, first, box, shift, near)
					if thin {
						*looks -= int64(len(s.members(box)))
					}
				}
			}
			if len(near) > most || *looks < 0 {
				return near
			}
		}
	}
	return near
}

// step puts box number c along direction k, and the image it is in; false past an open end.
func (s *bins) step(k int, c int64, box, shift *[3]int64) bool {
	if !s.lat.Periodic[k] {
		box[k] = c
		return c >= 0 && c < s.count[k]
	}
	image := c / s.count[k]
	if c%s.count[k] < 0 {
		image--
	}
	box[k], shift[k] = c-image*s.count[k], image
	return true
}

func (s *bins) inBox(i int, first int32, box, shift [3]int64, near []neighbor) []neighbor {
	candidates := s.members(box)
	if len(candidates) == 0 {
		return near
	}
	offset := vec.RowTimes([3]float64{float64(shift[0]), float64(shift[1]), float64(shift[2])}, &s.lat.Vectors)
	ri := s.inside[i]
	for _, j := range candidates {
		if int(j) < i || s.box[j] != box {
			continue
		}
		rj := s.inside[j]
		x, y, z := rj[0]+offset[0]-ri[0], rj[1]+offset[1]-ri[1], rj[2]+offset[2]-ri[2]
		if x*x+y*y+z*z > s.cutoff*s.cutoff {
			continue
		}
		n := neighbor{i: first + int32(i), j: first + j}
		for k := range n.shift { // from images of the wrapped positions to those of the given ones
			n.shift[k] = int32(shift[k]) + s.image[i][k] - s.image[j][k]
		}
		if int(j) > i || compareNeighbors(neighbor{j: n.j}, n) < 0 {
			near = append(near, n)
		}
	}
	return near
}
