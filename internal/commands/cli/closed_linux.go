package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// outputClosed reports whether the process was started with its standard output
// closed. Go has then opened /dev/null in its place, for reading and writing. That
// Python and others do too, who want no output; but shells open it for writing
// alone, and where it is closed for a parent there is nobody who wanted that.
func outputClosed() bool {
	var here, null unix.Stat_t
	if unix.Fstat(1, &here) != nil || unix.Stat(os.DevNull, &null) != nil || here.Mode&unix.S_IFMT != unix.S_IFCHR || here.Rdev != null.Rdev {
		return false
	}
	flags, err := unix.FcntlInt(1, unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
		return false
	}
	parent := fmt.Sprintf("/proc/%d/", os.Getppid())
	if _, err := os.Lstat(parent + "fd/1"); os.IsNotExist(err) {
		if _, err := os.Stat(parent + "fd"); err == nil {
			return true
		}
	}
	program, err := os.Readlink(parent + "exe")
	return err == nil && slices.Contains(shells, filepath.Base(program))
}

var shells = []string{"ash", "bash", "busybox", "dash", "fish", "ksh", "ksh93", "mksh", "sh", "zsh"}
