package h5

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// about is what h5py says of an object.
type about struct {
	Attributes map[string]any
	Links      string // a hash of the names
	Type       string
	Size       int
	Big        bool
	Shape      []int
	SHA256     string // of the values
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:16]
}

func open(t testing.TB, name string) *File {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err, name)
	return f
}

// readAll reads a dataset in parts of several sizes, which must agree.
func readAll(t testing.TB, d *Dataset) []byte {
	t.Helper()
	row := int(d.RowBytes())
	whole := make([]byte, d.Len()*row)
	_, err := d.Read(whole, 0, d.Len())
	require.NoError(t, err)
	for _, step := range []int{1, 3, 1 + d.Len()/2} {
		part := bytes.Repeat([]byte{0x55}, len(whole))
		for first := 0; first < d.Len(); first += step {
			last := min(first+step, d.Len())
			_, err := d.Read(part[first*row:last*row], first, last)
			require.NoError(t, err)
		}
		require.Equal(t, hash(whole), hash(part), "in parts of %d rows", step)
		if d.Len() > 2000 {
			break
		}
	}
	return whole
}

// TestReadsWhatH5pyReads compares all of testdata with what h5py read there.
func TestReadsWhatH5pyReads(t *testing.T) {
	text, err := os.ReadFile("testdata/expected.json")
	require.NoError(t, err)
	var expected map[string]map[string]about
	require.NoError(t, json.Unmarshal(text, &expected))
	paths, err := filepath.Glob("testdata/*.h5")
	require.NoError(t, err)
	assert.Len(t, paths, len(expected)+1)
	for name, objects := range expected {
		t.Run(name, func(t *testing.T) {
			f := open(t, "testdata/"+name)
			for path, want := range objects {
				o, err := f.Lookup(path)
				require.NoError(t, err, path)
				require.NotNil(t, o, path)
				checkObject(t, o, path, want)
			}
		})
	}
}

func checkObject(t *testing.T, o *Object, path string, want about) {
	t.Helper()
	attributes, err := o.Attributes()
	require.NoError(t, err, path)
	assert.Len(t, attributes, len(want.Attributes), path)
	for _, a := range attributes {
		if a.Name == "large" {
			_, err := a.Value()
			assert.ErrorContains(t, err, "expected an integer below 2^63")
			continue
		}
		value, err := a.Value()
		require.NoError(t, err, a.Name)
		text, err := json.Marshal(value)
		require.NoError(t, err)
		same, err := json.Marshal(want.Attributes[a.Name])
		require.NoError(t, err)
		assert.JSONEq(t, string(same), string(text), a.Name)
	}
	switch {
	case want.Links != "":
		require.Equal(t, Group, o.Kind(), path)
		links, err := o.Links()
		require.NoError(t, err, path)
		var names []string
		for _, l := range links {
			names = append(names, l.Name)
		}
		assert.Equal(t, want.Links, hash([]byte(strings.Join(names, "\n"))), path)
	case want.Type == "":
		assert.Equal(t, Other, o.Kind(), path)
	default:
		d, err := o.Dataset()
		require.NoError(t, err, path)
		assert.Equal(t, want.Shape == nil, d.Null(), path)
		assert.Equal(t, len(want.Shape), len(d.Dims), path)
		for i, n := range want.Shape {
			assert.Equal(t, n, d.Dims[i], path)
		}
		if want.SHA256 == "" {
			return
		}
		if d.Type.Kind != OtherType {
			assert.Equal(t, want.Type, d.Type.String(), path)
			assert.Equal(t, want.Big, d.Type.Order.String() == "BigEndian" && d.Type.Size > 1, path)
		}
		assert.Equal(t, want.Size, d.Type.Size, path)
		assert.Equal(t, want.SHA256, hash(readAll(t, d)), path)
	}
}

func TestNotRead(t *testing.T) {
	f := open(t, "testdata/not_read.h5")
	for name, says := range map[string]string{
		"scaleoffset": "found filter 6 (scaleoffset); h5repack",
		"external":    "expected values in this file, found external storage",
		"virtual":     "expected values in this file, found a virtual dataset",
		"blosc":       "found filter 32001 (blosc)",
		"lz4":         "found filter 32004 (lz4)",
		"zstd":        "found filter 32015 (zstd)",
		"unknown":     "found filter 40000 (unknown)",
	} {
		o, err := f.Lookup(name)
		require.NoError(t, err)
		_, err = o.Dataset()
		assert.ErrorContains(t, err, says, name)
	}
	for _, name := range []string{"earliest", "latest"} {
		links := open(t, "testdata/groups_"+name+".h5")
		_, err := links.Lookup("/links/soft")
		assert.EqualError(t, err, `expected an object of this file, found a soft link to "/links/hard"`)
		_, err = links.Lookup("/links/external")
		assert.EqualError(t, err, `expected an object of this file, found an external link to "other.h5"`)
		_, err = links.Lookup("/zero/x")
		assert.EqualError(t, err, "expected a group at /zero, found a dataset")
		o, err := links.Lookup("/links/none")
		assert.NoError(t, err)
		assert.Nil(t, o)
	}
	types := open(t, "testdata/types.h5")
	for name, want := range map[string]string{
		"compound": "a compound", "enum": "an enumeration", "lists": "lists of any length", "reference": "a reference",
		"opaque": "opaque bytes", "text": "text", "long text": "text",
	} {
		o, err := types.Lookup(name)
		require.NoError(t, err)
		d, err := o.Dataset()
		require.NoError(t, err)
		assert.Equal(t, want, d.Type.String(), name)
	}
}

func TestLookup3(t *testing.T) {
	// Of the author's own test: lookup3.c, driver5.
	assert.Equal(t, uint32(0xdeadbeef), lookup3(nil))
	assert.Equal(t, uint32(0x17770551), lookup3([]byte("Four score and seven years ago")))
}

func ExampleOpen() {
	b, err := os.ReadFile("testdata/superblock3.h5")
	if err != nil {
		panic(err)
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		panic(err)
	}
	o, err := f.Lookup("/group/sub/numbers")
	if err != nil {
		panic(err)
	}
	d, err := o.Dataset()
	if err != nil {
		panic(err)
	}
	row := make([]byte, d.RowBytes())
	if _, err := d.Read(row, 1, 2); err != nil {
		panic(err)
	}
	fmt.Println(d.Type, d.Dims, d.Type.Float(row))
	// Output: float64 [5 3] -99.25
}
