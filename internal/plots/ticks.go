package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// logTicks labels the decades of a logarithmic axis, every second, third, …
// where they are many, 1, 2 and 5 of each where they are few, and all digits of less than
// two thirds of one.
type logTicks struct{}

const maxDecades = 7 // that are labelled

// Ticks is plot.Ticker's, from 10^lo to 10^hi.
func (logTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	const rounding = 1e-9
	decades := hi - lo
	step := max(1, int(math.Ceil(decades/maxDecades)))
	for decade := int(math.Floor(lo)); float64(decade) <= hi; decade++ {
		for digit := 1; digit < 10; digit++ {
			at := float64(decade) + math.Log10(float64(digit))
			if at < lo-rounding || at > hi+rounding || digit > 1 && step > 1 {
				continue
			}
			tick := plot.Tick{Value: at}
			if few := decades < 2 && (digit == 2 || digit == 5 || decades < 0.67); few || digit == 1 && decade%step == 0 {
				tick.Label = logLabel(digit, decade)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// logLabel writes a number as people do: 0.05, 200, and 1e-6 for what is long.
func logLabel(digit, decade int) string {
	if decade < -3 || decade > 4 {
		return strconv.Itoa(digit) + "e" + strconv.Itoa(decade)
	}
	return strconv.FormatFloat(float64(digit)*math.Pow10(decade), 'f', max(0, -decade), 64)
}

// linearTicks is four to ten round numbers, with a mark halfway between two where
// these are few.
type linearTicks struct{}

// Ticks is plot.Ticker's.
func (linearTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	const least, rounding = 4, 1e-9 // of labels; of a step
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return nil
	}
	decade := int(math.Floor(math.Log10((hi - lo) / least)))
	step := math.Pow10(decade)
	for _, times := range []float64{5, 2} {
		if (hi-lo)/(times*step) >= least {
			step *= times
			break
		}
	}
	largest := max(math.Abs(lo), math.Abs(hi))
	digits := max(1, int(math.Floor(math.Log10(largest)))-decade+1)
	for i := math.Ceil(lo/step - rounding); i*step <= hi+rounding*step; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: linearLabel(i*step, largest, decade, digits)})
		if half := (i + 0.5) * step; (hi-lo)/step < 8 && half < hi {
			ticks = append(ticks, plot.Tick{Value: half})
		}
	}
	return ticks
}

// linearLabel writes a multiple of a step of a decade on an axis up to largest.
func linearLabel(x, largest float64, decade, digits int) string {
	if x == 0 {
		return "0"
	}
	if decade < -4 || largest >= 1e6 {
		return strconv.FormatFloat(x, 'g', digits, 64)
	}
	return strconv.FormatFloat(x, 'f', max(0, -decade), 64)
}
