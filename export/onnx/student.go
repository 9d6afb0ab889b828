package onnx

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

	"painless/checkpoint"
	"painless/nn"
)

// Options of a graph.
type Options struct {
	Forces bool // a second output
	// Dynamic multiplies integers by matrices in int8, and rounds what they are
	// multiplied with in each call.
	Dynamic bool
}

// Write writes the network of c as a graph of opset 17: inputs
// atomic_numbers int64 [N] and positions float32 [N, 3], Å, isolated; output
// energy, eV, and, if asked for, forces [N, 3], eV/Å. The pairs are found in
// the graph, all of them looked at. The weights are initializers with their
// names in c, which are plain, and their types, if those are float32, float16,
// bfloat16 or int8 with its scales; the graph computes in float32.
func Write(w io.Writer, c *checkpoint.Checkpoint, net *nn.Network, opts Options) error {
	cfg := net.Config
	s := &student{cfg: cfg, h: int64(cfg.HiddenDim)}
	if err := s.weights(c, opts.Dynamic); err != nil {
		return err
	}
	s.edges()
	s.forward()
	s.rename(s.energy, "energy")
	inputs := []message{value("atomic_numbers", typeInt64, "elements", "atoms"), value("positions", typeFloat, "Å", "atoms", 3)}
	outputs := []message{value("energy", typeFloat, "eV")}
	doc := "Energy of a student force field."
	if opts.Forces {
		s.backward()
		s.forces()
		outputs = append(outputs, value("forces", typeFloat, "eV/Å", "atoms", 3))
		doc = "Energy and forces of a student force field."
	}
	config, err := json.Marshal(net.Statement())
	if err != nil {
		return err
	}
	_, err = w.Write(s.model("student", doc, inputs, outputs, [][2]string{{"config", string(config)}}))
	return err
}

// student is the graph and the values that its later parts need, in the names
// of docs/backward.md.
type student struct {
	graph
	cfg nn.Config
	h   int64

	dst, src          string // atoms of the edges j → i: i and j, [E]
	x, d, u           string // [E, 3], [E, 1], [E, 3]
	reach             string // d + 1e-8
	radial, radialD   string // e(d) and e′(d), [E, R]
	blocks            []blockValues
	headA, headB      string // before their SiLU
	energy            string
	s, v              string // the state, [N, H] and [N, 3, H]
	gs, gv            string // ∂E/∂ of it on the way back
	gd, gu            string // ∂E/∂d and ∂E/∂u of the edges
	zeroScalars, zero string // [N, H] and [N, 3H] of zeros
}

// blockValues is what a block leaves for its way back.
type blockValues struct {
	s, v, mid     string
	pre, g1, g2   string
	phi, hidden   []string // φs, φv, φu; t = W1·e + b1
	norm, filterW string
}

func (s *student) block(k int, name string) string {
	return "interactions." + strconv.Itoa(k) + "." + name
}

// edges finds every ordered pair of different atoms with d ≤ r_c.
func (s *student) edges() {
	delta := s.sub(s.unsqueeze("positions", 0), s.unsqueeze("positions", 1))
	all := s.sqrt(s.sum(s.mul(delta, delta), 2, false))
	near := s.op("LessOrEqual", []string{all, s.scalar(float32(s.cfg.Cutoff))})
	self := s.op("Cast", []string{s.op("EyeLike", []string{all})}, attr("to", 9)) // of float, which runtimes have; 9 is bool
	pairs := s.op("NonZero", []string{s.op("And", []string{near, s.op("Not", []string{self})})})
	s.dst = s.gather(pairs, s.constant("row 0", typeInt64, nil, integers(0)))
	s.src = s.gather(pairs, s.constant("row 1", typeInt64, nil, integers(1)))
	s.x = s.sub(s.gather("positions", s.src), s.gather("positions", s.dst))
	s.d = s.sqrt(s.sum(s.mul(s.x, s.x), 1, true))
	s.reach = s.add(s.d, s.scalar(1e-8))
	s.u = s.div(s.x, s.reach)

	// e_n(d) = exp(−(d−c_n)²/w_n²)·f(d), and its derivative
	k := float32(math.Pi / s.cfg.Cutoff)
	angle := s.mul(s.d, s.scalar(k))
	inside := s.op("Less", []string{s.d, s.scalar(float32(s.cfg.Cutoff))})
	f := s.mul(s.scalar(0.5), s.add(s.op("Cos", []string{angle}), s.scalar(1)))
	f = s.op("Where", []string{inside, f, s.scalar(0)})
	df := s.op("Where", []string{inside, s.mul(s.scalar(-0.5*k), s.op("Sin", []string{angle})), s.scalar(0)})
	from := s.div(s.sub(s.d, "rbf.centers"), "rbf.widths")
	gauss := s.op("Exp", []string{s.neg(s.mul(from, from))})
	s.radial = s.mul(gauss, f)
	s.radialD = s.mul(gauss, s.sub(df, s.mul(s.mul(s.scalar(2), s.div(from, "rbf.widths")), f)))
}

