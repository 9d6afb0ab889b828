package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"
)

// WritePyTorch writes what torch.load opens: the tensors, contiguous and in
// their order, under model_state_dict, and the metadata, which is plain values,
// beside it. It opens with weights_only=True in PyTorch 1.13, which has no
// floats: whole numbers become integers, others tensors without dimensions.
// The same checkpoint gives the same bytes.
func (c *Checkpoint) WritePyTorch(w io.Writer) error {
	var p pickler
	p.WriteString("\x80\x02}(")
	p.text("model_state_dict")
	p.orderedDict()
	p.WriteByte('(')
	for name, t := range c.All() {
		p.text(name)
		p.tensor(t)
	}
	p.WriteByte('u')
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		p.text(key)
		if err := p.value(c.Metadata[key]); err != nil {
			return fmt.Errorf("metadata %s: %w", key, err)
		}
	}
	p.WriteString("u.")

	a := alignedZip{out: &counter{w: w}}
	a.zip = zip.NewWriter(a.out)
	a.add("data.pkl", p.Bytes())
	a.add("byteorder", []byte("little"))
	return a.finish(p.storages)
}

// alignedZip stores entries so that their contents begin at multiples of 64
// bytes, which is where PyTorch puts them.
type alignedZip struct {
	zip *zip.Writer
	out *counter
	err error
}

const (
	alignment   = 64
	extraHeader = 4
)

func (a *alignedZip) add(name string, content []byte) {
	if a.err != nil {
		return
	}
	if a.err = a.zip.Flush(); a.err != nil {
		return
	}
	h := &zip.FileHeader{Name: "archive/" + name, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))}
	begin := a.out.n + localHeader + len(h.Name) + extraHeader
	padding := (alignment - begin%alignment) % alignment
	h.Extra = append([]byte{'F', 'B', byte(padding), 0}, make([]byte, padding)...)
	f, err := a.zip.CreateRaw(h)
	if err == nil {
		_, err = f.Write(content)
	}
	a.err = err
}

// finish adds the storages and ends the archive.
func (a *alignedZip) finish(storages []*Tensor) error {
	for i, t := range storages {
		if dtypes[t.DType()].storage == "" {
			return fmt.Errorf("type %s: PyTorch 1.13 has no such storages", t.DType())
		}
		content, err := t.Bytes()
		if err != nil {
			return err
		}
		a.add(fmt.Sprint("data/", i), content)
	}
	a.add("version", []byte("3\n"))
	if a.err != nil {
		return a.err
	}
	return a.zip.Close()
}

// counter counts the bytes that go through it.
type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}

// WriteSafetensors writes the tensors, with text beside them. The same
// checkpoint gives the same bytes.
func (c *Checkpoint) WriteSafetensors(w io.Writer, metadata map[string]string) error {
	types := map[DType]string{}
	for name, d := range safetensorsTypes {
		types[d] = name
	}
	// Large elements first, so that all are aligned.
	tensors := c.Tensors()
	slices.SortFunc(tensors, func(a, b Named) int {
		if x, y := a.Tensor.DType().Size(), b.Tensor.DType().Size(); x != y {
			return y - x
		}
		return strings.Compare(a.Name, b.Name)
	})
	var header bytes.Buffer
	field := func(name string, v any) error {
		header.WriteByte(map[bool]byte{true: '{', false: ','}[header.Len() == 0])
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		value, err := json.Marshal(v)
		fmt.Fprintf(&header, "%s:%s", key, value)
		return err
	}
	if err := field("__metadata__", metadata); err != nil {
		return err
	}
	end := int64(0)
	for _, named := range tensors {
		name, t := named.Name, named.Tensor
		s := safetensor{DType: types[t.DType()], Shape: make([]int64, len(t.Shape))}
		if s.DType == "" {
			return fmt.Errorf("tensor %s: safetensors has no type %s", name, t.DType())
		}
		for k, n := range t.Shape {
			s.Shape[k] = int64(n)
		}
		s.Offsets = []int64{end, end + int64(t.Len()*t.DType().Size())}
		end = s.Offsets[1]
		if err := field(name, s); err != nil {
			return err
		}
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	if _, err := io.WriteString(w, string(binary.LittleEndian.AppendUint64(nil, uint64(header.Len())))+header.String()); err != nil {
		return err
	}
	for _, t := range tensors {
		content, err := t.Tensor.Bytes()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	return nil
}
