package h5

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		stored  string
		filters []filter
		skipped uint32
		want    string
		says    string
	}{
		"lzf, overlapping":  {stored: "\x02abc\x20\x02", filters: []filter{{lzf, 1}}, want: "abcabc"},
		"lzf, long":         {stored: "\x00a\xe0\x01\x00", filters: []filter{{lzf, 1}}, want: "aaaaaaaaaaa"},
		"lzf, before start": {stored: "\x00a\x20\x05", filters: []filter{{lzf, 1}}, says: "lzf: the compressed bytes are damaged"},
		"lzf, cut":          {stored: "\x05ab", filters: []filter{{lzf, 1}}, says: "lzf"},
		"lzf, bomb":         {stored: "\x00a" + strings.Repeat("\xe0\xff\x00", 1000), filters: []filter{{lzf, 1}}, says: "lzf"},
		"shuffle":           {stored: "acebdf!", filters: []filter{{shuffle, 2}}, want: "abcdef!"},
		"shuffle, short":    {stored: "abc", filters: []filter{{shuffle, 8}}, want: "abc"},
		"not shuffled":      {stored: "abcdef", filters: []filter{{shuffle, 2}}, skipped: 1, want: "abcdef"},
		"gzip":              {stored: "x\x9cKLJ\x06\x00\x02M\x01'", filters: []filter{{gzip, 1}}, want: "abc"},
		"no gzip":           {stored: "no gzip", filters: []filter{{gzip, 1}}, says: "gzip: "},
		"gzip, cut":         {stored: "x\x9cKLJ\x06", filters: []filter{{gzip, 1}}, says: "gzip: unexpected EOF"},
		"gzip, another sum": {stored: "x\x9cKLJ\x06\x00\x02M\x01\x28", filters: []filter{{gzip, 1}}, says: "gzip: zlib: invalid checksum"},
		"between":           {stored: "x\x9cKLJ\x06\x00\x02M\x01'", filters: []filter{{shuffle, 2}, {gzip, 1}, {shuffle, 1}}, want: "abc"},
		"fletcher32":        {stored: "abcd\x00\x00\x00\x00", filters: []filter{{fletcher32, 1}}, says: "fletcher32: expected checksum 00000000, found"},
		"no checksum":       {stored: "ab", filters: []filter{{fletcher32, 1}}, says: "fletcher32: expected a checksum, found 2 bytes"},
		"size":              {stored: "ab", want: "abc", says: "expected a chunk of 3 bytes, found 2"},
	} {
		var d decoder
		for range 2 { // also in the memory of the first time
			got := make([]byte, max(len(c.want), 3))
			err := d.decode(got, []byte(c.stored), c.filters, c.skipped)
			if c.says != "" {
				assert.ErrorContains(t, err, c.says, name)
				continue
			}
			require.NoError(t, err, name)
			assert.Equal(t, c.want, string(got), name)
		}
	}
}

// FuzzDecode checks that nothing is written beyond a chunk.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x02abc\x20\x02"), byte(8), 7)
	f.Add([]byte("x\x9cKLJ\x06\x00\x02M\x01'"), byte(1), 3)
	f.Fuzz(func(t *testing.T, stored []byte, which byte, size int) {
		if size < 0 || size > 1<<20 {
			return
		}
		var filters []filter
		for i, number := range []uint16{gzip, shuffle, fletcher32, lzf} {
			if which>>i&1 != 0 {
				filters = append(filters, filter{number, 1 + int(which>>6)})
			}
		}
		var d decoder
		room := bytes.Repeat([]byte{0x55}, size+1)
		if err := d.decode(room[:size:size], stored, filters, 0); err == nil && len(filters) == 0 {
			require.Equal(t, stored, room[:size])
		}
		require.Equal(t, byte(0x55), room[size])
	})
}
