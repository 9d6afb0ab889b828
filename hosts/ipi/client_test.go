package ipi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/internal/units"
)

var (
	water = atoms.Structure{Numbers: []int{8, 1, 1}, Positions: make([][3]float64, 3), PBC: [3]bool{true, true, true}}
	pair  = atoms.Structure{Numbers: []int{1, 8}, Positions: make([][3]float64, 2)}
)

func open(t testing.TB) *painless.Model {
	t.Helper()
	m, err := painless.Open("../../testdata/ultra_tiny.pt", painless.Options{Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Close()) })
	return m
}

// recorded is a server's bytes, whatever it is answered; the connection ends after them.
type recorded struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (r *recorded) Read(b []byte) (int, error)  { return r.in.Read(b) }
func (r *recorded) Write(b []byte) (int, error) { return r.out.Write(b) }
func (r *recorded) Close() error                { return nil }

// serve answers a server's bytes.
func serve(t testing.TB, c Client, server []byte) (answer []byte, err error) {
	t.Helper()
	conn := &recorded{in: bytes.NewReader(server)}
	err = c.Serve(t.Context(), conn)
	return conn.out.Bytes(), err
}

// values reads n numbers of a type off the front.
func values[T any](t *testing.T, b *[]byte, n int) []T {
	t.Helper()
	list := make([]T, n)
	size, err := binary.Decode(*b, binary.LittleEndian, list)
	require.NoError(t, err)
	*b = (*b)[size:]
	return list
}

// What i-PI (commit bf64b65, 2026) has sent for two steps of three beads of water in
// batches of two is answered in its layout, with the numbers of each structure alone.
func TestBatch(t *testing.T) {
	server, err := os.ReadFile("testdata/ipi.bin")
	require.NoError(t, err)
	model := open(t)
	c := Client{Structure: water, Potential: model, Notice: func(text string) { t.Error(text) }}
	sizes := 0
	c.Computed = func(structures int, _ time.Duration) { sizes += structures }
	answer, err := serve(t, c, server)
	require.ErrorIs(t, err, ErrExit)
	assert.Equal(t, 8, sizes)

	word := func(b *[]byte) string { return string(values[byte](t, b, 12)) }
	for _, want := range []string{"NEEDINIT    ", "NEEDINIT    ", "READY       "} {
		require.Equal(t, want, word(&answer))
	}
	for range 3 {
		require.Equal(t, "STATUS      ", word(&server)[:12])
		if bytes.HasPrefix(server, []byte("INIT")) {
			server = server[12+4+4+len("  batch_size:2"):]
		}
	}
	for call := range 4 {
		require.Equal(t, "POSDATA     ", word(&server))
		require.Equal(t, []int32{3}, values[int32](t, &server, 1))
		var cells [2][]float64
		for k := range cells {
			cells[k] = values[float64](t, &server, 18)
		}
		require.Equal(t, "FORCEREADY  ", word(&answer))
		energies := values[float64](t, &answer, 2)
		require.Equal(t, []int32{3}, values[int32](t, &answer, 1))
		forces := values[float64](t, &answer, 2*3*3)
		virials := values[float64](t, &answer, 2*9)
		assert.Equal(t, []int32{0, 0}, values[int32](t, &answer, 2))
		for k, h := range cells {
			x := values[float64](t, &server, 9)
			s := water
			s.Positions = nil
			for i := range 3 {
				s.Positions = append(s.Positions, [3]float64{x[3*i] * units.Bohr, x[3*i+1] * units.Bohr, x[3*i+2] * units.Bohr})
				s.Cell[i] = [3]float64{h[i] * units.Bohr, h[3+i] * units.Bohr, h[6+i] * units.Bohr}
			}
			var want painless.Result
			require.NoError(t, model.Compute(t.Context(), painless.NewBatch(s), &want))
			assert.InEpsilon(t, want.Energy[0], energies[k]*units.Hartree, 1e-14, call)
			for i, f := range want.Forces {
				for c := range f {
					assert.InDelta(t, f[c], forces[9*k+3*i+c]*units.Hartree/units.Bohr, 1e-12)
				}
			}
			for i := range 9 {
				assert.InDelta(t, (want.Virial[0][i/3][i%3]+want.Virial[0][i%3][i/3])/2, virials[9*k+i]*units.Hartree, 1e-12)
			}
		}
		require.Equal(t, "GETFORCE    ", word(&server))
		if len(server) > 24 {
			require.Equal(t, "STATUS      ", word(&server))
			require.Equal(t, "READY       ", word(&answer))
		}
	}
	assert.Equal(t, "STATUS      EXIT        ", string(server))
	assert.Equal(t, "READY       ", string(answer))
}

