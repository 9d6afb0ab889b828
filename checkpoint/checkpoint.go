// Package checkpoint reads named tensors, and the metadata beside them, from
// the files that PyTorch writes: checkpoints of torch.save, today's zip archives,
// the streams before 1.6 and the tar archives before those, and TorchScript
// archives; from safetensors; and the weights in ONNX files. Tensors stand in
// state dicts, anywhere in the file, and in modules that were written whole. It
// knows nothing of networks.
//
// A checkpoint is hostile input: its pickle runs in a machine that calls
// nothing. A short list of harmless constructors is built in; any other class
// or function becomes an inert *Object, which may sit in the metadata but
// never in a tensor. What is made of a file is counted before it is made: see
// docs/checkpoints.md for how much that may be.
package checkpoint

import (
	"errors"
	"fmt"
	"io"
)

// Checkpoint is what is in a file: its sets of tensors, and what stood beside them.
type Checkpoint struct {
	// Format is what kind of file it was, "PyTorch zip archive", "PyTorch
	// legacy stream", "PyTorch tar archive", "TorchScript archive",
	// "safetensors" or "ONNX"; "" for a checkpoint made in memory.
	Format string
	// Metadata is everything beside the sets of tensors (config, epoch, optimizer
	// state, …) as plain Go values: nil, bool, int64, *big.Int, float64,
	// string, []byte, []any, map[string]any, *Tensor and *Object. Containers
	// that a file shares, or that hold themselves, do so here too: walk them
	// with a limit (fmt and its kind would not end). A key that is no text
	// stands as its description, such as 3 or "a tuple", the last of equal ones.
	Metadata map[string]any

	// State is the likeliest set of tensors, or the one that Options.Key asks for
	// if Asked; Others is the rest, the likeliest first.
	*State
	Others []*State
	Asked  bool

	file io.Closer
}

// Named is a tensor and its name.
type Named struct {
	Name   string
	Tensor *Tensor
}

// New is a checkpoint made in memory.
func New(metadata map[string]any, tensors ...Named) *Checkpoint {
	entries := &dict{}
	for _, t := range tensors {
		_ = entries.put(nil, t.Name, t.Tensor) // uncounted
	}
	return &Checkpoint{Metadata: metadata, State: &State{Usual: true, entries: entries}}
}

// Options of reading; the zero value takes what a file offers.
type Options struct {
	// Key is where the tensors stand, such as ema, or callbacks.ema within the
	// dict of callbacks, or what their names begin with, such as student; ""
	// takes the likeliest of the file's sets.
	Key string
}

// Open reads a checkpoint file. Errors name the file, which stays open: elements
// are read with their tensors, until Close, and are an error once the file has changed.
func Open(path string) (*Checkpoint, error) { return OpenWith(path, Options{}) }

// OpenWith is Open with options.
func OpenWith(path string, opts Options) (*Checkpoint, error) {
	src, file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	c, err := decode(src, path, opts)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c.file = file
	return c, nil
}

// Close gives back the file that Open opened; to read tensors of it is an error
// from then on. It may be called twice.
func (c *Checkpoint) Close() error {
	file := c.file
	c.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
}

// Read reads a checkpoint of size bytes; name is what errors call it.
func Read(r io.ReaderAt, size int64, name string) (*Checkpoint, error) {
	return ReadWith(r, size, name, Options{})
}

// ReadWith is Read with options.
func ReadWith(r io.ReaderAt, size int64, name string, opts Options) (*Checkpoint, error) {
	file, err := (&source{r: r, size: size}).text(0, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return decode(inMemory(file), name, opts)
}

// fileFormats is how each format is known by its beginning, and read.
var fileFormats = []struct {
	is   func(head string) bool
	read func(src *source) (*Checkpoint, error)
}{
	{isZip, decodeZip}, {isLegacy, decodeLegacy}, {isTar, decodeTar}, {isSafetensors, decodeSafetensors}, {isONNX, decodeONNX},
}

// decode reads a file; tensors keep pointing into it.
func decode(src *source, name string, opts Options) (*Checkpoint, error) {
	if src.size == 0 {
		return nil, fmt.Errorf("%s: expected a checkpoint, found an empty file", name)
	}
	head, err := src.text(0, min(src.size, 512))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, format := range fileFormats {
		if !format.is(head) {
			continue
		}
		c, err := format.read(src)
		if err == nil {
			err = c.take(opts.Key)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return c, nil
	}
	return nil, fmt.Errorf("%s: expected a file of torch.save, torch.jit.save, safetensors or ONNX, found %s", name, mistaken(head))
}

func decodeZip(src *source) (*Checkpoint, error) {
	a, err := openArchive(src)
	if err != nil {
		return nil, err
	}
	pickle, err := a.read("data.pkl")
	if err != nil {
		return nil, err
	}
	s := &stream{src: src, text: pickle, load: storageIDs(a.storage)}
	root, err := s.pickle("data.pkl")
	if err != nil {
		return nil, err
	}
	if err := s.end("data.pkl"); err != nil {
		return nil, err
	}
	if a.isTorchScript() {
		return a.torchScript(root)
	}
	return fromPickle("PyTorch zip archive", root, src.allow)
}
