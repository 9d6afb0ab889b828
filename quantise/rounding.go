package quantise

import (
	"fmt"
	"math"

	"painless/checkpoint"
	"painless/nn"
)

// matrix is a tensor [rows, columns] of a network that is rounded.
type matrix struct {
	name          string
	at            int // of its first element among a model's weights
	rows, columns int
	scales        []float32 // of each row in int8
}

// most is the largest int8 that is used: −128 has no counterpart.
const most = 127

// row is row r of the matrix among a model's weights.
func (m *matrix) row(weights []float32, r int) []float32 {
	return weights[m.at+r*m.columns:][:m.columns]
}

// findScales takes the scales by which the largest weight of each row is ±127. A row
// of zeros has 1, so that the ±1 of a channel that carries the elements' energies,
// which are put into such rows, are exact.
func (m *matrix) findScales(weights []float32) {
	m.scales = make([]float32, m.rows)
	for r := range m.scales {
		largest := float32(0)
		for _, x := range m.row(weights, r) {
			largest = max(largest, x, -x)
		}
		if m.scales[r] = max(largest/most, math.SmallestNonzeroFloat32); largest == 0 {
			m.scales[r] = 1
		}
	}
}

// integer is x in units of a scale.
func integer(x, scale float32) int8 {
	return int8(max(-most, min(most, math.RoundToEven(float64(x)/float64(scale)))))
}

// round writes the matrix among weights, rounded to a type, to that among rounded.
func (m *matrix) round(rounded, weights []float32, to checkpoint.DType) {
	for r := range m.rows {
		out := m.row(rounded, r)
		for i, x := range m.row(weights, r) {
			if to == checkpoint.Int8 {
				out[i] = float32(integer(x, m.scales[r])) * m.scales[r]
			} else {
				out[i] = float32(to.Round(float64(x)))
			}
		}
	}
}

// tensors is the matrix among weights, rounded, as a file has it: in int8 its
// integers and their scales, [rows].
func (m *matrix) tensors(weights []float64, to checkpoint.DType) ([]checkpoint.Named, error) {
	shape := []int{m.rows, m.columns}
	if to != checkpoint.Int8 {
		t, err := checkpoint.FromFloat64s(shape, weights).Convert(to)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", m.name, err)
		}
		return []checkpoint.Named{{Name: m.name, Tensor: t}}, nil
	}
	q, scales := make([]int8, len(weights)), make([]float64, m.rows)
	for i, x := range weights {
		q[i] = integer(float32(x), m.scales[i/m.columns])
	}
	for r, s := range m.scales {
		scales[r] = float64(s)
	}
	t, err := checkpoint.FromFloat64s([]int{m.rows}, scales).Convert(checkpoint.Float32)
	if err != nil {
		return nil, fmt.Errorf("scales of %s: %w", m.name, err)
	}
	return []checkpoint.Named{{Name: m.name, Tensor: checkpoint.FromInt8s(shape, q)}, {Name: m.name + nn.ScaleEnding, Tensor: t}}, nil
}