// message is a word and what follows it, as a server sends it.
func message(t testing.TB, word string, parts ...any) []byte {
	t.Helper()
	b := appendHeader(nil, word)
	for _, part := range parts {
		var err error
		b, err = binary.Append(b, binary.NativeEndian, part)
		require.NoError(t, err)
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// Servers that send no INIT, that ask again, and that take nothing.
func TestStatus(t *testing.T) {
	c := Client{Structure: pair, Potential: open(t)}
	status, get := message(t, "STATUS"), message(t, "GETFORCE")
	positions := message(t, "POSDATA", make([]float64, 18), int32(2), []float64{0, 0, 0, 0, 0, 2})
	for name, test := range map[string]struct {
		server []byte
		want   string
		err    error
	}{
		"nothing":           {nil, "", io.EOF},
		"no INIT":           {join(status, positions, status, status, get, status), "NEEDINIT HAVEDATA HAVEDATA FORCEREADY READY", io.EOF},
		"not asked":         {join(positions, get, positions, get), "FORCEREADY FORCEREADY", io.EOF},
		"INIT of ASE":       {join(status, message(t, "INIT", int32(0), int32(1), []byte{0}), status), "NEEDINIT READY", io.EOF},
		"INIT of no bytes":  {join(message(t, "INIT", int32(7), int32(0)), status), "READY", io.EOF},
		"twice":             {join(positions, positions, get), "FORCEREADY", io.EOF},
		"EXIT":              {join(status, message(t, "EXIT")), "NEEDINIT", ErrExit},
		"forces left there": {join(positions, status), "HAVEDATA", io.ErrUnexpectedEOF},
	} {
		answer, err := serve(t, c, test.server)
		require.ErrorIs(t, err, test.err, name)
		var said []string
		for len(answer) > 0 {
			said = append(said, strings.TrimSpace(string(answer[:12])))
			answer = answer[12:]
			if said[len(said)-1] == "FORCEREADY" {
				answer = answer[8+4+2*3*8+9*8+4:]
			}
		}
		assert.Equal(t, test.want, strings.Join(said, " "), name)
	}
}

// What no server may say is refused, and takes no memory.
func TestErrors(t *testing.T) {
	c, cell := Client{Structure: pair, Potential: open(t)}, make([]float64, 18)
	init := func(text string) []byte { return message(t, "INIT", int32(0), int32(len(text)), []byte(text)) }
	for _, test := range []struct {
		server []byte
		want   string
	}{
		{message(t, "HELLO"), `message "HELLO" from the server: expected one of STATUS, INIT, POSDATA, GETFORCE, EXIT`},
		{[]byte("\x00\xff\n          "), `message "\x00\xff\n" from`},
		{message(t, "GETFORCE"), "GETFORCE from the server: expected POSDATA before it"},
		{[]byte("STAT"), "the start of a message: unexpected EOF"},
		{message(t, "INIT"), "INIT from the server: unexpected EOF"},
		{message(t, "INIT", int32(0), int32(-1)), "a text of -1 bytes: expected 0 to 1048576"},
		{message(t, "INIT", int32(0), int32(math.MaxInt32)), "a text of 2147483647 bytes: expected 0 to 1048576"},
		{message(t, "INIT", int32(0), int32(5), []byte("abc")), "INIT from the server: unexpected EOF"},
		{init("batch_size:0"), `"batch_size:0": expected a batch_size of 1 to 65536`},
		{init("a:b, batch_size:many"), `" batch_size:many": expected a batch_size of 1 to 65536`},
		{init("batch_size:99999999999999999999"), "expected a batch_size of 1 to 65536"},
		{init("batch_size:65537"), "expected a batch_size of 1 to 65536"},
		{message(t, "POSDATA", cell, int32(3)), "POSDATA from the server: 3 atoms: expected 2, as the structure has"},
		{message(t, "POSDATA", cell, int32(-2)), "-2 atoms: expected 2"},
		{message(t, "POSDATA", cell[:17]), "cell 0: unexpected EOF"},
		{message(t, "POSDATA", cell), "number of atoms: unexpected EOF"},
		{message(t, "POSDATA", cell, int32(2), []float64{0, 0, 0}), "position 1: unexpected EOF"},
		{join(init("batch_size:3"), message(t, "POSDATA", int32(3))), "3 atoms: expected 2"},
		{join(init("batch_size:3"), message(t, "POSDATA", int32(2), cell, cell)), "cell 2: unexpected EOF"},
	} {
		_, err := serve(t, c, test.server)
		assert.ErrorContains(t, err, test.want)
	}
	_, err := serve(t, c, message(t, "POSDATA", cell, int32(2), []float64{0, 0, 0, 0, 0, math.NaN()}))
	var bad *atoms.StructureError
	assert.ErrorAs(t, err, &bad)
	assert.ErrorContains(t, err, "atom 1 has z = NaN")
}

// What INIT says beside the size is said.
func TestNotice(t *testing.T) {
	var said []string
	c := Client{Structure: pair, Potential: open(t), Notice: func(text string) { said = append(said, text) }}
	_, err := serve(t, c, message(t, "INIT", int32(0), int32(24), []byte("cutoff : 5,batch_size: 2")))
	require.Equal(t, io.EOF, err)
	assert.Equal(t, []string{`the server says in INIT "cutoff : 5", which is not used`}, said)
}

// A server that is silent is given up after the timeout, or when the caller says so.
func TestSilence(t *testing.T) {
	c := Client{Structure: pair, Potential: open(t), Timeout: 10 * time.Millisecond}
	server, conn := net.Pipe()
	defer server.Close()
	assert.ErrorContains(t, c.Serve(t.Context(), conn), "expected the server to go on within 10ms")

	c.Timeout = 0
	_, conn = net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	assert.Equal(t, context.Canceled, c.Serve(ctx, conn))
	assert.ErrorIs(t, c.Run(ctx, Unix(filepath.Join(t.TempDir(), "none")), time.Hour, 0), context.Canceled)
}

// Servers come late, go, and are followed by others.
func TestRun(t *testing.T) {
	at := Unix(filepath.Join(t.TempDir(), "socket"))
	c := Client{Structure: pair, Potential: open(t)}
	err := c.Run(t.Context(), at, 0, time.Hour)
	assert.ErrorContains(t, err, "expected a server that listens there")

	positions := message(t, "POSDATA", make([]float64, 18), int32(2), []float64{0, 0, 0, 0, 0, 2})
	for name, test := range map[string]struct {
		servers [][]byte
		again   time.Duration
		want    string
	}{
		"one that closes":     {[][]byte{positions[:0]}, 0, ""},
		"and no other":        {[][]byte{positions[:0]}, 100 * time.Millisecond, ""},
		"one that breaks off": {[][]byte{positions[:50]}, 0, "the server has gone in the middle: POSDATA from the server: cell 0: unexpected EOF"},
		"no other after that": {[][]byte{positions[:50]}, 100 * time.Millisecond, "the server has gone in the middle"},
		"others":              {[][]byte{positions[:50], nil, message(t, "EXIT")}, time.Minute, ""},
		"a fault is the end":  {[][]byte{positions[:50], message(t, "HELLO")}, time.Minute, `message "HELLO"`},
	} {
		served := 0
		ended := make(chan error, 1)
		go func() { ended <- c.Run(t.Context(), at, time.Minute, test.again) }()
		listener, err := net.Listen(at.Network, at.Address)
		require.NoError(t, err)
		for _, server := range test.servers {
			conn, err := listener.Accept()
			require.NoError(t, err)
			_, err = conn.Write(server)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			served++
		}
		require.NoError(t, listener.Close())
		err = <-ended
		if test.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, test.want, name)
			var broken *net.OpError
			assert.False(t, errors.As(err, &broken), "of the socket, which is not standard output")
		}
	}
}

