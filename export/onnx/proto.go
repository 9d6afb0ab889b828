// Package onnx writes a student as an ONNX graph: its energy and, by the
// backward pass written out node by node, its forces.
package onnx

import (
	"encoding/binary"
	"math"
)

// message is a protocol buffer being written: fields of a number and a value.
// The numbers are those of onnx.proto.
type message []byte

func (m *message) tag(field, kind int) { *m = binary.AppendUvarint(*m, uint64(field<<3|kind)) }

func (m *message) varint(field int, x int64) {
	m.tag(field, 0)
	*m = binary.AppendUvarint(*m, uint64(x))
}

func (m *message) bytes(field int, b []byte) {
	m.tag(field, 2)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}

func (m *message) text(field int, s string) { m.bytes(field, []byte(s)) }

// Types of elements.
const (
	typeFloat = 1
	typeInt64 = 7
)

// tensor is a TensorProto; data is little-endian.
func tensor(name string, kind int64, shape []int, data []byte) message {
	var m message
	for _, d := range shape {
		m.varint(1, int64(d))
	}
	m.varint(2, kind)
	m.text(8, name)
	m.bytes(9, data)
	return m
}

// value is a ValueInfoProto: a name, a type and dimensions, some of them named.
func value(name string, kind int64, doc string, shape ...any) message {
	var dims, tensorType, typeProto, m message
	for _, d := range shape {
		var dim message
		if n, ok := d.(int); ok {
			dim.varint(1, int64(n))
		} else {
			dim.text(2, d.(string))
		}
		dims.bytes(1, dim)
	}
	tensorType.varint(1, kind)
	tensorType.bytes(2, dims)
	typeProto.bytes(1, tensorType)
	m.text(1, name)
	m.bytes(2, typeProto)
	m.text(3, doc)
	return m
}

// attribute is an AttributeProto.
type attribute message

func attr(name string, v any) attribute {
	var m message
	m.text(1, name)
	switch v := v.(type) {
	case int:
		m.varint(3, int64(v))
		m.varint(20, 2)
	case string:
		m.text(4, v)
		m.varint(20, 3)
	case message: // a tensor
		m.bytes(5, v)
		m.varint(20, 4)
	}
	return attribute(m)
}

func floats(x ...float32) (b []byte) {
	for _, f := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func integers(x ...int64) (b []byte) {
	for _, i := range x {
		b = binary.LittleEndian.AppendUint64(b, uint64(i))
	}
	return b
}
