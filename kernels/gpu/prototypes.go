package gpu

import (
	"fmt"
	"math"
	"strings"
)

// Kind is the type of a kernel's parameter, as PTX writes it.
type Kind string

// The kinds that the kernels have.
const (
	addressKind Kind = ".u64"
	intKind     Kind = ".u32"
	floatKind   Kind = ".f32"
	doubleKind  Kind = ".f64"
)

// argument is a value for a parameter of a kind.
type argument struct {
	bits uint64
	kind Kind
}

func integer(x int) argument    { return argument{Int(x), intKind} }
func single(x float32) argument { return argument{Float(x), floatKind} }
func double(x float64) argument { return argument{math.Float64bits(x), doubleKind} }

// Prototypes finds the kinds of the parameters of each kernel in PTX. The driver
// does not tell: it reads as many arguments as it thinks, from wherever it is told.
func Prototypes(ptx string) (map[string][]Kind, error) {
	found := map[string][]Kind{}
	for {
		_, rest, ok := strings.Cut(ptx, ".entry")
		if !ok {
			return found, nil
		}
		end := strings.IndexByte(rest, '{')
		if end < 0 {
			return nil, fmt.Errorf("entry %.40q has no body", rest)
		}
		name, parameters, _ := strings.Cut(rest[:end], "(")
		name, ptx = strings.TrimSpace(name), rest[end:]
		parameters, _, _ = strings.Cut(parameters, ")")
		kinds := []Kind{}
		for parameter := range strings.SplitSeq(parameters, ",") {
			if words := strings.Fields(parameter); len(words) > 1 && words[0] == ".param" {
				kinds = append(kinds, Kind(words[1]))
			}
		}
		found[name] = kinds
	}
}

// check holds arguments to the parameters.
func (e *entry) check(args []argument) error {
	if len(args) != len(e.parameters) {
		return fmt.Errorf("kernel %s: %d arguments for %d parameters", e.name, len(args), len(e.parameters))
	}
	for i, a := range args {
		if a.kind != e.parameters[i] {
			return fmt.Errorf("kernel %s: argument %d is %s, its parameter %s", e.name, i, a.kind, e.parameters[i])
		}
	}
	return nil
}
