package h5

import (
	"encoding/binary"
	"errors"
	"io"
)

// Where in a superblock of version 3 its parts are.
const (
	markVersion = 8
	markFlags   = 11
	markSum     = 44
	markBytes   = markSum + sumBytes
)

// Unmark takes away the marks of a file that is open for writing, or was never
// closed, from its superblock of version 3: for whoever knows that what is in the
// file is whole, and wants others to read it.
func Unmark(file interface {
	io.ReaderAt
	io.WriterAt
}) error {
	var b [markBytes]byte
	if _, err := file.ReadAt(b[:], 0); err != nil {
		return err
	}
	f := &File{}
	if string(b[:len(signature)]) != signature || b[markVersion] != 3 || b[markVersion+1] != 8 || b[markVersion+2] != 8 {
		return errors.New("expected an HDF5 file with a superblock of version 3 at its begin, and addresses of 8 bytes")
	}
	if err := f.checkSum(b[:]); err != nil {
		return err
	}
	if b[markFlags] == 0 {
		return nil
	}
	b[markFlags] = 0
	binary.LittleEndian.PutUint32(b[markSum:], lookup3(b[:markSum]))
	_, err := file.WriteAt(b[:], 0)
	return err
}
