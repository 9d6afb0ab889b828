//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner and the group of another file where that is
// possible, and returns the permissions that f can have then: where the group is
// another one, it gets no more than everybody.
func keepOwner(f *os.File, of fs.FileInfo) fs.FileMode {
	permissions := of.Mode().Perm()
	owner, ok := of.Sys().(*syscall.Stat_t)
	if !ok || f.Chown(int(owner.Uid), int(owner.Gid)) == nil || f.Chown(-1, int(owner.Gid)) == nil {
		return permissions
	}
	return permissions&^0o070 | permissions&0o007<<3&permissions
}

// duplicate opens an open file again, at the same place in it.
func duplicate(descriptor int, name string) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, err := syscall.Dup(descriptor)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(n)
	return os.NewFile(uintptr(n), name), nil
}
