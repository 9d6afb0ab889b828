package ipi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/peertest"
	"painless/internal/systems"
)

const (
	testdata = "../../../testdata/"
	model    = testdata + "ultra_tiny.pt"
)

func execute(args ...string) (stderr string, err error) {
	var out, complaints bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(""), Out: &out, Err: &complaints}, args)
	return complaints.String() + out.String(), err
}

// write writes structures as a file of frames.
func write(t *testing.T, structures ...atoms.Structure) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "frames.extxyz")
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	w := data.NewWriter(file)
	for _, s := range structures {
		require.NoError(t, w.Write(&data.Frame{Structure: s}))
	}
	require.NoError(t, w.Flush())
	return path
}

// ASE moves atoms and gets the energies, forces and stresses that predict has
// for them, but for the constants of nature, of which ASE 3.22 has those of 2014:
// they differ by 8e-9 in Hartree. Its structures are whole and in parts periodic.
func TestASE(t *testing.T) {
	python := peertest.ASE(t)
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	unix := fmt.Sprintf("painless-test-%d", os.Getpid())
	for _, test := range []struct {
		name        string
		server, own []string
		pbc         [3]bool
	}{
		{"triclinic", []string{"unix", unix}, []string{"-unix", unix}, [3]bool{true, true, true}},
		{"slab", []string{"unix", unix}, []string{"-unix", unix}, [3]bool{true, true, false}},
		{"molecule", []string{"tcp", port}, []string{"-tcp", ":" + port}, [3]bool{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			first := systems.Random(rng, 12, 6, 0.3, test.pbc, false)
			if test.pbc == [3]bool{} {
				first.Cell = [3][3]float64{}
			}
			structures := []atoms.Structure{first}
			var lines bytes.Buffer
			for step := range 3 {
				s := structures[step]
				require.NoError(t, json.NewEncoder(&lines).Encode(map[string]any{"numbers": s.Numbers, "positions": s.Positions, "cell": s.Cell, "pbc": s.PBC}))
				s.Positions = append([][3]float64{}, s.Positions...)
				systems.Shake(s.Positions, step)
				s.Cell[1][0], s.Cell[2][1] = s.Cell[1][0]*1.01, s.Cell[2][1]-0.05
				structures = append(structures, s)
			}
			structures = structures[:3]

			server := exec.Command(python, append([]string{"testdata/server.py"}, test.server...)...)
			server.Stdin = &lines
			var out, complaints bytes.Buffer
			server.Stdout, server.Stderr = &out, &complaints
			require.NoError(t, server.Start())
			stderr, err := execute(append(test.own, "-model", model, "-precision", "float64", "-structure", write(t, first), "-wait", "1m", "-timeout", "1m")...)
			require.NoError(t, server.Wait(), complaints.String())
			require.NoError(t, err)
			assert.Contains(t, stderr, "3 calls, ")

			m, err := painless.Open(model, painless.Options{Precision: painless.Float64})
			require.NoError(t, err)
			defer m.Close()
			var want painless.Result
			batch := painless.NewBatch(structures...)
			require.NoError(t, m.Compute(t.Context(), batch, &want))
			theirs := json.NewDecoder(&out)
			for k := range structures {
				var got struct {
					Energy float64
					Forces [][3]float64
					Stress *[6]float64
				}
				require.NoError(t, theirs.Decode(&got))
				assert.InEpsilon(t, want.Energy[k], got.Energy, 2e-8)
				for i, f := range want.Forces[batch.Start[k]:batch.Start[k+1]] {
					assert.InDeltaSlice(t, f[:], got.Forces[i][:], 2e-8*scale(want.Forces), "atom %d", i)
				}
				if _, ok := batch.Volume(k); ok {
					require.NotNil(t, got.Stress)
					assert.InDeltaSlice(t, want.Stress[k][:], got.Stress[:], 2e-8*scale(want.Stress))
				} else {
					assert.Nil(t, got.Stress)
				}
			}
			assert.Equal(t, io.EOF, theirs.Decode(&struct{}{}))
		})
	}
}

// scale is the largest of all numbers.
func scale[V [3]float64 | [6]float64](list []V) (largest float64) {
	for _, v := range list {
		switch v := any(v).(type) {
		case [3]float64:
			largest = max(largest, abs(v[:]))
		case [6]float64:
			largest = max(largest, abs(v[:]))
		}
	}
	return largest
}

func abs(list []float64) (largest float64) {
	for _, x := range list {
		largest = max(largest, math.Abs(x))
	}
	return largest
}

// What cannot be is refused before a server is looked for.
func TestErrors(t *testing.T) {
	input := write(t, atoms.Structure{Numbers: []int{1}, Positions: make([][3]float64, 1)})
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-unix", "x"}, "-structure is missing"},
		{[]string{"-unix", "x", "-structure", input, input}, "expected no input but -structure, found"},
		{[]string{"-structure", input}, "expected one of -unix NAME and -tcp HOST:PORT"},
		{[]string{"-structure", input, "-unix", "x", "-tcp", "y"}, "expected one of -unix NAME and -tcp HOST:PORT"},
		{[]string{"-structure", input, "-tcp", "a:b:c"}, `-tcp "a:b:c": expected HOST:PORT`},
		{[]string{"-structure", input, "-unix", "x", "-timeout", "-1s"}, "-timeout -1s, -wait 10s, -reconnect 0s: expected 0 or more"},
		{[]string{"-structure", input, "-unix", "x", "-frame", "-1"}, "-frame -1: expected 0 or more"},
		{[]string{"-structure", input, "-unix", "x", "-frame", "1"}, "-frame 1: " + input + " has 1 frame, counted from 0"},
		{[]string{"-structure", input + ".none", "-unix", "x"}, "no such file"},
		{[]string{"-structure", input, "-unix", filepath.Join(t.TempDir(), "none"), "-wait", "0"}, "none: connect: no such file or directory: expected a server that listens there"},
	} {
		_, err := execute(append([]string{"-model", model}, test.args...)...)
		assert.Equal(t, 1, cli.Code(err))
		assert.ErrorContains(t, err, test.want)
	}
}

// The frame that is asked for has the elements; frames after it are not looked at.
func TestFrame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.xyz")
	require.NoError(t, os.WriteFile(path, []byte("1\n\nH 0 0 0\n2\n\nH 0 0 0\nO 1 0 0\nrubbish"), 0o600))
	stderr, err := execute("-model", model, "-structure", path, "-frame", "1", "-unix", filepath.Join(t.TempDir(), "none"), "-wait", "0")
	assert.Error(t, err)
	assert.Contains(t, stderr, "2 atoms of "+path+", not periodic, whatever cell the server has")
}
