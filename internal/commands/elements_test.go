package commands

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/nn"
)

// A student that says what it was trained on is refused other elements in every
// verb that computes, unless -any-element is there, and then it is said.
func TestElementsInEveryVerb(t *testing.T) {
	nothing := func(string, []float64) {}
	carbon := written(t, checkpoint.New(map[string]any{"elements": []any{6}}, student(t, "", nothing)...))
	anything := written(t, checkpoint.New(nil, student(t, "", nothing)...))
	out := filepath.Join(t.TempDir(), "out.xyz")
	for _, verb := range [][]string{
		{"predict", "-model", "MODEL", "-"}, {"validate", "-model", "MODEL", "-"}, {"md", "-model", "MODEL", "-steps", "1", "-temperature", "300", "-"},
		{"label", "-teacher", "MODEL", "-o", out, "-"}, {"bench", "-model", "MODEL", "-rounds", "1", "-calls", "1", "-warmup", "1", "-structures", "-"},
	} {
		run := func(model string, more ...string) (says string, err error) {
			args := append([]string{verb[0]}, more...)
			for _, a := range verb[1:] {
				args = append(args, strings.ReplaceAll(a, "MODEL", model))
			}
			if verb[0] == "bench" {
				file := filepath.Join(t.TempDir(), "water.xyz")
				require.NoError(t, os.WriteFile(file, []byte(water), 0o600))
				args[len(args)-1] = file
			}
			var stderr bytes.Buffer
			err = All.Execute(t.Context(), cli.Std{In: strings.NewReader(water), Out: &bytes.Buffer{}, Err: &stderr}, args)
			if err != nil {
				stderr.WriteString(err.Error())
			}
			return stderr.String(), err
		}
		says, err := run(carbon)
		assert.NotZero(t, cli.Code(err), verb[0])
		assert.Contains(t, says, "atom 0 is O, and the student was trained on C alone: -any-element computes it all the same", verb[0])
		says, err = run(carbon, "-any-element")
		assert.NoError(t, err, verb[0])
		assert.Contains(t, says, "was trained on C alone: what it says of other elements is of no use but to look at", verb[0])
		says, err = run(anything)
		assert.NoError(t, err, verb[0])
		assert.NotContains(t, says, "trained", verb[0])
	}
	stdout, _ := execute(t, "inspect", "-json", carbon)
	assert.Contains(t, stdout, `"value": "a list of 1: 6"`)
	assert.Contains(t, stdout, "the network knows elements C only", "the health card is of what it knows")
	converted := filepath.Join(t.TempDir(), "again.safetensors")
	execute(t, "convert", carbon, converted)
	c, err := checkpoint.Open(converted)
	require.NoError(t, err)
	defer c.Close()
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	assert.Equal(t, []int{6}, n.Elements)
}
