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
	0x8a: fromCounted(1, longInteger),                                        // LONG1
	0x8b: fromCounted(4, longInteger),                                        // LONG4
	'G':  fromBytes(8, func(b []byte) any { return bigEndianFloat(b) }),      // BINFLOAT

	// Text and bytes.
	'S':  fromLine(quoted),                                                     // STRING
	'V':  fromLine(rawUnicode),                                                 // UNICODE
	'T':  fromCounted(4, func(b []byte) any { return string(b) }),              // BINSTRING
	'U':  fromCounted(1, func(b []byte) any { return string(b) }),              // SHORT_BINSTRING
	'X':  fromCounted(4, func(b []byte) any { return string(b) }),              // BINUNICODE
	0x8c: fromCounted(1, func(b []byte) any { return string(b) }),              // SHORT_BINUNICODE
	0x8d: fromCounted(8, func(b []byte) any { return string(b) }),              // BINUNICODE8
	'B':  fromCounted(4, func(b []byte) any { return b }),                      // BINBYTES
	'C':  fromCounted(1, func(b []byte) any { return b }),                      // SHORT_BINBYTES
	0x8e: fromCounted(8, func(b []byte) any { return b }),                      // BINBYTES8
	0x96: fromCounted(8, func(b []byte) any { return append([]byte{}, b...) }), // BYTEARRAY8

	// Containers.
	'(':  func(m *machine) error { m.marks = append(m.marks, len(m.stack)); return nil }, // MARK
	']':  func(m *machine) error { return m.push(&list{}) },                              // EMPTY_LIST
	')':  func(m *machine) error { return m.push(&list{fixed: true}) },                   // EMPTY_TUPLE
	'}':  func(m *machine) error { return m.push(&dict{}) },                              // EMPTY_DICT
	0x8f: func(m *machine) error { return m.push(&list{}) },                              // EMPTY_SET
	'l':  fromMark(func(v []any) (any, error) { return &list{items: v}, nil }),           // LIST
	't':  fromMark(newTuple),                                                             // TUPLE
	'd':  fromMark(newDictOf),                                                            // DICT
	0x91: fromMark(newTuple),                                                             // FROZENSET, which is a key of a dict as a tuple is
	0x85: fromTop(1, newTuple),                                                           // TUPLE1
	0x86: fromTop(2, newTuple),                                                           // TUPLE2
	0x87: fromTop(3, newTuple),                                                           // TUPLE3
	'a':  intoTop(1),                                                                     // APPEND
	's':  intoTop(2),                                                                     // SETITEM
	'e':  intoBelowMark,                                                                  // APPENDS
	'u':  intoBelowMark,                                                                  // SETITEMS
	0x90: intoBelowMark,                                                                  // ADDITEMS

	// The stack and the memo.
	'0':  discard,                                                                        // POP
	'1':  func(m *machine) error { _, err := m.popMark(); return err },                   // POP_MARK
	'2':  func(m *machine) error { return m.again(m.top()) },                             // DUP
	'p':  fromLineTo(func(m *machine, i int64) error { return m.remember(i) }),           // PUT
	'q':  fromUintTo(1, func(m *machine, i int64) error { return m.remember(i) }),        // BINPUT
	'r':  fromUintTo(4, func(m *machine, i int64) error { return m.remember(i) }),        // LONG_BINPUT
	0x94: func(m *machine) error { return m.remember(int64(len(m.memo))) },               // MEMOIZE
	'g':  fromLineTo(func(m *machine, i int64) error { return m.again(m.recall(i)) }),    // GET
	'h':  fromUintTo(1, func(m *machine, i int64) error { return m.again(m.recall(i)) }), // BINGET
	'j':  fromUintTo(4, func(m *machine, i int64) error { return m.again(m.recall(i)) }), // LONG_BINGET

	// Classes and what they make; persistent ids.
	'c':  globalLine,                                                                                           // GLOBAL
	0x93: stackGlobal,                                                                                          // STACK_GLOBAL
	'R':  reduce,                                                                                               // REDUCE
	0x81: reduce,                                                                                               // NEWOBJ
	0x92: func(m *machine) error { return m.replace(3, m.construct) },                                          // NEWOBJ_EX
	'i':  instance,                                                                                             // INST
	'o':  object,                                                                                               // OBJ
	'b':  build,                                                                                                // BUILD
	'P':  func(m *machine) error { return fromLine(func(id string) (any, error) { return m.load(id) })(m) },    // PERSID
	'Q':  func(m *machine) error { return m.replace(1, func(id []any) (any, error) { return m.load(id[0]) }) }, // BINPERSID

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

func fromLine(parse func(string) (any, error)) func(*machine) error {
	return func(m *machine) error {
		line, err := m.line()
		if err != nil {
			return err
		}
		return m.again(parse(line))
	}
}

