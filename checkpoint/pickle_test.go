package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeStorage is four float32 numbers under the key "0".
func fakeStorage(key string, dtype DType, elements int64, _ any) (*Storage, error) {
	if key != "0" || elements != 4 {
		return nil, fmt.Errorf("no storage %s of %d", key, elements)
	}
	return &Storage{Key: key, DType: dtype, Data: make([]byte, 4*dtype.Size())}, nil
}

func run(code string) (any, error) {
	return newMachine(code, storageIDs(fakeStorage), newAllowance(int64(len(code)))).run()
}

func plain(v any) (any, error) {
	c := newConverter(nil)
	return c.convert(v, 0)
}

func le(n uint64, size int) string {
	return string(binary.LittleEndian.AppendUint64(nil, n)[:size])
}

// storageID pushes a storage, and tensorOf a tensor of that shape.
const storageID = "(Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI4\ntQ"

func tensorOf(offset, shape, strides string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storageID + offset + shape + strides + "I00\nNtR"
}

func TestPickleValues(t *testing.T) {
	large := new(big.Int).Lsh(big.NewInt(1), 64)
	for code, want := range map[string]any{
		"N.": nil, "\x88.": true, "\x89.": false, "I01\n.": true, "I-7\n.": int64(-7), "L12L\n.": int64(12),
		"F1.5\n.": 1.5, "J\xff\xff\xff\xff.": int64(-1), "K\xff.": int64(255), "M\x01\x02.": int64(513),
		"\x8a\x01\xff.": int64(-1), "\x8a\x00.": int64(0), "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.": large,
		"\x8b\x02\x00\x00\x00\x00\x80.": int64(-32768), "G\x3f\xf8\x00\x00\x00\x00\x00\x00.": 1.5,
		"L18446744073709551616L\n.": large, "S'a\\x41\\n'\n.": "aA\n", `S'it\'s "x"'` + "\n.": `it's "x"`, "V" + strings.Repeat("a", 10_000) + "\n.": strings.Repeat("a", 10_000), "V\xe5\\u20ac\\U0001f600\\x\n.": "å€😀\\x", "U\x02ab.": "ab", "T\x01\x00\x00\x00a.": "a",
		"\x8c\x01a.": "a", "X\x01\x00\x00\x00a.": "a", "\x8d" + le(1, 8) + "a.": "a", "B\x01\x00\x00\x00a.": []byte("a"),
		"C\x01a.": []byte("a"), "\x8e" + le(1, 8) + "a.": []byte("a"), "\x96" + le(1, 8) + "a.": []byte("a"),
		"\x80\x04\x95" + le(3, 8) + "K\x07.": int64(7), "K\x01K\x020.": int64(1), "K\x01(K\x021.": int64(1), "K\x012a.": nil,
		"K\x05\x940h\x00.": int64(5), "K\x05p9\n0g9\n.": int64(5), "K\x05r\x00\x01\x00\x000j\x00\x01\x00\x00.": int64(5),
	} {
		got, err := run(code)
		if want == nil && code != "N." { // APPEND to a number
			assert.ErrorContains(t, err, "expected a list, a set or a dict", "%q", code)
			continue
		}
		require.NoError(t, err, "%q", code)
		assert.Equal(t, want, got, "%q", code)
	}
}

