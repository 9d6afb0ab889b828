package h5

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Link is a name in a group.
type Link struct {
	Name    string
	kind    linkKind
	address uint64
	target  string // of another than a hard link
}

// linkKind is a link's type by the specification; those from 65 are users' own.
type linkKind byte

const (
	hard     linkKind = 0
	soft     linkKind = 1
	external linkKind = 64
)

// maxName is the most bytes of a name or a soft link's path.
const maxName = 1024

// Open is the object that a hard link leads to. Other links are errors: what
// they lead to may be in another file.
func (f *File) Open(l Link) (*Object, error) {
	what := "a user-defined link"
	switch l.kind {
	case hard:
		return f.object(l.address)
	case soft:
		what = "a soft link"
	case external:
		what = "an external link"
	}
	return nil, fmt.Errorf("expected an object of this file, found %s to %.100q", what, l.target)
}

// Lookup is the object at a path of hard links from the root, as /a/b, or nil
// where there is none.
func (f *File) Lookup(path string) (*Object, error) {
	root, err := f.Root()
	if err != nil {
		return nil, err
	}
	return root.Lookup(path)
}

// Lookup is the object at a path of hard links from a group, as a/b, or nil where
// there is none.
func (o *Object) Lookup(path string) (*Object, error) {
	var err error
	at := ""
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if err != nil || name == "" {
			return o, err
		}
		if kind := o.Kind(); kind != Group {
			return nil, fmt.Errorf("expected a group at %s, found %s", at, kind)
		}
		links, err := o.Links()
		if err != nil {
			return nil, fmt.Errorf("%s/: %w", at, err)
		}
		i, found := slices.BinarySearchFunc(links, name, byName)
		if !found {
			return nil, nil
		}
		if o, err = o.f.Open(links[i]); err != nil {
			return nil, err
		}
		at += "/" + name
	}
	return o, err
}

func byName(l Link, name string) int { return strings.Compare(l.Name, name) }

// Links is what a group has, in the order of the names, not to be changed.
func (o *Object) Links() ([]Link, error) {
	if o.links != nil {
		return o.links, nil
	}
	var links []Link
	left := o.f.size
	add := func(l Link) error {
		if left -= int64(len(l.Name) + len(l.target)); left < 0 {
			return errors.New("expected names that do not overlap, found more bytes than the file has")
		}
		links = append(links, l)
		return nil
	}
	if err := o.eachLink(add); err != nil {
		return nil, err
	}
	if err := sortByName("names", links, func(l Link) string { return l.Name }); err != nil {
		return nil, err
	}
	o.links = links
	return links, nil
}

// sortByName puts a list in the order of its names, of which none may stand twice.
func sortByName[T any](what string, list []T, name func(T) string) error {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(name(a), name(b)) })
	for i := 1; i < len(list); i++ {
		if name(list[i-1]) == name(list[i]) {
			return fmt.Errorf("expected %s that differ, found %.100q twice", what, name(list[i]))
		}
	}
	return nil
}

func (o *Object) eachLink(add func(Link) error) error {
	if o.find(symbolsMessage) != nil {
		return o.eachSymbol(add)
	}
	for _, m := range o.messages {
		if m.kind == linkMessage {
			l, err := parseLink(&cursor{b: m.data, f: o.f})
			if err != nil {
				return fmt.Errorf("link: %w", err)
			}
			if err := add(l); err != nil {
				return err
			}
		}
	}
	c, err := o.cursor(linkInfoMessage, "group")
	if err != nil {
		return err
	}
	heap, tree := c.dense("link info", 8)
	if c.err != nil {
		return c.err
	}
	if heap == undefined {
		return nil
	}
	const hash = 4
	return o.f.eachInHeap(heap, tree, linksByName, hash, func(b []byte, _ byte) error {
		l, err := parseLink(&cursor{b: b, f: o.f})
		if err != nil {
			return fmt.Errorf("link: %w", err)
		}
		return add(l)
	})
}

// parseLink reads a link message.
func parseLink(c *cursor) (l Link, err error) {
	c.version("link", 1)
	flags := c.byte()
	if flags&(1<<3) != 0 {
		l.kind = linkKind(c.byte())
	}
	if flags&(1<<2) != 0 {
		c.skip(8) // its number
	}
	if flags&(1<<4) != 0 {
		c.skip(1) // ASCII or UTF-8
	}
	size := c.uint(1 << (flags & 3))
	if size > maxName {
		return l, fmt.Errorf("expected a name of at most %d bytes, found %d", maxName, size)
	}
	l.Name = string(c.take(int(size)))
	switch l.kind {
	case hard:
		l.address = c.address()
	case external:
		c.skip(2 + 1) // the size, version and flags
		l.target = c.text(len(c.b))
	default:
		l.target = string(c.take(c.uint16()))
	}
	return l, c.err
}
