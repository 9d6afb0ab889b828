package emulator

import (
	"fmt"
	"strconv"
	"strings"
)

// source is a PTX file: its text cut into what decode works on.
type source struct {
	target  int       // compute capability that it is for, and later ones
	shared  variables // of all kernels
	entries []*entry
}

// variables are those in shared memory, of a file or of a kernel.
type variables struct {
	symbols map[string]symbol
	static  int // bytes of those that are not dynamic
}

// symbol is a variable: where it lies and its size; dynamic is sized by the launch.
type symbol struct {
	offset, size int
	dynamic      bool
}

// entry is a kernel.
type entry struct {
	name       string
	params     map[string]int // index of a parameter
	maxThreads int            // of a block; 0 where the kernel does not say
	shared     variables      // its own, which lie behind those of all
	registers  map[string]string
	lines      []statement
	labels     map[string]int // the statement that follows
}

// statement is one instruction.
type statement struct {
	line     int
	guard    string // predicate register, or ""
	negated  bool
	opcode   string // with all its modifiers
	operands []string
}

// maxSource bounds what a hostile file can ask for.
const (
	maxSource    = 16 << 20
	maxRegisters = 1 << 16 // of a kernel
	maxShared    = 1 << 20 // bytes of a variable
)

// parser goes through the lines of a file; PTX as compilers write it has one
// declaration, label or instruction a line.
type parser struct {
	lines []string
	at    int
	out   source
}

func parse(text string) (*source, error) {
	if len(text) > maxSource {
		return nil, fmt.Errorf("%d bytes of PTX, expected at most %d", len(text), maxSource)
	}
	if at := strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }); at >= 0 {
		return nil, fmt.Errorf("line %d: expected ASCII alone, as ptxas does, found %q", 1+strings.Count(text[:at], "\n"), []rune(text[at:])[0])
	}
	p := &parser{lines: strings.Split(text, "\n"), out: source{shared: variables{symbols: map[string]symbol{}}}}
	for {
		line, ok := p.next()
		if !ok {
			return &p.out, nil
		}
		if err := p.module(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.at, err)
		}
	}
}

// next is the next line that holds something, without comments.
func (p *parser) next() (string, bool) {
	for p.at < len(p.lines) {
		line, _, _ := strings.Cut(p.lines[p.at], "//")
		p.at++
		if line = strings.TrimSpace(line); line != "" {
			return line, true
		}
	}
	return "", false
}

// module reads a line outside kernels.
func (p *parser) module(line string) error {
	words := strings.Fields(line)
	switch {
	case words[0] == ".version":
		return nil
	case words[0] == ".target" && len(words) > 1:
		var err error
		if p.out.target, err = strconv.Atoi(strings.TrimPrefix(words[1], "sm_")); err != nil {
			return fmt.Errorf("%s: expected .target sm_ and a compute capability", line)
		}
		return nil
	case words[0] == ".address_size":
		if len(words) != 2 || words[1] != "64" {
			return fmt.Errorf("%s: expected .address_size 64", line)
		}
		return nil
	case strings.Contains(line, ".entry"):
		return p.entry(line)
	case strings.Contains(line, ".shared"):
		name, s, err := sharedVariable(line)
		if err != nil {
			return err
		}
		return p.out.shared.allocate(name, s, line)
	}
	return fmt.Errorf("%s: not a directive that the emulator knows", line)
}

// allocate puts a variable behind those before it; dynamic ones begin at 0 of
// their own, which the launch moves behind the static ones.
func (v *variables) allocate(name string, s symbol, line string) error {
	if _, twice := v.symbols[name]; twice {
		return fmt.Errorf("%s: declared twice", line)
	}
	if !s.dynamic {
		s.offset = v.static
		v.static = (s.offset + s.size + 15) &^ 15
	}
	v.symbols[name] = s
	return nil
}

// sharedVariable reads .shared .align 4 .b8 name[128];
func sharedVariable(line string) (name string, s symbol, err error) {
	words := strings.Fields(strings.TrimSuffix(line, ";"))
	last := words[len(words)-1]
	name, size, ok := strings.Cut(strings.TrimSuffix(last, "]"), "[")
	if !ok || len(words) < 3 || words[len(words)-2] != ".b8" {
		return "", s, fmt.Errorf("%s: expected a variable of .b8 name[size]", line)
	}
	if size == "" {
		return name, symbol{dynamic: true}, nil
	}
	if s.size, err = strconv.Atoi(size); err != nil || s.size < 0 || s.size > maxShared {
		return "", s, fmt.Errorf("%s: expected a size of at most %d", line, maxShared)
	}
	return name, s, nil
}