func TestPickleContainers(t *testing.T) {
	valueOf := func(code string) any {
		v, err := run(code)
		require.NoError(t, err, "%q", code)
		p, err := plain(v)
		require.NoError(t, err)
		return p
	}
	one, two := int64(1), int64(2)
	for code, want := range map[string]any{
		"].": []any{}, ").": []any{}, "}.": map[string]any{}, "\x8f.": []any{}, "(K\x01K\x02l.": []any{one, two},
		"(K\x01K\x02t.": []any{one, two}, "K\x01\x85.": []any{one}, "K\x01K\x02\x86.": []any{one, two}, "NNN\x87.": []any{nil, nil, nil},
		"]K\x01aK\x02a.": []any{one, two}, "](K\x01K\x02e.": []any{one, two}, "\x8f(K\x01\x90.": []any{one}, "(K\x01\x91.": []any{one},
		"}Va\nK\x01s.": map[string]any{"a": one}, "}(Va\nK\x01Va\nK\x02u.": map[string]any{"a": two}, "(Va\nK\x01d.": map[string]any{"a": one},
		"ccollections\nOrderedDict\n((Va\nK\x01\x86ltR.":    map[string]any{"a": one},
		"\x8c\x08builtins\x8c\x03set\x93(K\x01l\x85R.":      []any{one},
		"c_codecs\nencode\n(V\xff\nVlatin1\ntR.":            []byte{0xff},
		"cpathlib\nPosixPath\n(V/\nVdata\ntR.":              "/data",
		"cos\nsystem\n(Vrm -rf /\ntR.":                      &Object{Class: "os.system", Args: []any{"rm -rf /"}},
		"cbuiltins\neval\n(V1+1\ntR.":                       &Object{Class: "builtins.eval", Args: []any{"1+1"}},
		"\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.":      &Object{Class: "os.system", Args: []any{"ls"}},
		"(Vls\nios\nsystem\n.":                              &Object{Class: "os.system", Args: []any{"ls"}},
		"(cos\nsystem\nVls\no.":                             &Object{Class: "os.system", Args: []any{"ls"}},
		"cos\nsystem\nVls\n\x85\x81.":                       &Object{Class: "os.system", Args: []any{"ls"}},
		"cos\nsystem\nVls\n\x85}\x92.":                      &Object{Class: "os.system", Args: []any{[]any{"ls"}, map[string]any{}}},
		"ca\nB\n)R}Vx\nK\x01sb.":                            &Object{Class: "a.B", Args: []any{}, State: map[string]any{"x": one}},
		"cbuiltins\ngetattr\n(cos\nsystem\nVx\ntR(Vls\ntR.": &Object{Class: "an object of builtins.getattr", Args: []any{"ls"}},
		"}C\x01aK\x01s.":                                    map[string]any{"bytes": one},
		"}(K\x01\x91K\x02s.":                                map[string]any{"a tuple": two},
		"c__builtin__\nfrozenset\n(]K\x01atR.":              []any{one},
		"cbuiltins\nlist\n(K\x01\x85tR.":                    []any{one},
		"cos\nsystem\n.":                                    &Object{Class: "os.system"},
	} {
		assert.Equal(t, want, valueOf(code), "%q", code)
	}
}

func TestPickleTensors(t *testing.T) {
	v, err := run(tensorOf("I0\n", "(I2\nI2\nt", "(I2\nI1\nt") + ".")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 2}, v.(*Tensor).Shape)
	for name, c := range map[string]struct{ code, says string }{
		"beyond":            {tensorOf("I1\n", "(I2\nI2\nt", "(I2\nI1\nt"), "expected to lie within its storage of 4 elements"},
		"strides beyond":    {tensorOf("I0\n", "(I2\nt", "(I4\nt"), "expected to lie within"},
		"huge stride":       {tensorOf("I0\n", "(I3\nI3\nt", "(I9223372036854775807\nI1\nt"), "expected to lie within"},
		"negative offset":   {tensorOf("I-1\n", "(I1\nt", "(I1\nt"), "expected to lie within"},
		"negative shape":    {tensorOf("I0\n", "(I-1\nt", "(I1\nt"), "expected no negative"},
		"negative stride":   {tensorOf("I3\n", "(I2\nt", "(I-1\nt"), "expected no negative"},
		"overflowing shape": {tensorOf("I0\n", "(I2000000000\nI2000000000\nI2000000000\nt", "(I0\nI0\nI0\nt"), "expected fewer than 2³¹ elements"},
		"few strides":       {tensorOf("I0\n", "(I2\nI2\nt", "(I2\nt"), "expected as many strides"},
		"shape of text":     {tensorOf("I0\n", "(Vx\nt", "(I1\nt"), "shape: expected integers, found the text"},
		"placeholder": {"ctorch._utils\n_rebuild_tensor_v2\n(cos\nsystem\n(Vls\ntRI0\n(I4\nt(I1\nttR",
			"expected a storage and an offset, found an object of os.system"},
		"shape of 65":              {tensorOf("I0\n", "("+strings.Repeat("I1\n", 65)+"t", "(I1\nt"), "at most 64 dimensions, found 65"},
		"negated":                  {strings.Replace(tensorOf("I0\n", "(I4\nt", "(I1\nt"), "I00\nNtR", "I00\nN}Vneg\nI01\nstR", 1), "lazily negated"},
		"parameter of placeholder": {"ctorch._utils\n_rebuild_parameter\n(cos\nsystem\n)RI00\nNtR", "expected a tensor"},
		"storage of unknown class": {strings.Replace(storageID, "FloatStorage", "EvilStorage", 1), "expected a class such as torch.FloatStorage, found the name torch.EvilStorage"},
		"storage elsewhere":        {strings.Replace(storageID, "V0\n", "V../0\n", 1), "expected a key and a number"},
		"storage of other size":    {strings.Replace(storageID, "I4\n", "I5\n", 1), "no storage 0 of 5"},
		"persistent text":          {"Pos.system\n", "found the text \"os.system\""},
		"persistent number":        {"K\x01Q", "expected a persistent id"},
	} {
		_, err := run(c.code + ".")
		assert.ErrorContains(t, err, c.says, name)
	}
}

