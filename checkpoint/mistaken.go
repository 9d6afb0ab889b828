package checkpoint

import (
	"fmt"
	"strings"
)

// mistaken says what a file is that is no checkpoint: a download that went
// wrong, or something else that people keep weights in.
func mistaken(file string) string {
	text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(file, "\xef\xbb\xbf"), " \t\r\n"))
	for _, kind := range []struct{ begins, is string }{
		{"version https://git-lfs", "a Git LFS pointer, which stands for the file: git lfs pull fetches the file itself"},
		{"<!doctype", htmlPage}, {"<html", htmlPage}, {"<head", htmlPage}, {"<?xml", htmlPage}, {"<!--", htmlPage},
	} {
		if strings.HasPrefix(text, kind.begins) {
			return kind.is
		}
	}
	for _, kind := range []struct{ begins, is string }{
		{"\x1f\x8b", "a gzip file: unpack it"},
		{"\xfd7zXZ", "an xz file: unpack it"},
		{"BZh", "a bzip2 file: unpack it"},
		{"\x28\xb5\x2f\xfd", "a zstd file: unpack it"},
		{"\x89HDF\r\n", "an HDF5 file"},
		{"GGUF", "a GGUF file"},
		{"\x93NUMPY", "an array of NumPy"},
		{"\x80", "a bare pickle, or another file of Python's: torch.save writes one that can be read"},
	} {
		if strings.HasPrefix(file, kind.begins) {
			return kind.is
		}
	}
	n := min(len(file), 8)
	for n < min(len(file), 40) && file[n] >= ' ' && file[n] <= '~' { // a message, perhaps
		n++
	}
	return fmt.Sprintf("one that begins with %q", file[:n])
}

const htmlPage = "a web page: the download failed, or was of a page about the file"
