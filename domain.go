package painless

import (
	"fmt"

	"painless/nn"
)

// The types of systems that are spread over ranks, as under MPI.
type (
	// Domain is a rank's part of a system.
	Domain = nn.Domain
	// DomainResult is what a Domain found for its own atoms.
	DomainResult = nn.DomainResult
	// Exchange is what a Domain waits for.
	Exchange = nn.Exchange
)

// The values of Exchange.
const (
	Done      = nn.Done
	States    = nn.States
	Gradients = nn.Gradients
)

// NewDomain puts a network on the CPU for a part of a system, in float32. Of the
// options, Key and Cutoff are not looked at.
func NewDomain(network *Network, opts Options) (*Domain, error) {
	open, err := parseDevice(opts.Device)
	if err != nil {
		return nil, err
	}
	if open != nil {
		return nil, fmt.Errorf("device %s: a system is spread over ranks on the CPU alone", opts.Device)
	}
	return nn.NewDomain(network, opts.network())
}
