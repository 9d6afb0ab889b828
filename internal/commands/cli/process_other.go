//go:build !unix

package cli

import (
	"os"
	"syscall"
)

// writing is the signals of writes that fail.
var writing = []os.Signal{syscall.SIGPIPE}
