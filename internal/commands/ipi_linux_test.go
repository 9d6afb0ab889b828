package commands

import (
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server listens at a UNIX socket whose path it returns, and accepts one client.
func server(t *testing.T) (path string, accept func() net.Conn) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	return path, func() net.Conn {
		conn, err := listener.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		return conn
	}
}

// Signals end a client that waits for a server, for its next message, and for what it computes.
func TestSignalInIPI(t *testing.T) {
	input := writeFile(t, filepath.Join(t.TempDir(), "in.xyz"), cube(30))
	for s, code := range signals {
		path, accept := server(t)
		p := command(t, "ipi", "-model", model, "-structure", input, "-unix", path).start()
		conn := accept()
		_, err := io.WriteString(conn, "STATUS      ")
		require.NoError(t, err)
		answer := make([]byte, 12)
		_, err = io.ReadFull(conn, answer)
		require.NoError(t, err)
		assert.Equal(t, "NEEDINIT    ", string(answer))
		p.signal(s)
		assert.Equal(t, code, p.code())
		assert.Contains(t, p.stderr.String(), "painless: ended by a signal: "+s.String()+"\n")
	}
	p := command(t, "ipi", "-model", model, "-structure", input, "-unix", filepath.Join(t.TempDir(), "none"), "-wait", "1h")
	stderr, messages := io.Pipe()
	p.Cmd.Stderr = messages
	p.start()
	read := make([]byte, 1)
	_, err := io.ReadFull(stderr, read) // it has begun
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 143, p.code())

	path, accept := server(t)
	p = command(t, "ipi", "-model", testdata+"original.pt", "-precision", "float64", "-structure", input, "-unix", path).start()
	conn := accept()
	b := append([]byte("POSDATA     "), make([]byte, 18*8)...)
	b = binary.NativeEndian.AppendUint32(b, 27000)
	for i := range 27000 { // 3.8 Bohr apart
		for _, n := range []int{i % 30, i / 30 % 30, i / 900} {
			b, err = binary.Append(b, binary.NativeEndian, 3.8*float64(n))
			require.NoError(t, err)
		}
	}
	_, err = conn.Write(b) // of which the socket holds little: it has read the rest
	require.NoError(t, err)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 143, p.code())
}

// A structure that cannot be computed ends it with what is wrong; so does a server
// that goes, which is no reader of standard output.
func TestIPIFails(t *testing.T) {
	input := writeFile(t, filepath.Join(t.TempDir(), "in.xyz"), structure(2))
	for x, want := range map[float64]string{
		0: "POSDATA from the server: structure 0: ",
		2: "the server has gone in the middle: forces that it has not fetched: unexpected EOF",
	} {
		path, accept := server(t)
		p := command(t, "ipi", "-model", model, "-structure", input, "-unix", path).start()
		conn := accept()
		b := append([]byte("POSDATA     "), make([]byte, 18*8)...)
		b = binary.NativeEndian.AppendUint32(b, 2)
		b, err := binary.Append(b, binary.NativeEndian, []float64{0, 0, 0, 0, 0, x})
		require.NoError(t, err)
		_, err = conn.Write(b)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		assert.Equal(t, 1, p.code())
		assert.Contains(t, p.stderr.String(), want)
	}
}
