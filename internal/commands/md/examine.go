package md

import (
	"context"
	"errors"
	"fmt"
	"io"

	"painless"
	"painless/atoms"
	"painless/internal/commands/health"
	"painless/md"
	"painless/nn"
)

// examine says on stderr what the model's health card says of a simulation of
// these elements, and returns what it found of pairs. What cannot be measured is
// said too, and stops nothing.
func (s *settings) examine(ctx context.Context, model *painless.Model, numbers []int, stderr io.Writer) (pair func(a, b int) (md.PairFaults, bool), err error) {
	var potential nn.Potential = model
	if s.model.Device != "cpu" { // the same on the CPU: an emulator is slow
		p, e := nn.NewPotential(model.Network, nn.Options{})
		if e != nil {
			return nil, e
		}
		defer func() { err = errors.Join(err, p.Close()) }()
		potential = p
	}
	card, err := health.Motion(ctx, potential, model.Network, numbers)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		fmt.Fprintf(stderr, "painless: md: no health card: %v\n", err)
		return nil, nil
	}
	for _, v := range card.Verdicts {
		fmt.Fprintf(stderr, "painless: md: %s, %s: %s\n", v.Topic, v.Grade, v.Text)
	}
	found := map[[2]string]md.PairFaults{}
	for _, p := range card.Pairs {
		known := md.PairFaults{Jump: p.Jump, Wall: p.Wall}
		found[p.Elements], found[[2]string{p.Elements[1], p.Elements[0]}] = known, known
	}
	return func(a, b int) (md.PairFaults, bool) {
		known, ok := found[[2]string{atoms.Symbol(a), atoms.Symbol(b)}]
		return known, ok
	}, nil
}