func TestExpandedTensorsStayBounded(t *testing.T) {
	v, err := run(tensorOf("I0\n", "(I2000000000\nt", "(I0\nt") + ".")
	require.NoError(t, err)
	_, err = v.(*Tensor).Float64s()
	assert.ErrorContains(t, err, "2000000000 elements from a storage of 4")
}

func TestPickleRefuses(t *testing.T) {
	for name, c := range map[string]struct{ code, says string }{
		"empty":             {"", "found its end"},
		"no STOP":           {"K\x01", "found its end"},
		"nothing to return": {".", "expected a value on the stack"},
		"unknown opcode":    {"\xff.", "expected an instruction, found 0xff"},
		"extension":         {"\x82\x01.", "found a code of copyreg's extension registry"},
		"out of band":       {"\x97.", "found an out-of-band buffer"},
		"protocol 9":        {"\x80\x09N.", "protocol 5 or less, found 9"},
		"long text":         {"\x8d" + le(1<<62, 8) + "a.", "found its end"},
		"long integer":      {"\x8b\x00\x00\x00\x80a.", "found its end"},
		"long decimal":      {"I" + strings.Repeat("9", 10_000) + "\n.", "at most 4096 digits, found 10000"},
		"bad decimal":       {"I12x\n.", "expected an integer"},
		"short character":   {"V\\u12\n.", "expected 4 digits of a character"},
		"bad character":     {"V\\U7fffgggg\n.", "expected 8 digits of a character"},
		"long key":          {"}X" + le(5000, 4) + strings.Repeat("k", 5000) + "Ns.", "at most 4096 bytes, found 5000"},
		"no class":          {"(o.", "expected a value on the stack"},
		"bad float":         {"Fx\n.", "expected a number"},
		"bad quotes":        {"Sabc\n.", "expected text in quotes"},
		"no mark":           {"K\x01t.", "expected a mark"},
		"no memo":           {"h\x05.", "expected an entry 5 of the memo"},
		"bad memo":          {"N\x70x\n.", "expected an integer"},
		"odd dict":          {"(K\x01d.", "expected a value for each key"},
		"list as key":       {"}]K\x01s.", "expected a key of a dict, found a list"},
		"append to tuple":   {")K\x01a.", "found a tuple"},
		"long class":        {"c" + strings.Repeat("k", 5000) + "\nx\n.", "at most 4096 bytes, found 5002"},
		"module of number":  {"K\x01K\x02\x93.", "expected a module and a name"},
		"odd pairs":         {"ccollections\nOrderedDict\nK\x01\x85R.", "expected a list"},
		"path of number":    {"cpathlib\nPath\n(K\x01tR.", "expected text"},
	} {
		_, err := run(c.code)
		assert.ErrorContains(t, err, c.says, name)
	}
}

// Every opcode on an empty stack, and above a mark, is an error or a value: no panic.
func TestPickleUnderflow(t *testing.T) {
	for op := range 256 {
		for _, before := range []string{"", "(", "K\x01", "K\x01("} {
			assert.NotPanics(t, func() { _, _ = run(before + string([]byte{byte(op)}) + "\n\n\x00\x00\x00\x00\x00\x00\x00\x00.") })
		}
	}
}

