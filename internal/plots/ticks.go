package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// logTicks labels the decades of a logarithmic axis, every second, third, …
// where they are many, and 1, 2 and 5 of each where they are few.
type logTicks struct{}

const maxDecades = 7 // that are labelled

// Ticks is plot.Ticker's.
func (logTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	first, last := int(math.Floor(math.Log10(lo))), int(math.Ceil(math.Log10(hi)))
	decades := math.Log10(hi / lo)
	step := max(1, int(math.Ceil(decades/maxDecades)))
	for decade := first; decade <= last; decade++ {
		for digit := 1; digit < 10; digit++ {
			value, _ := strconv.ParseFloat(strconv.Itoa(digit)+"e"+strconv.Itoa(decade), 64)
			if value < lo*(1-1e-9) || value > hi*(1+1e-9) {
				continue
			}
			tick := plot.Tick{Value: value}
			if few := decades < 2 && (digit == 2 || digit == 5); few || digit == 1 && decade%step == 0 {
				tick.Label = logLabel(value, decade)
			}
			if digit == 1 || step == 1 {
				ticks = append(ticks, tick)
			}
		}
	}
	return ticks
}

// logLabel writes a number as people do: 0.05, 200, and 1e-6 for what is long.
func logLabel(value float64, decade int) string {
	if decade < -3 || decade > 4 {
		return strconv.FormatFloat(value/math.Pow10(decade), 'f', 0, 64) + "e" + strconv.Itoa(decade)
	}
	return strconv.FormatFloat(value, 'f', max(0, -decade), 64)
}
