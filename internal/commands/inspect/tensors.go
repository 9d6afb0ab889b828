package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"painless/checkpoint"
	"painless/internal/vec"
)

// tensor is a row of the table.
type tensor struct {
	Name       string      `json:"name"`
	DType      string      `json:"dtype"`
	Shape      []int       `json:"shape"`
	Statistics *statistics `json:"statistics,omitempty"`
	Error      string      `json:"error,omitempty"` // why there are no statistics

	elements int
}

// statistics is of the finite elements, but for the counts.
type statistics struct {
	Min      number `json:"min"`
	Max      number `json:"max"`
	Mean     number `json:"mean"`
	Std      number `json:"std"` // of the population
	NaN      int    `json:"nan"`
	Infinite int    `json:"infinite"`
	Zero     int    `json:"zero"`
}

// number is null in JSON where it is none.
type number float64

func (x number) MarshalJSON() ([]byte, error) {
	if vec.Finite(float64(x)) {
		return json.Marshal(float64(x))
	}
	return []byte("null"), nil
}

// tensors is a row for each, in the file's order.
func tensors(ctx context.Context, named []checkpoint.Named) ([]tensor, error) {
	rows := []tensor{}
	for _, n := range named {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t := n.Tensor
		row := tensor{Name: n.Name, DType: t.DType().String(), Shape: t.Shape, elements: t.Len()}
		if s, err := statisticsOf(t); err != nil {
			row.Error = err.Error()
		} else {
			row.Statistics = s
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func statisticsOf(t *checkpoint.Tensor) (*statistics, error) {
	if n, stored := t.Len(), t.Storage.Len(); n > stored { // a small file must not ask for much memory
		return nil, fmt.Errorf("%d elements repeat a storage of %d", n, stored)
	}
	values, err := t.Float64s()
	if err != nil {
		return nil, err
	}
	s := &statistics{}
	finite := values[:0]
	for _, x := range values {
		switch {
		case math.IsNaN(x):
			s.NaN++
			continue
		case math.IsInf(x, 0):
			s.Infinite++
			continue
		case x == 0:
			s.Zero++
		}
		finite = append(finite, x)
	}
	if len(finite) == 0 {
		none := number(math.NaN())
		s.Min, s.Max, s.Mean, s.Std = none, none, none, none
		return s, nil
	}
	mean, std := stat.PopMeanStdDev(finite, nil)
	s.Min, s.Max, s.Mean, s.Std = number(floats.Min(finite)), number(floats.Max(finite)), number(mean), number(std)
	return s, nil
}
