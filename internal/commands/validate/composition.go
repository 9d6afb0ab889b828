package validate

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"

	"painless/atoms"
)

// atomicNumbers is more than the elements that a data set can hold.
const atomicNumbers = 128

// composition is how many atoms of each element a structure has.
type composition struct {
	numbers []int // atomic numbers, ascending
	counts  []int
	atoms   int
	formula string
}

func compose(numbers []int) composition {
	count := map[int]int{}
	for _, z := range numbers {
		count[z]++
	}
	c := composition{numbers: slices.Sorted(maps.Keys(count)), atoms: len(numbers)}
	for _, z := range c.numbers {
		c.counts = append(c.counts, count[z])
	}
	c.formula = formula(c.numbers, count)
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

// compositions keeps each composition once.
type compositions struct {
	list  []composition
	index map[string]int32
}

// add is the index of the composition of these atoms.
func (cs *compositions) add(numbers []int) int32 {
	var count [atomicNumbers]uint64
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
		i = int32(len(cs.list))
		cs.list, cs.index[string(key)] = append(cs.list, compose(numbers)), i
	}
	return i
}