func TestDeepNestingIsAnError(t *testing.T) {
	v, err := run(strings.Repeat("(", 1_000_000) + strings.Repeat("t", 1_000_000) + ".")
	require.NoError(t, err)
	_, err = plain(v)
	assert.ErrorContains(t, err, "expected at most 200 containers in one another")
}

// A list of the same list twice, sixty times over, is sixty lists and not 2⁶⁰.
func TestMemoBombStaysSmall(t *testing.T) {
	v, err := run("]" + bomb(60) + ".")
	require.NoError(t, err)
	p, err := plain(v)
	require.NoError(t, err)
	depth := 0
	for l := p.([]any); len(l) == 2; l = l[0].([]any) {
		assert.Same(t, &l[0].([]any)[:1][0], &l[1].([]any)[:1][0])
		if depth++; depth == 59 {
			break
		}
	}
	assert.Equal(t, 59, depth)
}

// A short pickle cannot make much by copying, again and again, one large value.
func TestCopiesStayBounded(t *testing.T) {
	const n = 50_000
	long := "X" + le(n, 4) + strings.Repeat("a", n) + "q\x00"
	list := "(](" + strings.Repeat("N", n) + "etq\x00"
	pairs := "(](NN\x86q\x03" + strings.Repeat("h\x03", n) + "etq\x00"
	for name, code := range map[string]string{
		"names": "X" + le(2000, 4) + strings.Repeat("a", 2000) + "q\x00" + strings.Repeat("h\x00h\x00\x93", 2*n),
		"bytes": long + "c_codecs\nencode\nq\x01h\x00Vlatin1\n\x86q\x02" + strings.Repeat("h\x01h\x02R", n),
		"paths": long + "cpathlib\nPath\n(" + strings.Repeat("h\x00", n) + "tR",
		"sets":  list + "cbuiltins\nset\nq\x01" + strings.Repeat("h\x01h\x00R", n),
		"dicts": pairs + "ccollections\nOrderedDict\nq\x01" + strings.Repeat("h\x01h\x00R", n),
	} {
		_, err := run(code + ".")
		assert.ErrorContains(t, err, "expected a file whose contents take at most", name)
	}
}

// Text keeps no more of the file alive, or copied, than it is long.
func TestLinesCopyOnlyThemselves(t *testing.T) {
	code := "(" + strings.Repeat("V\n", 1000) + "t."
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = run(code)
		}
	}).AllocedBytesPerOp()
	assert.Less(t, allocated, int64(100*len(code)))
}

// What a pickle makes is a small multiple of its size, whatever it says again and again.
func TestPickleMemory(t *testing.T) {
	const n = 200_000
	for _, code := range []string{"}", "]", ")", "N", "(", "\x8f", "}\x94", "]q\x00", "ca\nB\n", "ca\nB\n)R", "K\x01\x85", "\x8a\x09123456789", "U\x00", "I1\n", "]]a", "}NNs"} {
		full := strings.Repeat(code, n/len(code)) + "N."
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := run(full)
		require.NoError(t, err, "%q", code)
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256*len(full)), "%q", code)
	}
}

// A call of a call of … keeps a short name, and takes linear time.
func TestChainedCalls(t *testing.T) {
	v, err := run("ca\nB\n" + strings.Repeat(")R", 100_000) + ".")
	require.NoError(t, err)
	assert.Less(t, len(v.(*Object).Class), 100)
}

// What is added to one placeholder does not reach another of the same arguments.
func TestPlaceholdersDoNotShareTheirArguments(t *testing.T) {
	v, err := run("ca\nB\nq\x01(" + strings.Repeat("N", 17) + "tq\x02h\x01h\x02RK\x0aah\x01h\x02RK\x0ba\x86.")
	require.NoError(t, err)
	first, second := v.(*list).items[0].(*Object), v.(*list).items[1].(*Object)
	assert.Equal(t, int64(10), first.Args[17])
	assert.Equal(t, int64(11), second.Args[17])
}

// bomb nests the top of the stack n times in a list that holds it twice.
func bomb(n int) string {
	var code strings.Builder
	for i := range n {
		fmt.Fprintf(&code, "q%c0(h%ch%cl", i, i, i)
	}
	return code.String()
}
