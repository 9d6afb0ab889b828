package ipi

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// quickAcknowledgements asks the system not to delay the next ones; nil where
// there are none to delay. It forgets what it is asked, and a failure costs time alone.
func quickAcknowledgements(conn net.Conn) func() {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return func() { _ = raw.Control(acknowledge) }
}

func acknowledge(fd uintptr) {
	_ = syscall.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
}
