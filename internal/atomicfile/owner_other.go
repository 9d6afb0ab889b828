//go:build !unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// keepOwner returns the permissions of a file: its owner is the system's affair.
func keepOwner(_ *os.File, of fs.FileInfo) fs.FileMode { return of.Mode().Perm() }

// duplicate is for systems where paths stand for open files.
func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
