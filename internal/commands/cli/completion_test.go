package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is the completion of a shell, in a file.
func script(t *testing.T, shell string) (path string) {
	t.Helper()
	text, err := execute("completion", shell)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), shell)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// run is what a shell prints; without the shell the test is skipped. make
// interop installs them.
func run(t *testing.T, shell string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil && os.Getenv("PAINLESS_REQUIRE_INTEROP") == "" {
		t.Skipf("no %s; make interop installs it", shell)
	}
	out, err := exec.Command(shell, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestBashCompletion(t *testing.T) {
	path := script(t, "bash")
	for line, want := range map[string]string{
		"painless e":             "echo",
		"painless help ":         "echo completion version help",
		"painless completion z":  "zsh",
		"painless echo -l":       "-loud",
		"painless echo -loud -n": "-n",
		"painless echo a":        "",
	} {
		words := strings.Split(line, " ")
		list := "'" + strings.Join(words, "' '") + "'"
		got := run(t, "bash", "-c", "source "+path+"; COMP_WORDS=("+list+"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _painless; printf '%s\n' \"${COMPREPLY[*]}\"")
		assert.Equal(t, want+"\n", got, line)
	}
}

func TestFishCompletionInterop(t *testing.T) {
	path := script(t, "fish")
	for line, want := range map[string]string{
		"painless e":            "echo\n",
		"painless completion z": "zsh\n",
		"painless echo -l":      "-loud\tsay it loudly\n",
	} {
		assert.Equal(t, want, run(t, "fish", "--no-config", "-c", "source "+path+"; complete -C '"+line+"'"), line)
	}
}

// zsh completes only while a line is edited: here compadd and _arguments say what they were given.
func TestZshCompletionInterop(t *testing.T) {
	path := script(t, "zsh")
	const spies = `compdef() { }; compadd() { print -- $@ }; _arguments() { print -l -- $@ }; source `
	assert.Equal(t, "echo completion version help\n", run(t, "zsh", "-f", "-c", spies+path+"; words=(painless ''); CURRENT=2; _painless"))
	assert.Equal(t, "bash zsh fish\n", run(t, "zsh", "-f", "-c", spies+path+"; words=(painless completion ''); CURRENT=3; _painless"))
	assert.Equal(t, "-loud[say it loudly]\n-n[times]:value:_files\n*:input:_files\n",
		run(t, "zsh", "-f", "-c", spies+path+"; words=(painless echo ''); CURRENT=3; _painless"))
}

func TestCompletionErrors(t *testing.T) {
	_, err := execute("completion", "tcsh")
	assert.EqualError(t, err, `completion: expected one shell, bash, zsh or fish, found "tcsh"`)
	_, err = execute("completion")
	assert.EqualError(t, err, `completion: expected one shell, bash, zsh or fish, found ""`)
}