// entry reads a kernel up to its closing brace.
func (p *parser) entry(line string) error {
	_, line, _ = strings.Cut(line, ".entry")
	head := []string{line}
	for !strings.Contains(line, ")") {
		more, ok := p.next()
		if !ok {
			return fmt.Errorf("the parameters of a kernel do not end")
		}
		line = more
		head = append(head, line)
	}
	name, rest, ok := strings.Cut(strings.Join(head, " "), "(")
	if !ok {
		return fmt.Errorf("%s: expected the parameters of a kernel", head[0])
	}
	list, _, _ := strings.Cut(rest, ")")
	e := &entry{name: strings.TrimSpace(name), params: map[string]int{}, registers: map[string]string{}, labels: map[string]int{}, shared: variables{symbols: map[string]symbol{}}}
	for _, param := range strings.Split(list, ",") {
		if words := strings.Fields(param); len(words) > 0 {
			if len(words) < 3 || words[0] != ".param" || !sized64[words[1]] {
				return fmt.Errorf("parameter %s: expected a number or a pointer", strings.TrimSpace(param))
			}
			e.params[words[len(words)-1]] = len(e.params)
		}
	}
	for {
		line, ok := p.next()
		switch {
		case !ok:
			return fmt.Errorf("kernel %s does not end", e.name)
		case line == "{":
		case line == "}":
			p.out.entries = append(p.out.entries, e)
			return nil
		default:
			if err := p.body(e, line); err != nil {
				return fmt.Errorf("kernel %s: %w", e.name, err)
			}
		}
	}
}

// sized64 is the types of parameters, all passed in 8 bytes.
var sized64 = map[string]bool{".u64": true, ".s64": true, ".b64": true, ".u32": true, ".s32": true, ".b32": true, ".f32": true, ".f64": true}

// body reads a line of a kernel.
func (p *parser) body(e *entry, line string) error {
	switch {
	case strings.HasPrefix(line, ".maxntid"):
		x, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, ".maxntid")), ",")
		n, err := strconv.Atoi(x)
		if err != nil || n < 1 {
			return fmt.Errorf("%s: expected a number of threads", line)
		}
		e.maxThreads = n
		return nil
	case strings.HasPrefix(line, ".minnctapersm"), strings.HasPrefix(line, ".maxnreg"), strings.HasPrefix(line, ".pragma"):
		return nil
	case strings.HasPrefix(line, ".reg"):
		return e.declare(line)
	case strings.HasPrefix(line, ".shared"):
		name, s, err := sharedVariable(line)
		if err != nil {
			return err
		}
		return e.shared.allocate(name, s, line)
	case strings.HasSuffix(line, ":"):
		label := strings.TrimSuffix(line, ":")
		if _, twice := e.labels[label]; twice {
			return fmt.Errorf("label %s stands twice", label)
		}
		e.labels[label] = len(e.lines)
		return nil
	}
	return e.statement(line, p.at)
}

// declare reads .reg .b32 %r<10>;
func (e *entry) declare(line string) error {
	words := strings.Fields(strings.TrimSuffix(line, ";"))
	if len(words) != 3 {
		return fmt.Errorf("%s: expected .reg type %%name<count>", line)
	}
	name, count, ok := strings.Cut(strings.TrimSuffix(words[2], ">"), "<")
	if !ok {
		e.registers[words[2]] = words[1]
		return nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || len(e.registers)+n > maxRegisters {
		return fmt.Errorf("%s: expected at most %d registers", line, maxRegisters)
	}
	for k := range n {
		e.registers[name+strconv.Itoa(k)] = words[1]
	}
	return nil
}

// statement reads @%p1 opcode a, {b, c}, [d+4];
func (e *entry) statement(line string, at int) error {
	text, ok := strings.CutSuffix(line, ";")
	if !ok {
		return fmt.Errorf("%s: expected an instruction that ends with ;", line)
	}
	s := statement{line: at}
	if guard, ok := strings.CutPrefix(text, "@"); ok {
		s.guard, text, _ = strings.Cut(guard, " ")
		s.guard, s.negated = strings.CutPrefix(s.guard, "!")
		text = strings.TrimSpace(text)
	}
	var rest string
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		s.opcode, rest = text[:i], text[i:]
	} else {
		s.opcode = text
	}
	s.operands = operands(rest)
	e.lines = append(e.lines, s)
	return nil
}

// operands cuts at the commas that are not in braces, and at | between the two
// results of a shuffle.
func operands(text string) (out []string) {
	depth, from := 0, 0
	add := func(to int) {
		if s := strings.TrimSpace(text[from:to]); s != "" {
			out = append(out, s)
		}
		from = to + 1
	}
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		case ',', '|':
			if depth == 0 {
				add(i)
			}
		}
	}
	add(len(text))
	return out
}
