package datasets

import (
	"errors"

	"painless/data"
	"painless/train"
)

// Curvature returns what a frame says of the Hessian along a direction, or nil where it
// says nothing. One column without the other is an error.
func Curvature(f *data.Frame) (*train.Curvature, error) {
	if f.Column(data.HessianDirectionKey) == nil && f.Column(data.HessianProductKey) == nil {
		return nil, nil
	}
	direction, err := f.Vectors(data.HessianDirectionKey)
	product, other := f.Vectors(data.HessianProductKey)
	if err := errors.Join(err, other); err != nil {
		return nil, OneLine{err}
	}
	c := &train.Curvature{Direction: direction, Product: product}
	if err := c.Check(len(f.Numbers)); err != nil {
		return nil, err
	}
	return c, nil
}
