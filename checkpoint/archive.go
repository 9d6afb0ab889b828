package checkpoint

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"sync"
)

// archive is the zip file that torch.save writes since 1.6: a folder with
// data.pkl, the pickle, and data/0, data/1, …, the storages' bytes.
type archive struct {
	file      []byte
	prefix    string // the folder, with its slash
	entries   map[string]*zip.File
	bigEndian bool
	total     uint64 // bytes of the entries read so far
	storages  map[string]*Storage
}

// maxExpansion bounds what is read of deflated entries, and of stored ones that
// overlap: so much times the file's size, in all.
const maxExpansion = 64

func openArchive(file []byte) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("expected a PyTorch zip archive: %w", err)
	}
	a := &archive{file: file, entries: make(map[string]*zip.File, len(z.File)), storages: map[string]*Storage{}}
	pickle := ""
	for _, f := range z.File {
		if a.entries[f.Name] != nil {
			return nil, fmt.Errorf("zip archive: expected one entry %q, found two", f.Name)
		}
		a.entries[f.Name] = f
		if folder, base := path.Split(f.Name); base == "data.pkl" && (pickle == "" || len(folder) < len(a.prefix)) {
			pickle, a.prefix = f.Name, folder
		}
	}
	if pickle == "" {
		return nil, errors.New("zip archive: expected an entry data.pkl, found none; this is no PyTorch checkpoint")
	}
	if a.entries[a.prefix+"byteorder"] != nil {
		order, err := a.read("byteorder")
		if err != nil {
			return nil, err
		}
		if s := string(order); s != "little" && s != "big" {
			return nil, fmt.Errorf("byteorder: expected little or big, found %.20q", s)
		}
		a.bigEndian = string(order) == "big"
	}
	return a, nil
}

// read is the bytes of an entry, its checksum checked: those of the file
// itself where the entry is stored as it is.
func (a *archive) read(name string) ([]byte, error) {
	f := a.entries[a.prefix+name]
	if f == nil {
		return nil, fmt.Errorf("zip archive: expected an entry %s, found none", a.prefix+name)
	}
	content, err := a.content(f)
	if err != nil {
		return nil, fmt.Errorf("zip entry %s: %w", f.Name, err)
	}
	return content, nil
}

func (a *archive) content(f *zip.File) ([]byte, error) {
	if f.Method == zip.Store {
		content, err := a.stored(f)
		if err == nil && crc32.ChecksumIEEE(content) != f.CRC32 {
			err = zip.ErrChecksum
		}
		return content, err
	}
	if err := a.spend(f); err != nil {
		return nil, err
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, int64(f.UncompressedSize64)+1)) // the reader checks length and checksum
}

func (a *archive) spend(f *zip.File) error {
	if limit := maxExpansion*uint64(len(a.file)) - a.total; f.UncompressedSize64 > limit {
		return fmt.Errorf("expected entries of at most %d times the size of the file in all, found more", maxExpansion)
	}
	a.total += f.UncompressedSize64
	return nil
}

// stored is the bytes of the file itself; its checksum is left to the caller.
func (a *archive) stored(f *zip.File) ([]byte, error) {
	if err := a.spend(f); err != nil {
		return nil, err
	}
	start, err := f.DataOffset()
	if err != nil {
		return nil, err
	}
	if size := uint64(len(a.file)); f.UncompressedSize64 > size || uint64(start) > size-f.UncompressedSize64 {
		return nil, fmt.Errorf("expected %d bytes, found the end of the file", f.UncompressedSize64)
	}
	return a.file[start : start+int64(f.UncompressedSize64)], nil
}

// storage is the storage of a key, the same one for the same key.
func (a *archive) storage(key string, dtype DType, elements int64, view any) (*Storage, error) {
	if view != nil {
		return nil, fmt.Errorf("storage %s: expected a whole one, found a view", key)
	}
	s := a.storages[key]
	if s == nil {
		var err error
		if s, err = a.open(key); err != nil {
			return nil, err
		}
		s.DType = dtype
		a.storages[key] = s
	}
	if s.DType != dtype {
		return nil, fmt.Errorf("storage %s: expected %s, as before, found %s", key, s.DType, dtype)
	}
	if int64(len(s.Data)/dtype.Size()) != elements || len(s.Data)%dtype.Size() != 0 {
		return nil, fmt.Errorf("storage %s: expected %d elements of %s, found %d bytes", key, elements, dtype, len(s.Data))
	}
	return s, nil
}

// open is the bytes of a storage. Stored ones are used in place, and their
// checksum is looked at when a tensor is read: opening a large file touches
// little of it.
func (a *archive) open(key string) (*Storage, error) {
	name := a.prefix + "data/" + key
	f := a.entries[name]
	if f == nil || f.Method != zip.Store {
		content, err := a.read("data/" + key)
		return &Storage{Key: key, Data: content, BigEndian: a.bigEndian}, err
	}
	content, err := a.stored(f)
	if err != nil {
		return nil, fmt.Errorf("zip entry %s: %w", name, err)
	}
	check := sync.OnceValue(func() error {
		if crc32.ChecksumIEEE(content) != f.CRC32 {
			return fmt.Errorf("zip entry %s: %w", name, zip.ErrChecksum)
		}
		return nil
	})
	return &Storage{Key: key, Data: content, BigEndian: a.bigEndian, check: check}, nil
}
