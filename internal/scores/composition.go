package scores

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"

	"painless/atoms"
)

// AtomicNumbers is more than the elements that a data set can hold.
const AtomicNumbers = 128

// Composition is how many atoms of each element a structure has.
type Composition struct {
	Numbers []int // atomic numbers, ascending
	Counts  []int // of each
	Atoms   int
	Formula string // in Hill's order
}

func compose(numbers []int) Composition {
	count := map[int]int{}
	for _, z := range numbers {
		count[z]++
	}
	c := Composition{Numbers: slices.Sorted(maps.Keys(count)), Atoms: len(numbers)}
	for _, z := range c.Numbers {
		c.Counts = append(c.Counts, count[z])
	}
	c.Formula = formula(c.Numbers, count)
	return c
}

// formula is in Hill's order: carbon, hydrogen, then by symbol; without carbon all by symbol.
func formula(numbers []int, count map[int]int) string {
	organic := count[6] > 0
	rank := func(z int) int {
		switch {
		case organic && z == 6:
			return 0
		case organic && z == 1:
			return 1
		}
		return 2
	}
	var text strings.Builder
	for _, z := range slices.SortedFunc(slices.Values(numbers), func(a, b int) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(atoms.Symbol(a), atoms.Symbol(b)))
	}) {
		text.WriteString(atoms.Symbol(z))
		if count[z] > 1 {
			text.WriteString(strconv.Itoa(count[z]))
		}
	}
	return text.String()
}

// Compositions keeps each composition once.
type Compositions struct {
	List  []Composition
	index map[string]int32
}

// Add returns the index in List of the composition of these atoms.
func (cs *Compositions) Add(numbers []int) int32 {
	var count [AtomicNumbers]uint64
	for _, z := range numbers {
		count[z]++
	}
	var key []byte
	for z, n := range count {
		if n > 0 {
			key = binary.AppendUvarint(append(key, byte(z)), n)
		}
	}
	i, ok := cs.index[string(key)]
	if !ok {
		if cs.index == nil {
			cs.index = map[string]int32{}
		}
		i = int32(len(cs.List))
		cs.List, cs.index[string(key)] = append(cs.List, compose(numbers)), i
	}
	return i
}
