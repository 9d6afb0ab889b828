package ipi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Address is where a server listens, as net.Dial takes it.
type Address struct{ Network, Address string }

func (a Address) String() string { return a.Address }

// Port is that of i-PI and ASE where none is said.
const Port = "31415"

// Unix is the address of a UNIX socket: a path, where there is a / in the name,
// or what i-PI and ASE call the name.
func Unix(name string) Address {
	if !strings.Contains(name, "/") {
		name = "/tmp/ipi_" + name
	}
	return Address{"unix", name}
}

// TCP is the address HOST:PORT, in which either may be left out.
func TCP(text string) (Address, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		if host, port, err = net.SplitHostPort(text + ":" + Port); err != nil {
			return Address{}, fmt.Errorf("%q: expected HOST:PORT", text)
		}
	}
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = Port
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return Address{}, fmt.Errorf("%q: expected a port of 1 to 65535", text)
	}
	return Address{"tcp", net.JoinHostPort(host, port)}, nil
}

// Run connects to a server and answers it until it ends. Where there is none it
// looks for one for as long as wait says. Unless again is 0, it looks that long for
// the next one after a server has gone without an EXIT. Its error is nil where the
// last server was served to its end.
func (c *Client) Run(ctx context.Context, at Address, wait, again time.Duration) error {
	err := c.session(ctx, at, wait)
	for again > 0 && gone(err) {
		c.notice("the server has gone: %v", err)
		next := c.session(ctx, at, again)
		if absent(next) {
			break
		}
		err = next
	}
	switch {
	case err == ErrExit:
		return nil
	case err == io.EOF && again > 0: // which was said
		return nil
	case err == io.EOF:
		c.notice("the server has closed the connection without the word EXIT, as ASE's do")
		return nil
	case gone(err): // said without its cause: a broken pipe would be a reader's of our output
		return fmt.Errorf("%v: the server has gone in the middle: %v", at, err)
	case err != nil && !absent(err):
		return fmt.Errorf("%v: %w", at, err)
	}
	return err
}

// session connects and serves.
func (c *Client) session(ctx context.Context, at Address, wait time.Duration) error {
	conn, err := c.dial(ctx, at, wait)
	if err != nil {
		return err
	}
	return c.Serve(ctx, conn)
}

// dial connects, and tries again for as long as it cannot.
func (c *Client) dial(ctx context.Context, at Address, wait time.Duration) (net.Conn, error) {
	const pause = 50 * time.Millisecond
	var dialer net.Dialer
	end, said := time.Now().Add(wait), false
	for {
		conn, err := dialer.DialContext(ctx, at.Network, at.Address)
		if err == nil {
			return conn, nil
		}
		if time.Until(end) < pause {
			left := ""
			if at.Network == "unix" && errors.Is(err, syscall.ECONNREFUSED) {
				left = "; this socket is left of one that was killed"
			}
			return nil, fmt.Errorf("%w: expected a server that listens there%s", err, left)
		}
		if !said {
			said = true
			c.notice("waits for a server at %v, up to %v", at, wait)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// absent reports whether there was nobody to connect to.
func absent(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

// gone reports whether a server has closed the connection or died.
func gone(err error) bool {
	var failed *net.OpError
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &failed) && failed.Op != "dial" && !failed.Timeout()
}

// link is a connection that gives up a silent server, and that makes no server
// wait for an acknowledgement: ASE sends a message in parts, and its system holds
// back the second one until we have acknowledged the first, which ours delays by
// 40 ms unless it is told not to, at every read.
type link struct {
	net.Conn
	timeout time.Duration
	hurry   func() // or nil
}

func newLink(conn net.Conn, timeout time.Duration) *link {
	return &link{conn, timeout, quickAcknowledgements(conn)}
}

func (l *link) Read(b []byte) (int, error) {
	if l.timeout > 0 {
		if err := l.SetReadDeadline(time.Now().Add(l.timeout)); err != nil {
			return 0, err
		}
	}
	if l.hurry == nil {
		return l.Conn.Read(b)
	}
	l.hurry()
	n, err := l.Conn.Read(b)
	l.hurry()
	return n, err
}

func (l *link) Write(b []byte) (int, error) {
	if l.timeout > 0 {
		if err := l.SetWriteDeadline(time.Now().Add(l.timeout)); err != nil {
			return 0, err
		}
	}
	return l.Conn.Write(b)
}
