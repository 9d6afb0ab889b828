package h5

import (
	"errors"
	"fmt"
)

// The messages of an object's header that are read.
const (
	dataspaceMessage    = 0x01
	linkInfoMessage     = 0x02
	datatypeMessage     = 0x03
	oldFillMessage      = 0x04
	fillMessage         = 0x05
	linkMessage         = 0x06
	externalMessage     = 0x07
	layoutMessage       = 0x08
	filtersMessage      = 0x0b
	attributeMessage    = 0x0c
	continuationMessage = 0x10
	symbolsMessage      = 0x11
	attributesMessage   = 0x15
	lastMessage         = 0x18 // of those that the specification knows
)

// maxMessages is how many an object may have, each of which takes more memory than bytes.
const maxMessages = 1 << 16

// Flags of a message.
const (
	isShared      = 1 << 1
	failIfUnknown = 1 << 7
)

// message is a part of an object's header.
type message struct {
	kind  int
	flags byte
	data  []byte
}

// Kind is what an object is.
type Kind int

// The kinds of objects.
const (
	Other Kind = iota // a type with a name
	Group
	Array // a dataset
)

func (k Kind) String() string { return [...]string{"another object", "a group", "a dataset"}[k] }

// Object is a group, a dataset or another object of a file.
type Object struct {
	f        *File
	address  uint64
	messages []message
	links    []Link // of a group, once they are asked for
}

// Root is the group that all paths begin at.
func (f *File) Root() (*Object, error) { return f.object(f.root) }

func (f *File) object(address uint64) (*Object, error) {
	messages, err := f.header(address)
	if err != nil {
		return nil, fmt.Errorf("object header at address %d: %w", address, err)
	}
	return &Object{f: f, address: address, messages: messages}, nil
}

// Kind says what the object is.
func (o *Object) Kind() Kind {
	switch {
	case o.find(symbolsMessage) != nil || o.find(linkInfoMessage) != nil:
		return Group
	case o.find(datatypeMessage) != nil && o.find(dataspaceMessage) != nil:
		return Array
	}
	return Other
}

// find is the first message of a kind, or nil.
func (o *Object) find(kind int) *message {
	for i := range o.messages {
		if o.messages[i].kind == kind {
			return &o.messages[i]
		}
	}
	return nil
}

// cursor is what a message of the object says, from where that is; a message
// that is not there is an error.
func (o *Object) cursor(kind int, what string) (*cursor, error) {
	m := o.find(kind)
	if m == nil {
		return nil, fmt.Errorf("expected a %s, found none", what)
	}
	data, err := o.f.shared(m.flags&isShared != 0, m.data, kind)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &cursor{b: data, f: o.f}, nil
}

// shared is a message's data, or those of the message of another object that it
// says to stand for.
func (f *File) shared(elsewhere bool, data []byte, kind int) ([]byte, error) {
	if !elsewhere {
		return data, nil
	}
	c := &cursor{b: data, f: f}
	version, place := c.version("shared message", 2, 3), c.byte()
	if version == 3 && place != 2 {
		return nil, errors.New("shared messages in a heap are not read")
	}
	address := c.address()
	if c.err != nil {
		return nil, c.err
	}
	o, err := f.object(address)
	if err != nil {
		return nil, err
	}
	m := o.find(kind)
	if m == nil || m.flags&isShared != 0 {
		return nil, errors.New("expected a shared message, found none")
	}
	return m.data, nil
}

// header reads the messages of an object, with those of its continuations.
func (f *File) header(address uint64) ([]message, error) {
	h := &header{walk: f.walk()}
	prefix, err := h.read(address, min(64, f.size-int64(min(address, uint64(f.size)))))
	if err != nil {
		return nil, err
	}
	c := &cursor{b: prefix, f: f}
	if len(prefix) >= 4 && string(prefix[:4]) == "OHDR" {
		err = h.version2(c, address, len(prefix))
	} else {
		err = h.version1(c, address)
	}
	for i := 0; i < len(h.continuations) && err == nil; i++ {
		err = h.readContinuation(h.continuations[i])
	}
	if err != nil {
		return nil, err
	}
	return h.messages, nil
}

type header struct {
	*walk
	old           bool // version 1
	ordered       bool // messages have a number
	messages      []message
	continuations []extent
}

// extent is a part of the file.
type extent struct {
	address uint64
	bytes   uint64
}

func (h *header) version1(c *cursor, address uint64) error {
	h.old = true
	c.version("object header", 1)
	c.skip(1 + 2 + 4) // the number of messages and of links
	size := c.uint32()
	if c.err != nil {
		return c.err
	}
	const begin = 16
	b, err := h.read(address+begin, int64(size))
	if err != nil {
		return err
	}
	return h.take(b)
}

func (h *header) version2(c *cursor, address uint64, prefix int) error {
	c.signature("OHDR")
	c.version("OHDR", 2)
	flags := c.byte()
	h.ordered = flags&(1<<2) != 0
	if flags&(1<<5) != 0 {
		c.skip(4 * 4) // times
	}
	if flags&(1<<4) != 0 {
		c.skip(2 + 2) // when attributes become dense
	}
	size := c.uint(1 << (flags & 3))
	if c.err != nil {
		return c.err
	}
	if size > uint64(h.size) {
		return fmt.Errorf("expected %d bytes, found %d", h.size, size)
	}
	begin := prefix - len(c.b)
	block, err := h.block(address, int64(begin)+int64(size)+sumBytes, "OHDR")
	if err != nil {
		return err
	}
	return h.take(block.b[begin-len("OHDR"):])
}

func (h *header) readContinuation(e extent) error {
	if e.bytes > uint64(h.size) {
		return fmt.Errorf("expected a continuation of at most %d bytes, found %d", h.size, e.bytes)
	}
	if h.old {
		b, err := h.read(e.address, int64(e.bytes))
		if err != nil {
			return fmt.Errorf("continuation: %w", err)
		}
		return h.take(b)
	}
	c, err := h.block(e.address, int64(e.bytes), "OCHK")
	if err != nil {
		return err
	}
	return h.take(c.b)
}

// take reads messages to the end of a part, where there may be a gap.
func (h *header) take(b []byte) error {
	c := &cursor{b: b, f: h.File}
	for {
		var m message
		var size int
		if h.old {
			if len(c.b) < 8 {
				return nil
			}
			m.kind, size, m.flags = c.uint16(), c.uint16(), c.byte()
			c.skip(3)
		} else {
			least := 4
			if h.ordered {
				least += 2
			}
			if len(c.b) < least {
				return nil
			}
			m.kind, size, m.flags = int(c.byte()), c.uint16(), c.byte()
			c.skip(least - 4)
		}
		m.data = c.take(size)
		switch {
		case c.err != nil:
			return fmt.Errorf("message of type %d: %w", m.kind, c.err)
		case m.kind == continuationMessage:
			at := &cursor{b: m.data, f: h.File}
			h.continuations = append(h.continuations, extent{at.address(), at.length()})
			if at.err != nil {
				return fmt.Errorf("continuation: %w", at.err)
			}
		case m.kind > lastMessage && m.flags&failIfUnknown != 0:
			return fmt.Errorf("message of type %d is not known, and must be", m.kind)
		case len(h.messages) == maxMessages:
			return fmt.Errorf("expected at most %d messages, found more", maxMessages)
		case m.kind != 0:
			h.messages = append(h.messages, m)
		}
	}
}
