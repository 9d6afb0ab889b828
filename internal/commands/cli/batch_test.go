package cli

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pass is as many structures as are asked for, or what keeps the device busy.
func TestPass(t *testing.T) {
	for _, c := range []struct {
		args              []string
		device            string
		structures, atoms int
		full              bool
	}{
		{nil, "cpu", 31, 1e6, false},
		{nil, "cpu", 32, 0, true},
		{nil, "emulator", 32, 0, true},
		{nil, "cuda", 1000, 16383, false},
		{nil, "cuda:1", 1, 16384, true},
		{nil, "cuda", 16384, 0, true},
		{[]string{"-batch", "7"}, "cuda", 6, 1e6, false},
		{[]string{"-batch", "7"}, "cuda", 7, 7, true},
		{[]string{"-batch", "7"}, "cpu", 7, 7, true},
	} {
		flags, p := flag.NewFlagSet("", flag.ContinueOnError), &Pass{}
		flags.SetOutput(io.Discard)
		p.Register(flags)
		require.NoError(t, flags.Parse(c.args))
		require.NoError(t, p.Check())
		assert.Equal(t, c.full, p.Full(c.device, c.structures, c.atoms), c)
	}
	flags, p := flag.NewFlagSet("", flag.ContinueOnError), &Pass{}
	p.Register(flags)
	require.NoError(t, flags.Parse([]string{"-batch", "-1"}))
	assert.EqualError(t, p.Check(), "-batch -1: expected 0 or more")
}
