//go:build unix

package checkpoint

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile is a file's bytes, of which only those that are looked at are read.
func mapFile(path string, size int64) (content []byte, unmap func() error, err error) {
	if size == 0 { // nothing to map
		return nil, func() error { return nil }, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	content, err = unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, func() error { return unix.Munmap(content) }, nil
}