func TestAddress(t *testing.T) {
	assert.Equal(t, Address{"unix", "/tmp/ipi_water"}, Unix("water"))
	assert.Equal(t, Address{"unix", "./water"}, Unix("./water"))
	for text, want := range map[string]string{"": "localhost:31415", ":": "localhost:31415", "node7": "node7:31415", "node7:99": "node7:99", ":99": "localhost:99", "[::1]": "[::1]:31415", "[::1]:99": "[::1]:99"} {
		got, err := TCP(text)
		require.NoError(t, err, text)
		assert.Equal(t, Address{"tcp", want}, got, text)
	}
	for _, text := range []string{"::1", "a:b:c", "[::1"} {
		_, err := TCP(text)
		assert.ErrorContains(t, err, "expected HOST:PORT", text)
	}
	for _, text := range []string{"node7:0", "node7:65536", ":http", "node7:-1"} {
		_, err := TCP(text)
		assert.ErrorContains(t, err, "expected a port of 1 to 65535", text)
	}
}

// A server that is killed leaves its socket, which is said; one that closes it without a word ends the run, which is said too.
func TestServerGone(t *testing.T) {
	at := Unix(filepath.Join(t.TempDir(), "socket"))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: at.Address, Net: "unix"})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false)
	var notices []string
	c := Client{Structure: pair, Potential: open(t), Notice: func(text string) { notices = append(notices, text) }}
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Close()
		}
	}()
	require.NoError(t, c.Run(t.Context(), at, 0, 0))
	assert.Equal(t, []string{"the server has closed the connection without the word EXIT, as ASE's do"}, notices)
	require.NoError(t, listener.Close())
	assert.ErrorContains(t, c.Run(t.Context(), at, 0, 0), "expected a server that listens there; this socket is left of one that was killed")
}

