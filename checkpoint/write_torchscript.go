package checkpoint

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
)

// submodule is a module of a TorchScript archive: what stands between the dots
// of the tensors' names.
type submodule struct {
	path     string // from the root, with dots; "" is the root
	names    []string
	children map[string]*submodule
	tensors  map[string]*Tensor
}

func newSubmodule(path string) *submodule {
	return &submodule{path: path, children: map[string]*submodule{}, tensors: map[string]*Tensor{}}
}

// class is its class in the archive's one file of code.
func (m *submodule) class() string {
	if m.path == "" {
		return "Student"
	}
	return "Part_" + strings.ReplaceAll(m.path, ".", "_")
}

// tree puts the tensors into modules in modules.
func (c *Checkpoint) tree() (*submodule, error) {
	root := newSubmodule("")
	for full, t := range c.All() {
		m, parts := root, strings.Split(full, ".")
		for k, name := range parts[:len(parts)-1] {
			child := m.children[name]
			if child == nil {
				child = newSubmodule(strings.Join(parts[:k+1], "."))
				m.children[name], m.names = child, append(m.names, name)
			}
			m = child
		}
		name := parts[len(parts)-1]
		if m.children[name] != nil {
			return nil, fmt.Errorf("tensor %s: there is a module of that name", full)
		}
		m.tensors[name], m.names = t, append(m.names, name)
	}
	return root, nil
}

// WriteTorchScript writes what torch.jit.load opens: a module whose attributes
// are the tensors by their names, and whose method is forward, TorchScript
// source that begins with "  def forward(self: __torch__.Student, …". config,
// JSON, is an extra file "config". The same checkpoint gives the same bytes.
func (c *Checkpoint) WriteTorchScript(w io.Writer, forward string, config []byte) error {
	root, err := c.tree()
	if err != nil {
		return err
	}
	var p pickler
	p.WriteString("\x80\x02")
	p.module(root)
	p.WriteByte('.')
	var code strings.Builder
	classes(&code, root)
	code.WriteString(forward)

	a := alignedZip{out: &counter{w: w}}
	a.zip = zip.NewWriter(a.out)
	a.add("data.pkl", p.Bytes())
	a.add("code/__torch__.py", []byte(code.String()))
	a.add("extra/config", config)
	a.add("constants.pkl", []byte("\x80\x02)."))
	return a.finish(p.storages)
}

// module writes an object of the module's class with its attributes.
func (p *pickler) module(m *submodule) {
	p.global("__torch__", m.class())
	p.WriteString(")\x81}(")
	for _, name := range m.names {
		p.text(name)
		if child := m.children[name]; child != nil {
			p.module(child)
		} else {
			p.tensor(m.tensors[name])
		}
	}
	p.text("training")
	p.WriteByte(0x89)
	p.WriteString("ub")
}

// classes declares the classes, the root's last: its methods follow.
func classes(code *strings.Builder, m *submodule) {
	for _, name := range m.names {
		if child := m.children[name]; child != nil {
			classes(code, child)
		}
	}
	fmt.Fprintf(code, "class %s(Module):\n  __parameters__ = [", m.class())
	for _, name := range m.names {
		if m.tensors[name] != nil {
			fmt.Fprintf(code, "%q, ", name)
		}
	}
	code.WriteString("]\n  __buffers__ = []\n")
	for _, name := range m.names {
		kind := "Tensor"
		if child := m.children[name]; child != nil {
			kind = "__torch__." + child.class()
		}
		if name[0] >= '0' && name[0] <= '9' { // a list's: no identifier
			fmt.Fprintf(code, "  __annotations__[%q] = %s\n", name, kind)
		} else {
			fmt.Fprintf(code, "  %s : %s\n", name, kind)
		}
	}
	code.WriteString("  training : bool\n")
}
