// Package checkpoint reads named tensors, and the metadata beside them, from
// the files that PyTorch writes: checkpoints of torch.save, today's zip archives
// and the streams before 1.6, and TorchScript archives; from safetensors; and the
// weights in ONNX files. It knows nothing of networks.
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
	"strings"
)

// Checkpoint is the tensors of a state dict, in the file's order, and what
// stood beside it.
type Checkpoint struct {
	// Format is what kind of file it was, "PyTorch zip archive", "PyTorch
	// legacy stream", "TorchScript archive", "safetensors" or "ONNX"; "" for a
	// checkpoint made in memory.
	Format string
	// Metadata is everything beside the state dict (config, epoch, optimizer
	// state, …) as plain Go values: nil, bool, int64, *big.Int, float64,
	// string, []byte, []any, map[string]any, *Tensor and *Object. Containers
	// that a file shares, or that hold themselves, do so here too: walk them
	// with a limit (fmt and its kind would not end). A key that is no text
	// stands as its description, such as 3 or "a tuple", the last of equal ones.
	Metadata map[string]any
	// Key is where the state dict stood; "" is the top level.
	Key string
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
	// Key is where the state dict stands, such as ema; "" looks for it under
	// the usual keys and at the top level.
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

// decode reads a file's bytes; tensors keep pointing into them.
func decode(file []byte, name string, opts Options) (*Checkpoint, error) {
	read := decodeZip
	switch {
	case len(file) == 0:
		return nil, fmt.Errorf("%s: %w", name, errEmpty)
	case isLegacy(file):
		read = decodeLegacy
	case isSafetensors(file):
		read = decodeSafetensors
	case isONNX(file):
		read = decodeONNX
	}
	c, err := read(file, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
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
	m := newMachine(pickle, a.storage)
	root, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("data.pkl, byte %d: %w", m.at, err)
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

// fromPickle finds the state dict in the value of a pickle of a file of that format.
func fromPickle(format string, root any, opts Options) (*Checkpoint, error) {
	top, ok := root.(*dict)
	if !ok {
		return nil, fmt.Errorf("expected a dict, found %s", describe(root))
	}
	state, key, err := findStateDict(top, opts.Key)
	if err != nil {
		return nil, err
	}
	c := New(map[string]any{})
	c.Format, c.Key = format, key
	if err := c.addTensors(state, key == ""); err != nil {
		return nil, err
	}
	plain := &converter{done: map[any]any{}}
	for _, e := range top.entries {
		name, isText := e.key.(string)
		if _, isTensor := e.value.(*Tensor); key == "" && isTensor || isText && key != "" && name == key {
			continue
		}
		value, err := plain.convert(e.value, 0)
		if err != nil {
			return nil, fmt.Errorf("metadata %v: %w", e.key, err)
		}
		c.Metadata[text(e.key)] = value
	}
	return c, nil
}

// stateDictKeys is where a state dict stands, the likeliest first.
var stateDictKeys = []string{"model_state_dict", "state_dict", "model"}

func findStateDict(top *dict, wanted string) (state *dict, key string, err error) {
	if wanted != "" {
		if state, ok := top.get(wanted).(*dict); ok && state.holdsTensors() {
			return state, wanted, nil
		}
		return nil, "", fmt.Errorf("no state dict: expected tensors under %q, found %s", wanted, describe(top.get(wanted)))
	}
	for _, key := range stateDictKeys {
		if state, ok := top.get(key).(*dict); ok && state.holdsTensors() {
			return state, key, nil
		}
	}
	if top.holdsTensors() {
		return top, "", nil
	}
	keys := make([]string, 0, len(top.entries))
	for _, e := range top.entries[:min(len(top.entries), 20)] {
		key := fmt.Sprintf("%.80q", text(e.key))
		if slices.Contains(stateDictKeys, text(e.key)) {
			key += " (" + describe(e.value) + " without tensors)"
		}
		keys = append(keys, key)
	}
	return nil, "", fmt.Errorf("no state dict: expected tensors at the top level or under one of %q, found the keys [%s]", stateDictKeys, strings.Join(keys, " "))
}

var errEmpty = errors.New("expected a PyTorch checkpoint, found an empty file")

var errNotTensor = errors.New("expected a tensor")

// addTensors takes the tensors of a state dict, their names stripped of
// prefixes. lenient is for a state dict that shares its level with metadata.
func (c *Checkpoint) addTensors(state *dict, lenient bool) error {
	original, seen := map[string]string{}, map[string]bool{"": true}
	for _, e := range state.entries {
		tensor, ok := e.value.(*Tensor)
		if !ok && lenient {
			continue
		}
		full, isText := e.key.(string)
		if !isText {
			return fmt.Errorf("state dict: expected names of tensors, found %s", describe(e.key))
		}
		if !ok {
			return fmt.Errorf("state dict entry %s: %w, found %s", full, errNotTensor, describe(e.value))
		}
		prefix, name := splitPrefix(full)
		if before, ok := original[name]; ok {
			return fmt.Errorf("tensors %s and %s are both %s without their prefixes", before, full, name)
		}
		original[name] = full
		if !seen[prefix] {
			seen[prefix] = true
			c.Prefixes = append(c.Prefixes, prefix)
		}
		c.names = append(c.names, name)
		c.tensors[name] = tensor
	}
	return nil
}
