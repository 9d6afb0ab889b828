package h5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// join is the bytes of numbers, little-endian, and of texts, one after another.
func join(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case int: // an address or a length
			b = binary.LittleEndian.AppendUint64(b, uint64(p))
		default:
			var err error
			if b, err = binary.Append(b, binary.LittleEndian, p); err != nil {
				panic(err)
			}
		}
	}
	return b
}

func summed(parts ...any) []byte {
	b := join(parts...)
	return binary.LittleEndian.AppendUint32(b, lookup3(b))
}

// objectHeader is a header of version 2.
func objectHeader(messages ...[]byte) []byte {
	all := bytes.Join(messages, nil)
	return summed("OHDR", byte(2), byte(2), uint32(len(all)), all)
}

func messageOf(kind byte, parts ...any) []byte {
	data := join(parts...)
	return join(kind, uint16(len(data)), byte(0), data)
}

// A file of one dataset, /x, has its superblock and its root here, the dataset's
// header behind these, and what that needs at more.
const (
	rootAt = 48
	xAt    = 128
	moreAt = 1024
)

func fileOf(header, more []byte) []byte {
	link := messageOf(linkMessage, byte(1), byte(0), byte(1), "x", xAt)
	root := objectHeader(messageOf(linkInfoMessage, byte(0), byte(0), -1, -1), link)
	b := make([]byte, moreAt)
	copy(b[rootAt:], root)
	copy(b[xAt:], header)
	b = append(b, more...)
	copy(b, summed(signature, byte(3), byte(8), byte(8), byte(0), 0, -1, len(b), rootAt))
	return b
}

func spaceOf(dims ...int) []byte {
	return messageOf(dataspaceMessage, byte(2), byte(len(dims)), byte(0), byte(1), join(anys(dims)...))
}

func anys(dims []int) (list []any) {
	for _, n := range dims {
		list = append(list, n)
	}
	return list
}

// ints is the type of integers of some bytes.
func ints(size int) []byte {
	return messageOf(datatypeMessage, byte(0x10), byte(8), byte(0), byte(0), uint32(size), uint16(0), uint16(8*size))
}

// readX reads all of /x.
func readX(b []byte) ([]byte, error) {
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	o, err := f.Lookup("/x")
	if err != nil {
		return nil, err
	}
	if _, err := o.Attributes(); err != nil {
		return nil, err
	}
	d, err := o.Dataset()
	if err != nil {
		return nil, err
	}
	n := min(d.Len(), 1<<16)
	to := make([]byte, int64(n)*min(d.RowBytes(), 1<<10))
	_, err = d.Read(to, 0, n)
	return to, err
}

// node1 is a node of a version 1 B-tree of chunks of one dimension, with entries
// of a chunk's first value, its bytes and its address.
func node1(level byte, entries ...[3]int) []byte {
	b := join("TREE", byte(1), level, uint16(len(entries)), -1, -1)
	for _, e := range entries {
		b = append(b, join(uint32(e[1]), uint32(0), e[0], 0, e[2])...)
	}
	return b
}

// Old versions of layouts, and B-trees of several levels.
func TestOldLayouts(t *testing.T) {
	for name, c := range map[string]struct{ layout, more []byte }{
		"contiguous 1": {messageOf(layoutMessage, byte(1), byte(1), byte(1), byte(0), uint32(0), moreAt, uint32(4)), []byte("abcd")},
		"contiguous 2": {messageOf(layoutMessage, byte(2), byte(1), byte(1), byte(0), uint32(0), moreAt, uint32(4)), []byte("abcd")},
		"compact 2":    {messageOf(layoutMessage, byte(2), byte(1), byte(0), byte(0), uint32(0), uint32(4), uint32(4), "abcd"), nil},
		"chunked 1": {messageOf(layoutMessage, byte(1), byte(2), byte(2), byte(0), uint32(0), moreAt+4, uint32(2), uint32(1)),
			append([]byte("cdab"), node1(0, [3]int{0, 2, moreAt + 2}, [3]int{2, 2, moreAt})...)},
		"two levels": {messageOf(layoutMessage, byte(3), byte(2), byte(2), moreAt+4, uint32(2), uint32(1)),
			bytes.Join([][]byte{[]byte("cdab"), node1(1, [3]int{0, 0, moreAt + 128}, [3]int{2, 0, moreAt + 256}), make([]byte, 128-4-24-2*32),
				node1(0, [3]int{0, 2, moreAt + 2}), make([]byte, 128-24-32), node1(0, [3]int{2, 2, moreAt})}, nil)},
	} {
		got, err := readX(fileOf(objectHeader(spaceOf(4), ints(1), c.layout), c.more))
		require.NoError(t, err, name)
		assert.Equal(t, "abcd", string(got), name)
	}
}