func (s *student) forward() {
	s.s = s.gather("embedding.weight", "atomic_numbers")
	s.zeroScalars = s.sub(s.s, s.s)
	s.zero = s.concat(s.zeroScalars, s.zeroScalars, s.zeroScalars)
	for k := range s.cfg.NumInteractions {
		s.blocks = append(s.blocks, blockValues{s: s.s, v: s.v})
		s.message(k)
		s.update(k)
	}
	linear := func(x string, layer int) string {
		name := "energy_head." + strconv.Itoa(layer)
		return s.linear(x, name+".weight", name+".bias")
	}
	s.headA = linear(s.s, 0)
	s.headB = linear(s.silu(s.headA), 2)
	s.energy = s.op("ReduceSum", []string{linear(s.silu(s.headB), 4)}, attr("keepdims", 0))
}

// message is s_i += Σ_j s_j ⊙ φs and v_i += Σ_j v_j ⊙ φv + u ⊗ φu.
func (s *student) message(k int) {
	b := &s.blocks[k]
	b.filterW = s.block(k, "message.rbf_to_scalar.")
	hidden := s.linear(s.radial, b.filterW+"0.weight", b.filterW+"0.bias")
	b.hidden = []string{hidden}
	b.phi = s.split(s.linear(s.silu(hidden), b.filterW+"2.weight", b.filterW+"2.bias"), 3, s.h)
	push := s.mul(s.unsqueeze(s.u, 2), s.unsqueeze(b.phi[2], 1)) // [E, 3, H]
	before := s.zero
	if s.v != "" {
		push = s.add(push, s.mul(s.gather(s.v, s.src), s.unsqueeze(b.phi[1], 1)))
		before = s.reshape(s.v, -1, 3*s.h)
	}
	s.v = s.reshape(s.scatter(before, s.dst, s.reshape(push, -1, 3*s.h)), -1, 3, s.h)
	s.s = s.scatter(s.s, s.dst, s.mul(s.gather(s.s, s.src), b.phi[0]))
	b.mid = s.v
}

// update is [a ; g1 ; g2] = W4·silu(W3·[s ; |v|] + b3) + b4, s += a, v = v ⊙ g1 + (M v) ⊙ g2.
func (s *student) update(k int) {
	b := &s.blocks[k]
	b.norm = s.sqrt(s.sum(s.mul(s.v, s.v), 1, false))
	mlp := s.block(k, "update.update_mlp.")
	b.pre = s.linear(s.concat(s.s, b.norm), mlp+"0.weight", mlp+"0.bias")
	gates := s.split(s.linear(s.silu(b.pre), mlp+"2.weight", mlp+"2.bias"), 3, s.h)
	s.s = s.add(s.s, gates[0])
	if k < s.cfg.NumInteractions-1 { // the vectors after the last block are not used
		b.g1, b.g2 = s.unsqueeze(gates[1], 1), s.unsqueeze(gates[2], 1)
		s.v = s.add(s.mul(s.v, b.g1), s.mul(s.matmul(s.block(k, "update.mixing_matrix"), s.v), b.g2))
	}
}

