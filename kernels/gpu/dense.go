package gpu

// Dense is the weights of a linear layer, for its way forward [in, out] and
// its way back [out, in], the columns in the order that interleaved puts them in.
type Dense struct {
	Forward, Bias, Backward Array[float32]

	few, fewBack Array[float32] // forward and back for few atoms: see sliced

	fragments, fragmentsBack Array[float32] // forward and back for tensor cores, where kernels use them
}

// NewDense uploads a linear layer's weights [out, in] and bias [out] for kernels
// of h features. out and in are at most h, or multiples of h.
func NewDense(m *Memory, weight, bias []float32, h int) (d Dense, err error) {
	out, in := len(bias), 0
	if out > 0 {
		in = len(weight) / out
	}
	if err := sized("linear layer", length{"weight", len(weight), out * in}); err != nil {
		return d, err
	}
	forward := make([]float32, len(weight))
	for o := range out {
		for i := range in {
			forward[i*out+o] = weight[o*in+i]
		}
	}
	type array struct {
		to     *Array[float32]
		values []float32
	}
	arrays := []array{{&d.Forward, interleaved(forward, out, h)}, {&d.Bias, bias}, {&d.Backward, interleaved(weight, in, h)},
		{&d.few, sliced(weight, bias, h)}, {&d.fewBack, sliced(forward, make([]float32, in), h)}}
	if multiplies(m.dev.Properties(), h) && out >= h && in >= h {
		arrays = append(arrays, array{&d.fragments, fragments(weight, out, in)}, array{&d.fragmentsBack, fragments(forward, in, out)})
	}
	for _, a := range arrays {
		if err := Upload(m, a.to, "weights", a.values); err != nil {
			return d, err
		}
	}
	return d, nil
}

// quarters is the outputs of a thread, FEATURES in dense.cuh.
const quarters = 4

// interleaved is w, rows of so many columns, with the columns of every h as threads own them: the first of each
// quarter of them, the second of each quarter, and so on. Fewer than four, which no tile is multiplied by, stay as they are.
func interleaved(w []float32, columns, h int) []float32 {
	width := min(columns, h)
	if width%quarters != 0 {
		return w
	}
	out := make([]float32, len(w))
	for i, x := range w {
		c := i % width // i − c is where the h of the row begin, as rows are whole numbers of them
		out[i-c+c%(width/quarters)*quarters+c/(width/quarters)] = x
	}
	return out
}

// fewPad is the numbers behind an output's weights, PAD in few.cu: the first is its bias.
const fewPad = 4

// sliced is w [out, in] and bias [out] as few.cu has them: the outputs of group after group of each h of them, those of
// every h side by side, and behind the weights of each its bias.
func sliced(w, bias []float32, h int) []float32 {
	in := len(w) / max(1, len(bias))
	parts := max(1, len(bias)/h)
	out := make([]float32, len(bias)*(in+fewPad))
	for o, b := range bias {
		f, part := o%h, o/h
		at := ((f/groupWidth*parts+part)*groupWidth + f%groupWidth) * (in + fewPad)
		copy(out[at:], w[o*in:(o+1)*in])
		out[at+in] = b
	}
	return out
}

// fragments is w [out, in], both multiples of 16, as a warp's lanes have it for mma.m16n8k8: [in/8, out/16, 32, 4], of lane l
// outputs l/4 and l/4 + 8 of input l%4, and the same two of input l%4 + 4.
func fragments(w []float32, out, in int) []float32 {
	f := make([]float32, 0, len(w))
	for k := 0; k < in; k += 8 {
		for o := 0; o < out; o += 16 {
			for l := range 32 {
				for r := range 4 {
					f = append(f, w[(o+l/4+r%2*8)*in+k+l%4+r/2*4])
				}
			}
		}
	}
	return f
}
