package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"painless/data"
)

// composition is how many atoms of each element a structure has.
type composition struct {
	numbers []int // atomic numbers, ascending
	counts  []int
	atoms   int
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
	return c
}

// String is the formula in Hill's order: carbon, hydrogen, then by symbol;
// without carbon all by symbol.
func (c composition) String() string {
	organic := slices.Contains(c.numbers, 6)
	var parts []string
	count := map[string]int{}
	for i, z := range c.numbers {
		parts = append(parts, data.Symbol(z))
		count[data.Symbol(z)] = c.counts[i]
	}
	rank := func(symbol string) int {
		switch {
		case organic && symbol == "C":
			return 0
		case organic && symbol == "H":
			return 1
		}
		return 2
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	for i, symbol := range parts {
		if n := count[symbol]; n > 1 {
			parts[i] += strconv.Itoa(n)
		}
	}
	return strings.Join(parts, "")
}

// compositions keeps each composition once.
type compositions struct {
	list  []composition
	index map[string]int32
}

func (cs *compositions) add(numbers []int) int32 {
	c := compose(numbers)
	key := fmt.Sprint(c.numbers, c.counts)
	i, ok := cs.index[key]
	if !ok {
		if cs.index == nil {
			cs.index = map[string]int32{}
		}
		i = int32(len(cs.list))
		cs.list, cs.index[key] = append(cs.list, c), i
	}
	return i
}