// backward is docs/backward.md from the readout to the first message.
func (s *student) backward() {
	gb := s.mul(s.siluSlope(s.headB), "energy_head.4.weight")
	ga := s.mul(s.matmul(gb, "energy_head.2.weight"), s.siluSlope(s.headA))
	s.gs = s.matmul(ga, "energy_head.0.weight")
	for k := s.cfg.NumInteractions - 1; k >= 0; k-- {
		s.updateBackward(k)
		s.messageBackward(k)
	}
}

func (s *student) updateBackward(k int) {
	b := &s.blocks[k]
	mlp := s.block(k, "update.update_mlp.")
	gh, rest := s.concat(s.gs, s.zeroScalars, s.zeroScalars), ""
	if s.gv != "" {
		m := s.block(k, "update.mixing_matrix")
		gg1, gg2 := s.sum(s.mul(s.gv, b.mid), 1, false), s.sum(s.mul(s.gv, s.matmul(m, b.mid)), 1, false)
		gh = s.concat(s.gs, gg1, gg2)
		transposed := s.op("Transpose", []string{m})
		rest = s.add(s.mul(s.gv, b.g1), s.matmul(transposed, s.mul(s.gv, b.g2)))
	}
	gp := s.mul(s.matmul(gh, mlp+"2.weight"), s.siluSlope(b.pre))
	parts := s.split(s.matmul(gp, mlp+"0.weight"), 2, s.h)
	s.gs = s.add(s.gs, parts[0])
	// v/|v|, and 0 where |v| = 0
	isZero := s.op("Equal", []string{b.norm, s.scalar(0)})
	norm := s.op("Where", []string{isZero, s.scalar(1), b.norm})
	s.gv = s.mul(s.unsqueeze(s.div(parts[1], norm), 1), b.mid)
	if rest != "" {
		s.gv = s.add(s.gv, rest)
	}
}

func (s *student) messageBackward(k int) {
	b := &s.blocks[k]
	slopes := s.split(s.tangent(s.mul(s.siluSlope(b.hidden[0]), s.tangent(s.radialD, b.filterW+"0.weight")), b.filterW+"2.weight"), 3, s.h)
	gs, gv := s.gather(s.gs, s.dst), s.gather(s.gv, s.dst) // [E, H], [E, 3, H]
	gd := s.mul(s.mul(slopes[0], gs), s.gather(b.s, s.src))
	gd = s.add(gd, s.mul(slopes[2], s.sum(s.mul(s.unsqueeze(s.u, 2), gv), 1, false)))
	if b.v != "" {
		gd = s.add(gd, s.mul(slopes[1], s.sum(s.mul(gv, s.gather(b.v, s.src)), 1, false)))
	}
	gd = s.sum(gd, 1, true)
	gu := s.sum(s.mul(gv, s.unsqueeze(b.phi[2], 1)), 2, false)
	if s.gd != "" {
		gd, gu = s.add(s.gd, gd), s.add(s.gu, gu)
	}
	s.gd, s.gu = gd, gu
	if k > 0 { // nothing before the first message depends on positions
		s.gs = s.scatter(s.gs, s.src, s.mul(gs, b.phi[0]))
		s.gv = s.reshape(s.scatter(s.reshape(s.gv, -1, 3*s.h), s.src, s.reshape(s.mul(gv, s.unsqueeze(b.phi[1], 1)), -1, 3*s.h)), -1, 3, s.h)
	}
}

// forces adds ∂E/∂x = x/d·(gd − (gu·x)/(d+ε)²) + gu/(d+ε) to atom i, and takes it from j.
func (s *student) forces() {
	dot := s.div(s.sum(s.mul(s.gu, s.x), 1, true), s.mul(s.reach, s.reach))
	gx := s.add(s.mul(s.div(s.x, s.d), s.sub(s.gd, dot)), s.div(s.gu, s.reach))
	zero := s.sub("positions", "positions")
	s.rename(s.scatter(s.scatter(zero, s.dst, gx), s.src, s.neg(gx)), "forces")
}
