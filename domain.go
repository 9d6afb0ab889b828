package painless

import "painless/nn"

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

// NewDomain puts a network on opts.Device for a part of a system, in float32. Of the
// options, Key and Cutoff are not looked at. All ranks have the same kind of device.
func NewDomain(network *Network, opts Options) (*Domain, error) {
	device, err := openDevice(opts.Device)
	if err != nil {
		return nil, err
	}
	if device == nil {
		return nn.NewDomain(network, opts.network())
	}
	return nn.NewGPUDomain(network, device, opts.network())
}