func fromUint(size uint64, convert func(uint64) any) func(*machine) error {
	return func(m *machine) error {
		x, err := m.uint(size)
		return m.again(convert(x), err)
	}
}

func fromBytes(n uint64, convert func([]byte) any) func(*machine) error {
	return func(m *machine) error {
		b, err := m.bytes(n)
		if err != nil {
			return err
		}
		return m.push(convert(b))
	}
}

func fromCounted(size uint64, convert func([]byte) any) func(*machine) error {
	return func(m *machine) error {
		b, err := m.counted(size)
		if err != nil {
			return err
		}
		return m.push(convert(b))
	}
}

func fromMark(make func([]any) (any, error)) func(*machine) error {
	return func(m *machine) error {
		values, err := m.popMark()
		if err != nil {
			return err
		}
		return m.again(make(values))
	}
}

func fromTop(n int, make func([]any) (any, error)) func(*machine) error {
	return func(m *machine) error { return m.replace(n, make) }
}

func fromLineTo(do func(*machine, int64) error) func(*machine) error {
	return func(m *machine) error {
		line, err := m.line()
		if err != nil {
			return err
		}
		i, err := decimalInteger(line)
		if err != nil {
			return err
		}
		index, ok := i.(int64)
		if !ok {
			return fmt.Errorf("expected an index of the memo, found %.40q", line)
		}
		return do(m, index)
	}
}

func fromUintTo(size uint64, do func(*machine, int64) error) func(*machine) error {
	return func(m *machine) error {
		i, err := m.uint(size)
		if err != nil {
			return err
		}
		return do(m, int64(i))
	}
}

// again pushes what a step made, or hands on its error.
func (m *machine) again(v any, err error) error {
	if err != nil {
		return err
	}
	return m.push(v)
}

// replace pushes what make makes of the top n values.
func (m *machine) replace(n int, make func([]any) (any, error)) error {
	values, err := m.popN(n)
	if err != nil {
		return err
	}
	return m.again(make(values))
}

func (m *machine) remember(i int64) error {
	v, err := m.top()
	if err == nil {
		m.memo[i] = v
	}
	return err
}

func (m *machine) recall(i int64) (any, error) {
	v, ok := m.memo[i]
	if !ok {
		return nil, fmt.Errorf("expected an entry %d of the memo, found none", i)
	}
	return v, nil
}

func integerOrBool(line string) (any, error) {
	switch line {
	case "00":
		return false, nil
	case "01":
		return true, nil
	}
	return decimalInteger(line)
}

func newTuple(values []any) (any, error) { return &list{items: values, fixed: true}, nil }

func newDictOf(values []any) (any, error) {
	d := &dict{}
	return d, d.setAll(values)
}

// setAll takes keys and values in turn.
func (d *dict) setAll(values []any) error {
	if len(values)%2 != 0 {
		return fmt.Errorf("expected a value for each key of a dict, found %d of both", len(values))
	}
	for i := 0; i < len(values); i += 2 {
		if err := d.set(values[i], values[i+1]); err != nil {
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
	_, err := m.pop()
	return err
}

// intoTop moves the top n values into the container below them.
func intoTop(n int) func(*machine) error {
	return func(m *machine) error {
		values, err := m.popN(n)
		if err != nil {
			return err
		}
		return m.extend(values)
	}
}

func intoBelowMark(m *machine) error {
	values, err := m.popMark()
	if err != nil {
		return err
	}
	return m.extend(values)
}

func (m *machine) extend(values []any) error {
	container, err := m.top()
	if err != nil {
		return err
	}
	switch c := container.(type) {
	case *dict:
		return c.setAll(values)
	case *list:
		if !c.fixed {
			c.items = append(c.items, values...)
			return nil
		}
	case *Object: // a subclass of list or dict: kept as what it was given
		c.Args = append(c.Args, values...)
		return nil
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
	return m.push(newGlobal(module, name))
}

func stackGlobal(m *machine) error {
	values, err := m.popN(2)
	if err != nil {
		return err
	}
	module, isText := values[0].(string)
	name, isName := values[1].(string)
	if !isText || !isName {
		return fmt.Errorf("expected a module and a name, found %s and %s", describe(values[0]), describe(values[1]))
	}
	if err := m.spend(len(module) + len(name)); err != nil {
		return err
	}
	return m.push(newGlobal(module, name))
}

// reduce makes what a class or a function would make of a tuple of arguments.
func reduce(m *machine) error { return m.replace(2, m.construct) }

func instance(m *machine) error {
	if err := globalLine(m); err != nil {
		return err
	}
	class, err := m.pop()
	if err != nil {
		return err
	}
	args, err := m.popMark()
	if err != nil {
		return err
	}
	return m.again(m.call(class, args))
}

// object is a class and its arguments above a mark.
func object(m *machine) error {
	values, err := m.popMark()
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return errUnderflow
	}
	return m.again(m.call(values[0], values[1:]))
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