// deflated is n zeros behind gzip.
func deflated(n int) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(make([]byte, n))
	if err != nil || z.Close() != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestCrafted tries what means harm; every one is an error, at once.
func TestCrafted(t *testing.T) {
	chunks := func(size int, address int) []byte {
		return messageOf(layoutMessage, byte(3), byte(2), byte(2), address, uint32(size), uint32(1))
	}
	indexed := func(kind byte, parameters ...any) []byte { // of chunks of one byte
		return messageOf(layoutMessage, byte(4), byte(2), byte(0), byte(2), byte(1), byte(1), byte(1), kind, join(parameters...), moreAt)
	}
	limitless := messageOf(dataspaceMessage, byte(2), byte(1), byte(1), byte(1), 4, -1)
	gzipped := messageOf(filtersMessage, byte(2), byte(1), uint16(gzip), uint16(0), uint16(1), uint32(4))
	bomb := deflated(64 << 20)
	contiguous := messageOf(layoutMessage, byte(3), byte(1), moreAt, 4)
	float := func(size int, parts ...any) []byte {
		return messageOf(datatypeMessage, byte(0x11), byte(0x20), byte(15), byte(0), uint32(size), join(parts...))
	}
	for name, c := range map[string]struct {
		header, more []byte
		says         string
	}{
		"more values than there are numbers": {objectHeader(spaceOf(1<<40, 1<<40), ints(1), contiguous), nil, "dataspace: expected fewer values"},
		"more bytes than there are numbers":  {objectHeader(spaceOf(1<<61), ints(8), contiguous), nil, "expected a smaller array"},
		"many dimensions":                    {objectHeader(messageOf(dataspaceMessage, byte(2), byte(33), byte(0), byte(1), make([]byte, 264)), ints(1), contiguous), nil, "expected at most 32 dimensions"},
		"beyond the end":                     {objectHeader(spaceOf(4), ints(1), contiguous), []byte("abc"), "expected 4 bytes at address 1024 of 1027"},
		"less than the values":               {objectHeader(spaceOf(5), ints(1), contiguous), []byte("abcdef"), "expected 5 bytes, found 4"},
		"an address that wraps":              {objectHeader(spaceOf(4), ints(1), messageOf(layoutMessage, byte(3), byte(1), -2, 4)), nil, "expected 4 bytes at address"},
		"compact and cut":                    {objectHeader(spaceOf(5), ints(1), messageOf(layoutMessage, byte(3), byte(0), uint16(4), "abcd")), nil, "expected 5 bytes in the header, found 4"},
		"a chunk of nothing":                 {objectHeader(spaceOf(4), ints(1), chunks(0, moreAt)), nil, "expected chunks with values"},
		"a huge chunk":                       {objectHeader(spaceOf(4), ints(1), chunks(1<<30, moreAt)), nil, "expected chunks of at most 32 MiB"},
		"a chunk of other values":            {objectHeader(spaceOf(4), ints(2), chunks(2, moreAt)), nil, "expected chunks of values of 2 bytes, found 1"},
		"chunks of more dimensions":          {objectHeader(spaceOf(4, 4), ints(1), chunks(2, moreAt)), nil, "expected chunks of 2 dimensions, found [2]"},
		"a chunk with more bytes":            {objectHeader(spaceOf(4), ints(1), chunks(4, moreAt)), node1(0, [3]int{0, 11, rootAt}), "expected a chunk of 4 bytes, found 11"},
		"a chunk beyond the end":             {objectHeader(spaceOf(4), ints(1), chunks(4, moreAt)), node1(0, [3]int{0, 4, 1 << 40}), "chunk: expected 4 bytes at address 1099511627776"},
		"a chunk twice":                      {objectHeader(spaceOf(4), ints(1), chunks(2, moreAt)), node1(0, [3]int{0, 2, rootAt}, [3]int{0, 2, rootAt}), "expected every chunk once, found one twice"},
		"more chunks than there are":         {objectHeader(spaceOf(2), ints(1), chunks(2, moreAt)), node1(0, [3]int{0, 2, rootAt}, [3]int{0, 2, rootAt}), "expected at most 1 chunks, found more"},
		"a chunk between":                    {objectHeader(spaceOf(4), ints(1), chunks(2, moreAt)), node1(0, [3]int{1, 2, rootAt}), "expected chunks of [2], found one at 1"},
		"a tree in a circle":                 {objectHeader(spaceOf(4), ints(1), chunks(2, moreAt)), node1(1, [3]int{0, 2, moreAt}), "expected a node of level 0, found 1"},
		"a tree of every level":              {objectHeader(spaceOf(4), ints(1), chunks(2, moreAt)), node1(200, [3]int{0, 2, moreAt}), "expected a node of level 199, found 200"},
		"a tree of another type":             {objectHeader(spaceOf(4), ints(1), chunks(2, moreAt)), join("TREE", byte(0), byte(0), uint16(0), -1, -1), "expected type 1, found 0"},
		"a bomb": {objectHeader(spaceOf(4), ints(1), gzipped, chunks(4, moreAt+100)), append(make([]byte, 100), append(node1(0, [3]int{0, len(bomb), moreAt + 200}), append(make([]byte, 44), bomb...)...)...),
			"gzip: expected at most 4 bytes, found more"},
		"many filters":                {objectHeader(spaceOf(4), ints(1), messageOf(filtersMessage, byte(2), byte(200)), chunks(4, moreAt)), nil, "expected at most 8 filters, found 200"},
		"shuffle of nothing":          {objectHeader(spaceOf(4), ints(1), messageOf(filtersMessage, byte(2), byte(1), uint16(shuffle), uint16(0), uint16(1), uint32(0)), chunks(4, moreAt)), nil, "shuffle: expected values of 1 to"},
		"a fixed array of all":        {objectHeader(spaceOf(4), ints(1), indexed(fixedIndex, byte(10))), summed("FAHD", byte(0), byte(0), byte(8), byte(10), 1<<40, moreAt), "expected at most"},
		"an array of other elements":  {objectHeader(spaceOf(4), ints(1), indexed(fixedIndex, byte(10))), summed("FAHD", byte(0), byte(0), byte(9), byte(10), 4, moreAt), "FAHD: expected elements of 8 bytes, found 9"},
		"an array that is damaged":    {objectHeader(spaceOf(4), ints(1), indexed(fixedIndex, byte(10))), join("FAHD", byte(0), byte(0), byte(8), byte(10), 4, moreAt, uint32(1)), "expected another checksum"},
		"an array without limit":      {objectHeader(limitless, ints(1), indexed(fixedIndex, byte(10))), nil, "expected 0 dimensions that are not limited, found 1"},
		"an array with a limit":       {objectHeader(spaceOf(4), ints(1), indexed(extensibleIndex, byte(32), byte(4), byte(4), byte(16), byte(10))), nil, "expected 1 dimensions that are not limited, found 0"},
		"no powers of two":            {objectHeader(limitless, ints(1), indexed(extensibleIndex, byte(32), byte(4), byte(4), byte(16), byte(10))), summed("EAHD", byte(0), byte(0), byte(8), byte(32), byte(4), byte(3), byte(4), byte(10), make([]byte, 48), moreAt), "EAHD: expected powers of two"},
		"all chunks at once":          {objectHeader(spaceOf(1<<38), ints(1), indexed(implicitIndex)), nil, "expected at most 1024 chunks"},
		"a tree of large nodes":       {objectHeader(spaceOf(4), ints(1), indexed(treeIndex, uint32(0), uint16(0))), summed("BTHD", byte(0), byte(10), uint32(1<<31), uint16(16), uint16(1), uint16(0), moreAt, uint16(1), 1), "expected nodes of at most"},
		"a tree of large records":     {objectHeader(spaceOf(4), ints(1), indexed(treeIndex, uint32(0), uint16(0))), summed("BTHD", byte(0), byte(10), uint32(512), uint16(999), uint16(1), uint16(0), moreAt, uint16(1), 1), "expected records of 16 bytes, found 999"},
		"a tree too deep":             {objectHeader(spaceOf(4), ints(1), indexed(treeIndex, uint32(0), uint16(0))), summed("BTHD", byte(0), byte(10), uint32(512), uint16(16), uint16(999), uint16(0), moreAt, uint16(1), 1), "a depth of at most 16, found 512 and 999"},
		"a type that is itself":       {objectHeader(spaceOf(4), join(byte(datatypeMessage), uint16(10), byte(isShared), byte(3), byte(2), xAt), contiguous), nil, "expected a shared message, found none"},
		"a type in a heap":            {objectHeader(spaceOf(4), join(byte(datatypeMessage), uint16(10), byte(isShared), byte(3), byte(1), xAt), contiguous), nil, "shared messages in a heap are not read"},
		"enumerations of types":       {objectHeader(spaceOf(4), messageOf(datatypeMessage, bytes.Repeat(join(byte(0x38), uint16(2), byte(0), uint32(1)), 1000)), contiguous), nil, "expected"},
		"a header in a circle":        {objectHeader(messageOf(continuationMessage, moreAt, 28)), summed("OCHK", messageOf(continuationMessage, moreAt, 28)), "expected parts that do not overlap"},
		"a header that must be known": {objectHeader(join(byte(0x30), uint16(0), byte(failIfUnknown))), nil, "message of type 48 is not known"},
		"bools of no bytes": {objectHeader(spaceOf(4), messageOf(datatypeMessage, byte(0x38), uint16(2), byte(0), uint32(0), byte(0x10), uint16(8), byte(0), uint32(1), uint16(0), uint16(8), "FALSE\x00TRUE\x00\x00\x01"), chunks(4, moreAt)), nil,
			"expected chunks of values of 0 bytes, found 1"},
		"bfloat16":                    {objectHeader(spaceOf(2), float(2, uint16(0), uint16(16), byte(7), byte(8), byte(0), byte(7), uint32(127)), contiguous), []byte("abcd"), ""},
		"no layout":                   {objectHeader(spaceOf(4), ints(1)), nil, "expected a layout, found none"},
		"layout of another version":   {objectHeader(spaceOf(4), ints(1), messageOf(layoutMessage, byte(5), byte(1))), nil, "layout: expected version [1 2 3 4], found 5"},
		"a fill value of other bytes": {objectHeader(spaceOf(4), ints(1), messageOf(fillMessage, byte(3), byte(1<<5), uint32(3), "abc"), contiguous), nil, "fill value: expected 1 bytes, found 3"},
	} {
		b := fileOf(c.header, c.more)
		begin := time.Now()
		_, err := readX(b)
		assert.Less(t, time.Since(begin), time.Second, name)
		if c.says == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, c.says, name)
		if err != nil {
			assert.Less(t, len(err.Error()), 400, name)
		}
	}
}

