//go:build !linux

package ipi

import "net"

// quickAcknowledgements is for systems that can be asked for them.
func quickAcknowledgements(net.Conn) func() { return nil }
