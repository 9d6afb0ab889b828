package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// isTorchScript reports whether an archive is what torch.jit.save writes: code
// beside data.pkl.
func (a *archive) isTorchScript() bool {
	for name := range a.entries {
		if name == a.prefix+"constants.pkl" || strings.HasPrefix(name, a.prefix+"code/") {
			return true
		}
	}
	return false
}

// torchScript takes the tensors of a module, whose attributes' names are joined
// by dots, and the texts that were given as extra files; its code is left alone.
func (a *archive) torchScript(root any) (*Checkpoint, error) {
	if _, ok := root.(*Object); !ok {
		return nil, fmt.Errorf("TorchScript: expected a module, found %s", describe(root))
	}
	w := &moduleWalk{state: &dict{}, numbers: map[string]float64{}, limit: int(a.src.size/8) + 64, allow: a.src.allow}
	if err := w.module(root, "", 0); err != nil {
		return nil, fmt.Errorf("TorchScript: %w", err)
	}
	if len(w.state.entries) == 0 {
		return nil, fmt.Errorf("TorchScript module: %w, found none", errNoTensors)
	}
	c := newCheckpoint("TorchScript archive", []*State{{Numbers: w.numbers, entries: w.state}})
	return c, a.extraFiles(c.Metadata)
}

// Limits of extra files that are metadata.
const (
	maxExtraFiles = 64
	maxExtraFile  = 1 << 16 // bytes
)

// extraFiles reads what torch.jit.save was given beside the module, where it is short text.
func (a *archive) extraFiles(metadata map[string]any) error {
	for _, full := range slices.Sorted(maps.Keys(a.entries)) {
		name, ok := strings.CutPrefix(full, a.prefix+"extra/")
		if !ok || a.entries[full].inflated > maxExtraFile || len(metadata) == maxExtraFiles {
			continue
		}
		content, err := a.read("extra/" + name)
		if err != nil {
			return err
		}
		if utf8.ValidString(content) {
			metadata[name] = content
		}
	}
	return nil
}