// What leads to the same structures over and over ends, until it is said that all
// may be read once more; and so do messages that are more memory than bytes.
func TestReadTooOften(t *testing.T) {
	b := fileOf(objectHeader(spaceOf(4), ints(1)), nil)
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	for range 2 {
		reads := 0
		for ; err == nil; reads++ {
			_, err = f.Lookup("/x")
		}
		assert.ErrorContains(t, err, "expected parts that do not overlap, found more bytes than the file has")
		assert.Greater(t, reads, 1000, "files are small")
		assert.Less(t, reads, 10_000)
		f.Renew()
		_, err = f.Lookup("/x")
		require.NoError(t, err)
	}
	many := messageOf(continuationMessage, moreAt, 4+4*(maxMessages+1)+sumBytes)
	_, err = readX(fileOf(objectHeader(many), summed("OCHK", bytes.Repeat(messageOf(attributeMessage), maxMessages+1))))
	assert.ErrorContains(t, err, "expected at most 65536 messages, found more")
	indexed := messageOf(layoutMessage, byte(4), byte(2), byte(0), byte(2), byte(1), byte(1), byte(1), byte(implicitIndex), moreAt)
	_, err = readX(fileOf(objectHeader(spaceOf(maxChunks+1), ints(1), indexed), make([]byte, maxChunks+1)))
	assert.ErrorContains(t, err, "expected at most 1048576 chunks, found more; h5repack -l CHUNK=N")
}

func TestHalf(t *testing.T) {
	for b, want := range map[uint16]float64{0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: math.Ldexp(1, -24), 0x0400: math.Ldexp(1, -14), 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		assert.Equal(t, want, half(b), "%x", b)
	}
	assert.True(t, math.IsNaN(half(0x7e00)))
	assert.True(t, math.Signbit(half(0x8000)))
}
