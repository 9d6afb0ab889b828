package nn

import (
	"fmt"
	"math"
	"slices"

	"painless/checkpoint"
)

// maxCutoff keeps a wrong unit or a hostile file from asking for all pairs.
const maxCutoff = 100

// CheckCutoff says what is wrong with a cutoff, Å.
func CheckCutoff(cutoff float64) error {
	if !(cutoff > 0) || cutoff > maxCutoff {
		return fmt.Errorf("cutoff is %v Å, expected more than 0 and at most %v", cutoff, maxCutoff)
	}
	return nil
}

// findCutoff is the cutoff that is given, or else the one that the file states,
// or else the one that the centres were made for; and in words where it is from.
// Learned centres end anywhere: they tell nothing.
func (x *candidate) findCutoff(given float64, said []statement, centers, widths []float64) (cutoff float64, from string, err error) {
	t, _ := x.tensor("rbf.centers")
	made, why := madeFor(centers, widths, t.DType())
	for _, s := range said {
		if given != 0 {
			break
		}
		if err := CheckCutoff(s.value); err != nil {
			return 0, "", fmt.Errorf("%s: %w", s.place, err)
		}
		switch {
		case !near(s.value, said[0].value, 1e-6):
			return 0, "", fmt.Errorf("%s says cutoff %v, but %s says %v: -cutoff says which it is", said[0].place, said[0].value, s.place, s.value)
		case why == "" && !near(s.value, made, 1e-4):
			return 0, "", fmt.Errorf("%s says cutoff %v, but the last of rbf.centers is %v, as if made for that: -cutoff says which it is", s.place, s.value, made)
		}
	}
	switch {
	case given != 0:
		cutoff, from = given, "given by -cutoff"
		if len(said) > 0 && said[0].value != given {
			from += fmt.Sprintf(" (%s says %v)", said[0].place, said[0].value)
		}
	case len(said) > 0:
		cutoff, from = said[0].value, "stated by "+said[0].place
	case why == "":
		cutoff, from = made, "inferred from rbf.centers"
	default:
		return 0, "", fmt.Errorf("the file does not state the cutoff, and rbf.centers do not tell it: %s; -cutoff says it, in Å (training code's default is 5)", why)
	}
	return cutoff, from, CheckCutoff(cutoff)
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*math.Abs(b) }

// madeFor is the cutoff of centres that are as training code makes them, before
// it learns them: evenly from 0 to the cutoff, which is a round number, or which
// the widths tell too, as they are the cutoff over the number of centres, or the
// distance of these. Otherwise why says in what they differ. (Learned centres
// may be even by chance, and so far nothing but these tells them apart.)
func madeFor(centers, widths []float64, dtype checkpoint.DType) (cutoff float64, why string) {
	n, last := len(centers), centers[len(centers)-1]
	unit := 1e-4 // float32 is off by less
	rounding := 0x1p-22
	switch dtype {
	case checkpoint.Float16:
		unit, rounding = 0.1, 0x1p-10
	case checkpoint.BFloat16:
		unit, rounding = 0.1, 0x1p-7
	}
	switch {
	case n < 2:
		return 0, "there is one"
	case math.Abs(centers[0]) > rounding*last || !(last > 0):
		return 0, fmt.Sprintf("they go from %.6g to %.6g, and not from 0", centers[0], last)
	}
	step := last / float64(n-1)
	for i, c := range centers {
		if math.Abs(c-step*float64(i)) > rounding*last {
			return 0, fmt.Sprintf("they are not evenly spaced, as learned ones are not: element %d is %.6g between 0 and %.6g", i, c, last)
		}
	}
	low, high := slices.Min(widths), slices.Max(widths)
	if !allNear(low, high, last/float64(n), rounding) && !allNear(low, high, step, rounding) && !near(last, math.Round(last*2)/2, rounding/2) {
		return 0, fmt.Sprintf("they end at %.6g, no round number, and rbf.widths, of %.6g to %.6g, are not those of %d centres up to there: they look learned", last, low, high, n)
	}
	cutoff = math.Round(last/unit) * unit
	switch exact := math.Abs(cutoff-last) <= rounding*last/2; {
	case exact:
		return math.Round(cutoff*1e4) / 1e4, ""
	case unit > 1e-4:
		return 0, fmt.Sprintf("they end at %.6g, which in %s stands for many numbers", last, dtype)
	}
	return last, ""
}

// allNear reports whether numbers from low to high are all about that.
func allNear(low, high, about, rounding float64) bool {
	const more = 1e-5 // a difference of two centres has more rounding than one
	return near(low, about, rounding+more) && near(high, about, rounding+more)
}
