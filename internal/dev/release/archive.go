package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// entry is a file, a folder or a link of a tree.
type entry struct {
	name   string // with slashes, and at the end of a folder one more
	mode   fs.FileMode
	target string // of a link
	path   string // of a file
}

// walk is the entries of a folder, itself too, in the order of their names. Of
// the permissions of files counts whether they may be run.
func walk(folder string) (entries []entry, err error) {
	parent := filepath.Dir(folder)
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(parent, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{name: filepath.ToSlash(name), path: path, mode: 0o644}
		switch {
		case d.IsDir():
			e.name += "/"
			e.mode = fs.ModeDir | 0o755
		case d.Type() == fs.ModeSymlink:
			e.mode = fs.ModeSymlink | 0o777
			if e.target, err = os.Readlink(path); err != nil {
				return err
			}
		case info.Mode()&0o100 != 0:
			e.mode = 0o755
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// create hands a new file to write, and closes it.
func create(path string, write func(w io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func copyTo(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}

// writeTarball packs a folder, with all files of root's and of one time.
func writeTarball(path, folder string, at time.Time) error {
	entries, err := walk(folder)
	if err != nil {
		return err
	}
	return create(path, func(w io.Writer) error {
		packed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		archive := tar.NewWriter(packed)
		for _, e := range entries {
			h := &tar.Header{Name: e.name, Mode: int64(e.mode.Perm()), ModTime: at, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Linkname: e.target}
			switch e.mode.Type() {
			case fs.ModeDir:
				h.Typeflag = tar.TypeDir
			case fs.ModeSymlink:
				h.Typeflag = tar.TypeSymlink
			default:
				info, err := os.Stat(e.path)
				if err != nil {
					return err
				}
				h.Size = info.Size()
			}
			if err := archive.WriteHeader(h); err != nil {
				return err
			}
			if h.Typeflag == tar.TypeReg {
				if err := copyTo(archive, e.path); err != nil {
					return err
				}
			}
		}
		if err := archive.Close(); err != nil {
			return err
		}
		return packed.Close()
	})
}

// zipper writes ZIP archives whose files are of one time.
type zipper struct {
	*zip.Writer
	at time.Time
}

func newZipper(w io.Writer, at time.Time) zipper {
	z := zipper{zip.NewWriter(w), at}
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	return z
}

// add begins a file.
func (z zipper) add(name string, mode fs.FileMode) (io.Writer, error) {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.at}
	h.SetMode(mode)
	return z.CreateHeader(h)
}

// writeZip packs a folder that has no links.
func writeZip(path, folder string, at time.Time) error {
	entries, err := walk(folder)
	if err != nil {
		return err
	}
	return create(path, func(w io.Writer) error {
		z := newZipper(w, at)
		for _, e := range entries {
			if e.mode.IsDir() {
				continue
			}
			f, err := z.add(e.name, e.mode)
			if err != nil {
				return err
			}
			if err := copyTo(f, e.path); err != nil {
				return err
			}
		}
		return z.Close()
	})
}
