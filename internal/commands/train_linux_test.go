package commands

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/nn"
)

// lesson is files of labelled molecules to train on and to validate with.
func lesson(t *testing.T) (training, valid string) {
	t.Helper()
	dir := t.TempDir()
	var molecules strings.Builder
	for k := range 40 {
		one := strings.Replace(water, "0.96", "0.9"+string(rune('0'+k%10)), 1)
		molecules.WriteString(strings.Replace(one, "0.93", "0.9"+string(rune('0'+k/10)), 1))
	}
	plain := writeFile(t, filepath.Join(dir, "plain.xyz"), molecules.String())
	all := filepath.Join(dir, "all.extxyz")
	_, code := command(t, "label", "-teacher", model, "-o", all, plain).run()
	require.Zero(t, code)
	text := readFile(t, all)
	half := strings.Index(text[len(text)*4/5:], "\n3\n") + len(text)*4/5 + 1
	return writeFile(t, filepath.Join(dir, "train.extxyz"), text[:half]), writeFile(t, filepath.Join(dir, "valid.extxyz"), text[half:])
}

// weights is the tensors of a student.
func weights(t *testing.T, path string) (all []byte) {
	t.Helper()
	c, err := checkpoint.Open(path)
	require.NoError(t, err)
	defer c.Close()
	_, err = nn.FromCheckpoint(c)
	require.NoError(t, err, "it is whole")
	for _, named := range c.Tensors() {
		content, err := named.Tensor.Bytes()
		require.NoError(t, err)
		all = append(all, content...)
	}
	return all
}

// A run that is killed in the middle, or ended by a signal, leaves a whole student and
// a whole state, from which it goes on to the bits of a run that was left alone.
func TestTrainIsKilled(t *testing.T) {
	training, valid := lesson(t)
	dir := t.TempDir()
	args := func(out string, more ...string) []string {
		return append(append([]string{"train", "-valid", valid, "-o", filepath.Join(dir, out)}, more...), training)
	}
	settings := []string{"-size", "16,2,8", "-visits", "6000", "-every", "8", "-threads", "1"}
	p := command(t, args("alone.pt", settings...)...)
	_, code := p.run()
	require.Zero(t, code, p.stderr.String())
	want := weights(t, filepath.Join(dir, "alone.pt"))

	for signal, code := range map[syscall.Signal]int{syscall.SIGKILL: -1, syscall.SIGTERM: 143} {
		out := "student.pt"
		p := command(t, args(out, append(settings, "-force", "-log", filepath.Join(dir, "log.csv"))...)...).start()
		state := filepath.Join(dir, out+".state")
		for range 2 { // validations
			before, _ := os.Stat(state)
			eventually(t, "a state", func() bool {
				now, err := os.Stat(state)
				return err == nil && (before == nil || now.ModTime() != before.ModTime())
			})
		}
		p.signal(signal)
		assert.Equal(t, code, p.code(), p.stderr.String())
		weights(t, filepath.Join(dir, out))
		assert.FileExists(t, state)
		if signal == syscall.SIGTERM {
			assert.Regexp(t, `stopped at visit \d+ of 6000; -resume -state .*student.pt.state goes on`, p.stderr.String())
		}
		other := filepath.Join(dir, "other.pt") // not the run's to replace
		require.NoError(t, os.WriteFile(other, []byte("another's"), 0o644))
		p = command(t, args("other.pt", "-resume", "-state", state)...)
		_, code := p.run()
		assert.Equal(t, 1, code)
		assert.Contains(t, p.stderr.String(), "-resume: "+other+" is there already: -force overwrites it")
		require.NoError(t, os.Remove(filepath.Join(dir, out))) // and is written again

		p = command(t, args(out, "-resume")...)
		stdout, code := p.run()
		require.Zero(t, code, p.stderr.String())
		assert.Contains(t, stdout, "resumed   at visit ")
		assert.Contains(t, p.stderr.String(), `the run has written "log.csv", which ends where it stopped: -log goes on with it`)
		assert.True(t, bytes.Equal(want, weights(t, filepath.Join(dir, out))), "the same bits after %v", signal)
		require.NoError(t, os.Remove(state))
		found, err := filepath.Glob(filepath.Join(dir, ".painless-*"))
		require.NoError(t, err)
		for _, path := range found { // of a process that was killed
			require.NoError(t, os.Remove(path))
		}
	}
}
