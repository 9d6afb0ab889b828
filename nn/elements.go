package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/checkpoint"
)

// ElementsKey is where a checkpoint says on which elements its network was
// trained: atomic numbers or symbols, beside the weights or in their config.
const ElementsKey = "elements"

// Knows reports whether the network was trained on an element, or, where nothing
// says on which it was, has a row for it.
func (n *Network) Knows(z int) bool {
	if len(n.Elements) > 0 {
		return slices.Contains(n.Elements, z)
	}
	return z >= 1 && z <= n.MaxZ
}

// KnowsAll is Knows of all atomic numbers of a structure.
func (n *Network) KnowsAll(numbers []int) bool {
	return !slices.ContainsFunc(numbers, func(z int) bool { return !n.Knows(z) })
}

// Statement is the architecture under the names that training code has for it,
// and the elements that the network was trained on where they are known: for
// files whose config nothing but painless reads.
func (n *Network) Statement() map[string]any {
	m := n.Map()
	if len(n.Elements) > 0 {
		m[ElementsKey] = n.Elements
	}
	return m
}

// statedElements reads the elements that a file says its network was trained on,
// ascending; nil where it says nothing. ok is false where what it says is no list
// of elements that the network has rows for.
func statedElements(c *checkpoint.Checkpoint, maxZ int) (elements []int, ok bool) {
	value := c.Metadata[ElementsKey]
	if value == nil {
		switch config := c.Metadata["config"].(type) {
		case map[string]any:
			value = config[ElementsKey]
		case string:
			var fields map[string]any
			if json.Unmarshal([]byte(config), &fields) == nil {
				value = fields[ElementsKey]
			}
		}
	}
	if value == nil {
		return nil, true
	}
	if text, isText := value.(string); isText { // as the metadata of safetensors are
		var list []any
		if json.Unmarshal([]byte(text), &list) != nil {
			return nil, false
		}
		value = list
	}
	list, isList := value.([]any)
	if !isList || len(list) == 0 || len(list) > atoms.MaxNumber {
		return nil, false
	}
	for _, item := range list {
		z := 0
		switch item := item.(type) {
		case int64:
			if item <= int64(maxZ) {
				z = int(item)
			}
		case float64: // of JSON
			if item <= float64(maxZ) && item == math.Trunc(item) {
				z = int(item)
			}
		case string:
			z, _ = atoms.AtomicNumber(item)
		}
		if z < 1 || z > maxZ {
			return nil, false
		}
		elements = append(elements, z)
	}
	slices.Sort(elements)
	return slices.Compact(elements), true
}

// acquainted is the elements that a potential computes.
type acquainted struct {
	maxZ int
	only []int // nil: all up to maxZ
}

func (n *Network) acquainted(any bool) acquainted {
	if any {
		return acquainted{maxZ: n.MaxZ}
	}
	return acquainted{n.MaxZ, n.Elements}
}

// has reports whether element z is computed.
func (a *acquainted) has(z int) bool {
	return z >= 1 && z <= a.maxZ && (len(a.only) == 0 || slices.Contains(a.only, z))
}

// unknown is the error of atom i of an element z that is not.
func (a *acquainted) unknown(i, z int) error {
	if z < 1 || z > a.maxZ {
		return fmt.Errorf("atom %d has atomic number %d: the network knows 1 to %d", i, z, a.maxZ)
	}
	return fmt.Errorf("atom %d is %s, and the student was trained on %s alone: -any-element computes it all the same", i, atoms.Symbol(z), atoms.Symbols(a.only))
}
