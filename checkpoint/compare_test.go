package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

// verdict is what a reader makes of a file.
type verdict bool

const (
	opens   verdict = true
	refuses verdict = false
)

// comparisons is the table of docs/checkpoints.md: what is read here, every
// tensor, and by torch.load(weights_only=True) of PyTorch 1.13.
func comparisons(t *testing.T) []struct {
	name        string
	file        []byte
	ours, torch verdict
} {
	t.Helper()
	shipped := func(name string) []byte {
		file, err := os.ReadFile("testdata/" + name + ".pt")
		require.NoError(t, err)
		return file
	}
	storage := item{"a/data/0", floats(binary.LittleEndian), zip.Store}
	binaryTensor := strings.NewReplacer("I00\n", "\x89", "I0\n", "K\x00", "I1\n", "K\x01", "I4\n", "K\x04", "Vstorage\n", "X\x07\x00\x00\x00storage", "Vcpu\n", "X\x03\x00\x00\x00cpu", "V0\n", "X\x01\x00\x00\x000", "Vw\n", "X\x01\x00\x00\x00w",
		"Nt", "ccollections\nOrderedDict\n)Rt").Replace(stateOf("w"))
	plain := func(more string, items ...item) []byte {
		return zipOf(t, append([]item{{"a/data.pkl", binaryTensor + more + ".", zip.Store}, storage, {"a/version", "3\n", zip.Store}}, items...)...)
	}
	entry := func(value string) string { return "X\x01\x00\x00\x00x" + value + "s" }
	flipped := plain("")
	flipped[bytes.Index(flipped, []byte(storage.content))] ^= 1
	return []struct {
		name        string
		file        []byte
		ours, torch verdict
	}{
		{"state dict, views of shared storages", shipped("views"), opens, opens},
		{"every type of elements", shipped("types"), opens, opens},
		{"written for 1.13 by hand", plain(""), opens, opens},
		{"a float beside the weights", plain(entry("G?\xe0\x00\x00\x00\x00\x00\x00")), opens, refuses},
		{"training state, with optimizer and scheduler", shipped("training"), opens, refuses},
		{"NumPy, pathlib, argparse, enum, dataclass, set, bytes", shipped("metadata"), opens, refuses},
		{"Lightning, parameters with attributes", shipped("lightning"), opens, refuses},
		{"pickle protocol 4", shipped("protocol4"), opens, refuses},
		{"uint16, as 2.3 and later write it", zipOf(t, item{"a/data.pkl", "}Vw\n" + typed("uint16", 16, 8) + "s.", zip.Store}, storage), opens, refuses},
		{"legacy stream", shipped("legacy"), opens, opens},
		{"tar archive", shipped("tar"), opens, opens},
		{"TorchScript archive", shipped("torchscript"), opens, opens},
		{"deflated entries", zipOf(t, item{"a/data.pkl", binaryTensor + ".", zip.Deflate}, item{"a/data/0", storage.content, zip.Deflate}, item{"a/version", "3\n", zip.Deflate}), opens, opens},
		{"os.system called beside the weights", plain(entry("cos\nsystem\nX\x02\x00\x00\x00ls\x85R")), opens, refuses},
		{"os.system called for a tensor", zipOf(t, item{"a/data.pkl", "}X\x01\x00\x00\x00wcos\nsystem\nX\x02\x00\x00\x00ls\x85Rs.", zip.Store}, item{"a/version", "3\n", zip.Store}), refuses, refuses},
		{"memo bomb of 2⁶⁰ elements", plain(entry("]" + bomb(60))), opens, refuses},
		{"strides beyond the storage", zipOf(t, item{"a/data.pkl", strings.Replace(binaryTensor, "K\x00(K\x04t", "K\x01(K\x04t", 1) + ".", zip.Store}, storage, item{"a/version", "3\n", zip.Store}), refuses, refuses},
		{"a storage shorter than it says", zipOf(t, item{"a/data.pkl", binaryTensor + ".", zip.Store}, item{"a/data/0", "short", zip.Store}, item{"a/version", "3\n", zip.Store}), refuses, opens},
		{"a wrong checksum of a storage", flipped, refuses, opens},
		{"a pickle without its end", zipOf(t, item{"a/data.pkl", binaryTensor, zip.Store}, storage, item{"a/version", "3\n", zip.Store}), refuses, refuses},
		{"bytes after the pickle's end", zipOf(t, item{"a/data.pkl", binaryTensor + ".more", zip.Store}, storage, item{"a/version", "3\n", zip.Store}), refuses, opens},
		{"bytes after the archive", append(plain(""), "more"...), refuses, opens},
		{"two entries of one name", plain("", storage), refuses, opens},
		{"an entry ../x", plain("", item{"../x", "", zip.Store}), refuses, refuses},
		{"a cut off archive", plain("")[:400], refuses, refuses},
		{"an empty file", nil, refuses, refuses},
	}
}

func TestTorchWeightsOnly(t *testing.T) {
	const script = `
import json, sys, torch
verdicts = []
for path in sys.argv[1:]:
    try:
        torch.load(path, weights_only=True)
        verdicts.append("")
    except Exception as error:
        verdicts.append(type(error).__name__ + ": " + str(error)[:200])
json.dump(verdicts, sys.stdout)
`
	cases := comparisons(t)
	args := []string{"-W", "ignore", "-c", script}
	for i, c := range cases {
		path := filepath.Join(t.TempDir(), fmt.Sprint(i, ".pt"))
		require.NoError(t, os.WriteFile(path, c.file, 0o600))
		args = append(args, path)
		ours, err := Open(path)
		for k := 0; err == nil && k < len(ours.Names()); k++ {
			tensor, _ := ours.Tensor(ours.Names()[k])
			_, err = tensor.Bytes()
		}
		assert.Equal(t, c.ours, verdict(err == nil), "%s: %v", c.name, err)
	}
	output, err := peertest.Torch(t, args...).Output()
	require.NoError(t, err)
	var torch []string
	require.NoError(t, json.Unmarshal(output, &torch))
	for i, c := range cases {
		assert.Equal(t, c.torch, verdict(torch[i] == ""), "PyTorch, %s: %s", c.name, torch[i])
	}
}
