package gpu

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrototypes(t *testing.T) {
	got, err := Prototypes(strings.Join([]string{
		".visible .entry none\n{ ret; }",
		".entry empty()\n{ ret; }",
		"// .globl two\n.visible .entry two(\n\t.param .u64 two_param_0,\n\t.param .f32 two_param_1\n)\n.maxntid 256, 1, 1\n{\n\tld.param.u64 %rd1, [two_param_0];\n}",
		".visible .entry last$1(.param .f64 x) { }",
	}, "\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string][]Kind{"none": {}, "empty": {}, "two": {addressKind, floatKind}, "last$1": {doubleKind}}, got)
	_, err = Prototypes(".visible .entry cut(")
	assert.ErrorContains(t, err, "no body")
}

// Arguments are held to the parameters of the PTX at every launch.
func TestEntryCheck(t *testing.T) {
	e := &entry{name: "k", parameters: []Kind{addressKind, intKind, floatKind, doubleKind}}
	address := Array[float32]{}.arg()
	assert.NoError(t, e.check([]argument{address, integer(1), single(1), double(1)}))
	assert.EqualError(t, e.check([]argument{address, integer(1), single(1)}), "kernel k: 3 arguments for 4 parameters")
	assert.EqualError(t, e.check([]argument{address, single(1), integer(1), double(1)}), "kernel k: argument 1 is .f32, its parameter .u32")
	assert.EqualError(t, e.check([]argument{integer(1), integer(1), single(1), double(1)}), "kernel k: argument 0 is .u32, its parameter .u64")
}

// Every kernel of the PTX has an entry, and every entry is in the PTX, also
// where blocks have little shared memory, and where tensor cores multiply.
func TestEveryKernelHasAnEntry(t *testing.T) {
	for _, p := range []Properties{{SharedPerBlock: 48 << 10, Capability: 75}, {SharedPerBlock: 227 << 10, Capability: 90}, {SharedPerBlock: 48 << 10, Capability: 90}} {
		k := &Kernels{size: size{128, 128, 20, multiplies(p, 128)}, props: p}
		assert.Equal(t, p.Capability == 90 && p.SharedPerBlock > 48<<10, k.size.tensor)
		for _, s := range append(k.stems(), k.exchanges.stem()) {
			ptx, err := unpack(s.name)
			require.NoError(t, err)
			prototypes, err := Prototypes(ptx)
			require.NoError(t, err)
			var names []string
			for name := range prototypes {
				names = append(names, name)
			}
			var entries []string
			for _, e := range s.entries {
				entries = append(entries, e.name)
			}
			assert.ElementsMatch(t, names, entries, s.name)
		}
	}
}
