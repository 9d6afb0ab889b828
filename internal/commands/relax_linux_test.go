package commands

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A signal ends a relaxation that would take days. What was done before stands
// whole in a new file, also behind a structure that takes long; an old file stays as it was.
func TestInterruptedRelaxation(t *testing.T) {
	for s, code := range signals {
		dir := t.TempDir()
		atom, endless := "1\n\nH 0 0 0\n", structure(2)
		input := writeFile(t, filepath.Join(dir, "in.xyz"), atom+endless+strings.Repeat(atom, 3))
		old, done := writeFile(t, filepath.Join(dir, "old.xyz"), "old"), filepath.Join(dir, "new.xyz")
		for _, out := range []string{old, done, "-"} {
			p := command(t, "relax", "-model", model, "-steps", "1000000000", "-fmax", "1e-300", "-min-distance", "1e-300", "-o", out, input)
			var stdout, said io.Reader
			stdout, p.Stdout = pipe(t)
			said, p.Stderr = pipe(t)
			p.start()
			line := make([]byte, 8)
			_, err := io.ReadFull(said, line) // the table begins
			require.NoError(t, err)
			p.signal(s)
			text, err := io.ReadAll(stdout)
			require.NoError(t, err)
			rest, err := io.ReadAll(said)
			require.NoError(t, err)
			assert.Equal(t, code, p.code())
			assert.Contains(t, string(rest), "painless: ended by a signal: "+s.String())
			switch out {
			case "-":
				assert.Equal(t, 4, frames(t, string(text)))
			case done:
				assert.Equal(t, 4, frames(t, readFile(t, done)))
				assert.Contains(t, string(rest), "painless: relax: stopped; the 4 structures that were done are written")
			case old:
				assert.Equal(t, "old", readFile(t, old))
				assert.Contains(t, string(rest), "old.xyz is as it was before")
			}
			assert.LessOrEqual(t, len(in(t, dir)), 3)
		}
	}
}
