package onnx

import "strconv"

// graph is nodes in the order of the data; values are known by their names.
type graph struct {
	nodes, initializers []message
	count               int
	constants           map[string]string
	floats              map[string]float  // of initializers in other types
	dynamic             map[string]string // of matrices that integers are multiplied with: their scales
}

// op adds a node with one output, and is that.
func (g *graph) op(kind string, inputs []string, attributes ...attribute) string {
	return g.ops(kind, 1, inputs, attributes...)[0]
}

// ops adds a node that computes in float32, whatever the types of initializers among its inputs.
func (g *graph) ops(kind string, outputs int, inputs []string, attributes ...attribute) (names []string) {
	resolved := make([]string, len(inputs))
	for i, in := range inputs {
		resolved[i] = g.float(in)
	}
	return g.node(kind, outputs, resolved, attributes...)
}

// node adds a node with inputs of the types that they have.
func (g *graph) node(kind string, outputs int, inputs []string, attributes ...attribute) (names []string) {
	var m message
	for _, in := range inputs {
		m.text(1, in)
	}
	for range outputs {
		g.count++
		names = append(names, kind+"_"+strconv.Itoa(g.count))
		m.text(2, names[len(names)-1])
	}
	m.text(4, kind)
	for _, a := range attributes {
		m.bytes(5, a)
	}
	g.nodes = append(g.nodes, m)
	return names
}

// rename makes a value an output of the graph.
func (g *graph) rename(from, to string) {
	var m message
	m.text(1, from)
	m.text(2, to)
	m.text(4, "Identity")
	g.nodes = append(g.nodes, m)
}

// scalar and ints are constants, each made once.
func (g *graph) scalar(x float32) string {
	return g.constant("f"+strconv.FormatFloat(float64(x), 'g', -1, 32), typeFloat, nil, floats(x))
}

func (g *graph) ints(x ...int64) string {
	key := "i"
	for _, i := range x {
		key += "," + strconv.FormatInt(i, 10)
	}
	return g.constant(key, typeInt64, []int{len(x)}, integers(x...))
}

func (g *graph) constant(key string, kind int64, shape []int, data []byte) string {
	if name, ok := g.constants[key]; ok {
		return name
	}
	if g.constants == nil {
		g.constants = map[string]string{}
	}
	g.constants[key] = g.op("Constant", nil, attr("value", tensor("", kind, shape, data)))
	return g.constants[key]
}

// Arithmetic, with broadcasting.

func (g *graph) add(a, b string) string  { return g.op("Add", []string{a, b}) }
func (g *graph) sub(a, b string) string  { return g.op("Sub", []string{a, b}) }
func (g *graph) mul(a, b string) string  { return g.op("Mul", []string{a, b}) }
func (g *graph) div(a, b string) string  { return g.op("Div", []string{a, b}) }
func (g *graph) sqrt(a string) string    { return g.op("Sqrt", []string{a}) }
func (g *graph) neg(a string) string     { return g.op("Neg", []string{a}) }
func (g *graph) sigmoid(a string) string { return g.op("Sigmoid", []string{a}) }

// linear is x·Wᵀ + b, W [out, in].
func (g *graph) linear(x, w, b string) string {
	if _, ok := g.dynamic[w]; ok {
		return g.add(g.tangent(x, w), b)
	}
	return g.op("Gemm", []string{x, w, b}, attr("transB", 1))
}

// tangent is x·Wᵀ.
func (g *graph) tangent(x, w string) string {
	if scales, ok := g.dynamic[w]; ok {
		return g.mul(g.integerProduct(x, g.transposed(w)), scales)
	}
	return g.op("Gemm", []string{x, w}, attr("transB", 1))
}

func (g *graph) matmul(a, b string) string { return g.op("MatMul", []string{a, b}) }

func (g *graph) silu(x string) string { return g.mul(x, g.sigmoid(x)) }

// siluSlope is silu′ = σ·(1 + x·(1 − σ)).
func (g *graph) siluSlope(x string) string {
	s := g.sigmoid(x)
	return g.mul(s, g.add(g.scalar(1), g.mul(x, g.sub(g.scalar(1), s))))
}

// sum is over an axis, which goes unless keep.
func (g *graph) sum(x string, axis int64, keep bool) string {
	k := 0
	if keep {
		k = 1
	}
	return g.op("ReduceSum", []string{x, g.ints(axis)}, attr("keepdims", k))
}

func (g *graph) gather(x, rows string) string {
	return g.op("Gather", []string{x, rows}, attr("axis", 0))
}

func (g *graph) unsqueeze(x string, axis int64) string {
	return g.op("Unsqueeze", []string{x, g.ints(axis)})
}

func (g *graph) reshape(x string, shape ...int64) string {
	return g.op("Reshape", []string{x, g.ints(shape...)})
}

// split is x in equal parts along its last axis.
func (g *graph) split(x string, parts int, size int64) []string {
	sizes := make([]int64, parts)
	for i := range sizes {
		sizes[i] = size
	}
	return g.ops("Split", parts, []string{x, g.ints(sizes...)}, attr("axis", -1))
}

func (g *graph) concat(parts ...string) string { return g.op("Concat", parts, attr("axis", -1)) }

// scatter adds updates [E, F] to the rows of x [N, F] that rows names. (Of
// ONNX Runtime's scatters this one may meet a row twice: its parallel
// ScatterND loses sums.)
func (g *graph) scatter(x, rows, updates string) string {
	index := g.op("Expand", []string{g.unsqueeze(rows, 1), g.op("Shape", []string{updates})})
	return g.op("ScatterElements", []string{x, index, updates}, attr("axis", 0), attr("reduction", "add"))
}

// model is the ModelProto around the graph.
func (g *graph) model(name, doc string, inputs, outputs []message, metadata [][2]string) []byte {
	var body, opset, m message
	for _, n := range g.nodes {
		body.bytes(1, n)
	}
	body.text(2, name)
	for _, w := range g.initializers {
		body.bytes(5, w)
	}
	body.text(10, doc)
	for _, in := range inputs {
		body.bytes(11, in)
	}
	for _, out := range outputs {
		body.bytes(12, out)
	}
	m.varint(1, 8) // IR version
	m.text(2, "painless")
	m.bytes(7, body)
	opset.text(1, "")
	opset.varint(2, 17)
	m.bytes(8, opset)
	for _, p := range metadata {
		var entry message
		entry.text(1, p[0])
		entry.text(2, p[1])
		m.bytes(14, entry)
	}
	return m
}
