package checkpoint

import "fmt"

// instructions is what each opcode does, under the names of Python's pickletools.
var instructions = [256]func(*machine) error{
	// Constants.
	'N':  func(m *machine) error { return m.push(nil) },   // NONE
	0x88: func(m *machine) error { return m.push(true) },  // NEWTRUE
	0x89: func(m *machine) error { return m.push(false) }, // NEWFALSE

	// Numbers.
	'I':  fromLine(integerOrBool),                                            // INT
	'L':  fromLine(decimalInteger),                                           // LONG
	'F':  fromLine(decimalFloat),                                             // FLOAT
	'J':  fromUint(4, func(x uint64) any { return int64(int32(uint32(x))) }), // BININT
	'K':  fromUint(1, func(x uint64) any { return int64(x) }),                // BININT1
	'M':  fromUint(2, func(x uint64) any { return int64(x) }),                // BININT2
	0x8a: fromCounted(1, 2, longInteger[string]),                             // LONG1
	0x8b: fromCounted(4, 2, longInteger[string]),                             // LONG4
	'G':  binaryFloat,                                                        // BINFLOAT

	// Text and bytes.
	'S':  fromLine(quoted),                                           // STRING
	'V':  fromLine(rawUnicode),                                       // UNICODE
	'T':  fromCounted(4, 0, func(s string) any { return s }),         // BINSTRING
	'U':  fromCounted(1, 0, func(s string) any { return s }),         // SHORT_BINSTRING
	'X':  unicode(4),                                                 // BINUNICODE
	0x8c: unicode(1),                                                 // SHORT_BINUNICODE
	0x8d: unicode(8),                                                 // BINUNICODE8
	'B':  fromCounted(4, 1, func(s string) any { return []byte(s) }), // BINBYTES
	'C':  fromCounted(1, 1, func(s string) any { return []byte(s) }), // SHORT_BINBYTES
	0x8e: fromCounted(8, 1, func(s string) any { return []byte(s) }), // BINBYTES8
	0x96: fromCounted(8, 1, func(s string) any { return []byte(s) }), // BYTEARRAY8

	// Containers.
	'(':  (*machine).mark,                                                         // MARK
	']':  func(m *machine) error { return m.made(listBytes, &list{}) },            // EMPTY_LIST
	')':  func(m *machine) error { return m.made(listBytes, &list{fixed: true}) }, // EMPTY_TUPLE
	'}':  func(m *machine) error { return m.made(dictBytes, &dict{}) },            // EMPTY_DICT
	0x8f: func(m *machine) error { return m.made(listBytes, &list{}) },            // EMPTY_SET
	'l':  func(m *machine) error { return m.list(m.above()) },                     // LIST
	't':  func(m *machine) error { return m.tuple(m.above()) },                    // TUPLE
	'd':  newDictOf,                                                               // DICT
	0x91: func(m *machine) error { return m.tuple(m.above()) },                    // FROZENSET, which is a key of a dict as a tuple is
	0x85: func(m *machine) error { return m.tuple(m.topmost(1)) },                 // TUPLE1
	0x86: func(m *machine) error { return m.tuple(m.topmost(2)) },                 // TUPLE2
	0x87: func(m *machine) error { return m.tuple(m.topmost(3)) },                 // TUPLE3
	'a':  func(m *machine) error { return m.extend(m.topmost(1)) },                // APPEND
	's':  func(m *machine) error { return m.extend(m.topmost(2)) },                // SETITEM
	'e':  func(m *machine) error { return m.extend(m.above()) },                   // APPENDS
	'u':  func(m *machine) error { return m.extend(m.above()) },                   // SETITEMS
	0x90: func(m *machine) error { return m.extend(m.above()) },                   // ADDITEMS

	// The stack and the memo.
	'0':  discard,                                                                          // POP
	'1':  func(m *machine) error { _, err := m.above(); return err },                       // POP_MARK
	'2':  func(m *machine) error { return m.again(m.top()) },                               // DUP
	'p':  fromLineTo(func(m *machine, i int64) error { return m.remember(i) }),             // PUT
	'q':  fromUintTo(1, func(m *machine, i int64) error { return m.remember(i) }),          // BINPUT
	'r':  fromUintTo(4, func(m *machine, i int64) error { return m.remember(i) }),          // LONG_BINPUT
	0x94: func(m *machine) error { return m.remember(int64(len(m.memo) + len(m.sparse))) }, // MEMOIZE
	'g':  fromLineTo(func(m *machine, i int64) error { return m.again(m.recall(i)) }),      // GET
	'h':  fromUintTo(1, func(m *machine, i int64) error { return m.again(m.recall(i)) }),   // BINGET
	'j':  fromUintTo(4, func(m *machine, i int64) error { return m.again(m.recall(i)) }),   // LONG_BINGET

	// Classes and what they make; persistent ids.
	'c':  globalLine,                                                                                        // GLOBAL
	0x93: stackGlobal,                                                                                       // STACK_GLOBAL
	'R':  func(m *machine) error { return m.constructOf(2) },                                                // REDUCE
	0x81: func(m *machine) error { return m.constructOf(2) },                                                // NEWOBJ
	0x92: func(m *machine) error { return m.constructOf(3) },                                                // NEWOBJ_EX
	'i':  instance,                                                                                          // INST
	'o':  object,                                                                                            // OBJ
	'b':  build,                                                                                             // BUILD
	'P':  func(m *machine) error { return fromLine(func(id string) (any, error) { return m.load(id) })(m) }, // PERSID
	'Q':  persistent,                                                                                        // BINPERSID

	// What only the program that wrote it can resolve.
	0x82: refuse("a code of copyreg's extension registry"), // EXT1
	0x83: refuse("a code of copyreg's extension registry"), // EXT2
	0x84: refuse("a code of copyreg's extension registry"), // EXT4
	0x97: refuse("an out-of-band buffer"),                  // NEXT_BUFFER
	0x98: refuse("an out-of-band buffer"),                  // READONLY_BUFFER

	// The protocol and its frames.
	0x80: protocol,                                                    // PROTO
	0x95: func(m *machine) error { _, err := m.bytes(8); return err }, // FRAME
}

