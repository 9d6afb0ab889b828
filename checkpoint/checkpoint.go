// Package checkpoint reads named tensors, and the metadata beside them, from
// the files that PyTorch writes: checkpoints of torch.save, today's zip archives,
// the streams before 1.6 and the tar archives before those, and TorchScript
// archives; from safetensors; and the weights in ONNX files. It knows nothing of
// networks.
//
// A checkpoint is hostile input: its pickle runs in a machine that calls
// nothing. A short list of harmless constructors is built in; any other class
// or function becomes an inert *Object, which may sit in the metadata but
// never in a tensor. Memory stays within a small multiple of the file's size.
package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Checkpoint is the tensors of a state dict, in the file's order, and what
// stood beside it.
type Checkpoint struct {
	// Format is what kind of file it was, "PyTorch zip archive", "PyTorch
	// legacy stream", "PyTorch tar archive", "TorchScript archive",
	// "safetensors" or "ONNX"; "" for a checkpoint made in memory.
	Format string
	// Metadata is everything beside the state dict (config, epoch, optimizer
	// state, …) as plain Go values: nil, bool, int64, *big.Int, float64,
	// string, []byte, []any, map[string]any, *Tensor and *Object. Containers
	// that a file shares, or that hold themselves, do so here too: walk them
	// with a limit (fmt and its kind would not end). A key that is no text
	// stands as its description, such as 3 or "a tuple", the last of equal ones.
	Metadata map[string]any
	// Key is where the state dict stood; "" is the top level. OtherKeys is where
	// else there are some, such as ema, for Options.Key to ask for.
	Key       string
	OtherKeys []string
	// Prefixes is what was stripped from the tensors' names, such as
	// "module.model.", in order of appearance.
	Prefixes []string

	names   []string
	tensors map[string]*Tensor
	unmap   func() error
}

// Named is a tensor and its name.
type Named struct {
	Name   string
	Tensor *Tensor
}

// New is a checkpoint made in memory.
func New(metadata map[string]any, tensors ...Named) *Checkpoint {
	c := &Checkpoint{Metadata: metadata, tensors: make(map[string]*Tensor, len(tensors))}
	for _, t := range tensors {
		c.names = append(c.names, t.Name)
		c.tensors[t.Name] = t.Tensor
	}
	return c
}

// Names is the names of the tensors, prefixes stripped, in the file's order.
func (c *Checkpoint) Names() []string { return slices.Clone(c.names) }

// Tensor is the tensor of a name.
func (c *Checkpoint) Tensor(name string) (t *Tensor, ok bool) {
	t, ok = c.tensors[name]
	return t, ok
}

// Options of reading; the zero value takes what a file offers.
type Options struct {
	// Key is where the state dict stands, such as ema, or callbacks.ema within
	// the dict of callbacks; "" looks under the usual keys and at the top level.
	Key string
}

// Open reads a checkpoint file. Errors name the file, which is mapped into
// memory: tensors point into it until Close, and it must not change meanwhile.
func Open(path string) (*Checkpoint, error) { return OpenWith(path, Options{}) }

// OpenWith is Open with options.
func OpenWith(path string, opts Options) (*Checkpoint, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would hang, and a directory has no bytes
		return nil, fmt.Errorf("%s: expected a regular file, found %s", path, info.Mode().Type())
	}
	file, unmap, err := mapFile(path, info.Size())
	if err != nil {
		return nil, err
	}
	c, err := decode(file, path, opts)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	c.unmap = unmap
	return c, nil
}

// Close gives back the file that Open mapped; the tensors must not be used any
// more. It may be called twice.
func (c *Checkpoint) Close() error {
	unmap := c.unmap
	c.unmap = nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

// Read reads a checkpoint of size bytes; name is what errors call it.
func Read(r io.ReaderAt, size int64, name string) (*Checkpoint, error) {
	file, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return decode(file, name, Options{})
}

// fileFormats is how each format is known by its beginning, and read.
var fileFormats = []struct {
	is   func(file []byte) bool
	read func(file []byte, opts Options) (*Checkpoint, error)
}{
	{isZip, decodeZip}, {isLegacy, decodeLegacy}, {isTar, decodeTar}, {isSafetensors, decodeSafetensors}, {isONNX, decodeONNX},
}

// decode reads a file's bytes; tensors keep pointing into them.
func decode(file []byte, name string, opts Options) (*Checkpoint, error) {
	if len(file) == 0 {
		return nil, fmt.Errorf("%s: expected a checkpoint, found an empty file", name)
	}
	for _, format := range fileFormats {
		if !format.is(file) {
			continue
		}
		c, err := format.read(file, opts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return c, nil
	}
	return nil, fmt.Errorf("%s: expected a file of torch.save, torch.jit.save, safetensors or ONNX, found one that begins with %q", name, file[:min(len(file), 8)])
}

func decodeZip(file []byte, opts Options) (*Checkpoint, error) {
	a, err := openArchive(file)
	if err != nil {
		return nil, err
	}
	pickle, err := a.read("data.pkl")
	if err != nil {
		return nil, err
	}
	s := &stream{bytes: pickle, load: storageIDs(a.storage)}
	root, err := s.pickle("data.pkl")
	if err != nil {
		return nil, err
	}
	if err := s.end("data.pkl"); err != nil {
		return nil, err
	}
	if a.isTorchScript() {
		if err := opts.noKey("a TorchScript archive"); err != nil {
			return nil, err
		}
		return fromModule(root, len(file))
	}
	return fromPickle("PyTorch zip archive", root, opts)
}

// noKey refuses a key where there is but one set of tensors.
func (o Options) noKey(what string) error {
	if o.Key != "" {
		return fmt.Errorf("key %q: %s has one set of tensors, without a key", o.Key, what)
	}
	return nil
}
