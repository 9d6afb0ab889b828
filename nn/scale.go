package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"painless/checkpoint"
)

// ScaleEnding is what a matrix in int8 has behind its name in that of its scales,
// such as energy_head.0.weight_scale: one for each row, and weight[r, c] = q[r, c]·scale[r],
// rounded to float32 as other programs do.
const ScaleEnding = "_scale"

// largestScale is that of which no int8 makes more than float32 holds.
const largestScale = math.MaxFloat32 / 128

// isMatrix reports whether a tensor may be in int8.
func (s *spec) isMatrix() bool { return strings.HasSuffix(s.name, ".weight") }

// scale makes weights of the integers of a tensor in int8, in place.
func (x *candidate) scale(s spec, t *checkpoint.Tensor, values []float64) error {
	full, isInt8 := Shown(x.full[s.name]), t.DType() == checkpoint.Int8
	name := s.name + ScaleEnding
	scales, ok := x.tensor(name)
	switch {
	case !ok && !isInt8:
		return nil
	case !isInt8:
		return fmt.Errorf("tensor %s: expected int8, as %s stands beside it, found %s", full, Shown(x.full[name]), t.DType())
	case !s.isMatrix():
		return fmt.Errorf("tensor %s: expected a floating-point type, as matrices alone have scales, found int8", full)
	case !ok:
		return fmt.Errorf("tensor %s is int8, and %s is missing: expected a scale for each of its %d rows", full, Shown(x.full[s.name]+ScaleEnding), s.shape[0])
	case !slices.Equal(scales.Shape, s.shape[:1]):
		return fmt.Errorf("tensor %s: expected shape %v, a scale for each row of %s, found %v", Shown(x.full[name]), s.shape[:1], full, scales.Shape)
	case !scales.DType().IsFloat():
		return fmt.Errorf("tensor %s: expected scales of a floating-point type, found %s", Shown(x.full[name]), scales.DType())
	}
	of, err := scales.Float64s()
	if err != nil {
		return fmt.Errorf("tensor %s: %w", Shown(x.full[name]), err)
	}
	columns := s.shape[1]
	for r, scale := range of {
		if !(scale > 0) || scale > largestScale {
			return fmt.Errorf("tensor %s: element %d is %v, expected a scale above 0 and up to %.3g", Shown(x.full[name]), r, scale, largestScale)
		}
		for i := range values[r*columns:][:columns] {
			values[r*columns+i] = float64(float32(values[r*columns+i] * scale))
		}
	}
	return nil
}