func refuse(what string) func(*machine) error {
	return func(*machine) error { return fmt.Errorf("expected all of the value in the file, found %s", what) }
}

func (m *machine) list(values []any, err error) error { return m.collect(values, err, false) }

func (m *machine) tuple(values []any, err error) error { return m.collect(values, err, true) }

// collect pushes a list or a tuple of values that stood on the stack.
func (m *machine) collect(values []any, err error, fixed bool) error {
	if err != nil {
		return err
	}
	if values, err = m.kept(values); err != nil {
		return err
	}
	return m.made(listBytes, &list{items: values, fixed: fixed})
}

func newDictOf(m *machine) error {
	values, err := m.above()
	if err != nil {
		return err
	}
	if err := m.allow.take(dictBytes); err != nil {
		return err
	}
	d := &dict{}
	return m.again(d, d.setAll(m.allow, values))
}

// setAll takes keys and values in turn.
func (d *dict) setAll(allow *allowance, values []any) error {
	if len(values)%2 != 0 {
		return fmt.Errorf("expected a value for each key of a dict, found %d of both", len(values))
	}
	for i := 0; i < len(values); i += 2 {
		if err := d.set(allow, values[i], values[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// discard drops the top value, or the mark if it is nearer.
func discard(m *machine) error {
	if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
		m.marks = m.marks[:n-1]
		return nil
	}
	_, err := m.topmost(1)
	return err
}

// extend moves values into the container on top of the stack.
func (m *machine) extend(values []any, err error) error {
	if err != nil {
		return err
	}
	container, err := m.top()
	if err != nil {
		return err
	}
	switch c := container.(type) {
	case *dict:
		return c.setAll(m.allow, values)
	case *list:
		if !c.fixed {
			if c.items, err = room(m.allow, c.items, len(values)); err == nil {
				c.items = append(c.items, values...)
			}
			return err
		}
	case *Object: // a subclass of list or dict: kept as what it was given
		if c.Args, err = room(m.allow, c.Args, len(values)); err == nil {
			c.Args = append(c.Args, values...)
		}
		return err
	}
	return fmt.Errorf("expected a list, a set or a dict to add to, found %s", describe(container))
}

func globalLine(m *machine) error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	return m.global(module, name)
}

func stackGlobal(m *machine) error {
	values, err := m.topmost(2)
	if err != nil {
		return err
	}
	module, isText := values[0].(string)
	name, isName := values[1].(string)
	if !isText || !isName {
		return fmt.Errorf("expected a module and a name, found %s and %s", describe(values[0]), describe(values[1]))
	}
	return m.global(module, name)
}

func (m *machine) global(module, name string) error {
	if n := len(module) + 1 + len(name); n > maxNameLength {
		return fmt.Errorf("expected a class or a function with a name of at most %d bytes, found %d", maxNameLength, n)
	}
	if err := m.allow.take(textBytes + len(module) + 1 + len(name)); err != nil {
		return err
	}
	return m.push(newGlobal(module, name))
}

// constructOf makes what a class or a function would make of a tuple of
// arguments, and of a dict of named ones if there are three values.
func (m *machine) constructOf(n int) error {
	values, err := m.topmost(n)
	if err != nil {
		return err
	}
	return m.again(m.construct(values))
}

func instance(m *machine) error {
	if err := globalLine(m); err != nil {
		return err
	}
	class, err := m.pop()
	if err != nil {
		return err
	}
	args, err := m.above()
	if err != nil {
		return err
	}
	return m.callOn(class, args)
}

// object is a class and its arguments above a mark.
func object(m *machine) error {
	values, err := m.above()
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return errUnderflow
	}
	return m.callOn(values[0], values[1:])
}

// callOn calls with arguments that stand on the stack.
func (m *machine) callOn(callable any, args []any) error {
	args, err := m.kept(args)
	if err != nil {
		return err
	}
	return m.again(m.call(callable, args))
}

func persistent(m *machine) error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	return m.again(m.load(id))
}

// build sets an object's state: only a placeholder keeps it.
func build(m *machine) error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	object, err := m.top()
	if err != nil {
		return err
	}
	if o, ok := object.(*Object); ok {
		o.State = state
	}
	return nil
}

func protocol(m *machine) error {
	version, err := m.byte()
	if err == nil && version > 5 {
		err = fmt.Errorf("expected a pickle of protocol 5 or less, found %d", version)
	}
	return err
}