// Steps take no memory.
func TestAllocations(t *testing.T) {
	step := join(message(t, "STATUS"), message(t, "POSDATA", make([]float64, 18), int32(2), []float64{0, 0, 0, 0, 0, 2}), message(t, "STATUS"), message(t, "GETFORCE"))
	conn := &recorded{in: bytes.NewReader(bytes.Repeat(step, 200))}
	s := newSession(&Client{Structure: pair, Potential: open(t)}, conn)
	conn.out.Grow(1 << 16)
	all := func() {
		for range 4 {
			require.NoError(t, s.answer(t.Context()))
		}
		conn.out.Reset()
	}
	assert.Zero(t, testing.AllocsPerRun(100, all))
}

// No server makes us crash, hang or take much memory.
func FuzzServe(f *testing.F) {
	session, err := os.ReadFile("testdata/ipi.bin")
	require.NoError(f, err)
	f.Add(session)
	f.Add(join(message(f, "STATUS"), message(f, "POSDATA", make([]float64, 18), int32(3), make([]float64, 9)), message(f, "GETFORCE"), message(f, "EXIT")))
	f.Add(message(f, "INIT", int32(0), int32(1000), []byte("batch_size:1000")))
	model := open(f)
	f.Fuzz(func(t *testing.T, server []byte) {
		answer, err := serve(t, Client{Structure: water, Potential: model}, server)
		assert.Error(t, err)
		assert.LessOrEqual(t, len(answer), 12*len(server)+1000)
	})
}
