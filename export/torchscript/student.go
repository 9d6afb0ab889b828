// Package torchscript writes a student as a TorchScript archive that
// torch.jit.load opens: atomic numbers and positions in, the energy out,
// differentiable by autograd.
package torchscript

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"painless/checkpoint"
	"painless/nn"
)

// Write writes the network of c, whose tensors have their plain names. The
// module's inputs are atomic_numbers int64 [N] and positions [N, 3], Å, isolated;
// its output is the energy, eV.
func Write(w io.Writer, c *checkpoint.Checkpoint, net *nn.Network) error {
	config, err := json.Marshal(net.Statement())
	if err != nil {
		return err
	}
	return c.WriteTorchScript(w, source(net.Config), config)
}

const head = `  def forward(self: __torch__.Student,
    atomic_numbers: Tensor,
    positions: Tensor) -> Tensor:
    gap = torch.sub(torch.unsqueeze(positions, 0), torch.unsqueeze(positions, 1))
    index = torch.arange(torch.size(positions, 0), dtype=None, layout=None, device=ops.prim.device(positions), pin_memory=False)
    others = torch.ne(torch.unsqueeze(index, 0), torch.unsqueeze(index, 1))
    near = torch.logical_and(torch.le(torch.frobenius_norm(gap, [2]), CUTOFF), others)
    src, dst, = torch.where(near)
    x = torch.sub(torch.index_select(positions, 0, src), torch.index_select(positions, 0, dst))
    d = torch.frobenius_norm(x, [1], True)
    u = torch.unsqueeze(torch.div(x, torch.add(d, 1e-08)), -1)
    gauss = torch.exp(torch.neg(torch.pow(torch.div(torch.sub(d, self.rbf.centers), self.rbf.widths), 2)))
    cosine = torch.mul(torch.add(torch.cos(torch.mul(d, PER_CUTOFF)), 1.), 0.5)
    e = torch.mul(gauss, torch.where(torch.lt(d, CUTOFF), cosine, torch.zeros_like(d)))
    s = torch.embedding(self.embedding.weight, atomic_numbers)
    v = torch.mul(torch.unsqueeze(torch.zeros_like(s), 1), torch.zeros([3, 1], dtype=6, layout=None, device=ops.prim.device(positions), pin_memory=False))
`

const block = `    block = getattr(self.interactions, "K")
    first = getattr(block.message.rbf_to_scalar, "0")
    second = getattr(block.message.rbf_to_scalar, "2")
    phi = torch.linear(torch.silu(torch.linear(e, first.weight, first.bias)), second.weight, second.bias)
    phi_s, phi_v, phi_u, = torch.split(phi, H, -1)
    carried = torch.mul(torch.index_select(v, 0, src), torch.unsqueeze(phi_v, 1))
    pushed = torch.mul(u, torch.unsqueeze(phi_u, 1))
    ds = torch.mul(torch.index_select(s, 0, src), phi_s)
    s = torch.index_add(s, 0, dst, ds)
    v = torch.index_add(v, 0, dst, torch.add(carried, pushed))
    first_of_update = getattr(block.update.update_mlp, "0")
    second_of_update = getattr(block.update.update_mlp, "2")
    both = torch.cat([s, torch.frobenius_norm(v, [1])], -1)
    out = torch.linear(torch.silu(torch.linear(both, first_of_update.weight, first_of_update.bias)), second_of_update.weight, second_of_update.bias)
    a, g1, g2, = torch.split(out, H, -1)
    s = torch.add(s, a)
`

const gate = `    mixed = torch.matmul(block.update.mixing_matrix, v)
    v = torch.add(torch.mul(v, torch.unsqueeze(g1, 1)), torch.mul(mixed, torch.unsqueeze(g2, 1)))
`

const readout = `    wa = getattr(self.energy_head, "0")
    wb = getattr(self.energy_head, "2")
    wc = getattr(self.energy_head, "4")
    t = torch.silu(torch.linear(s, wa.weight, wa.bias))
    t = torch.silu(torch.linear(t, wb.weight, wb.bias))
    return torch.sum(torch.linear(t, wc.weight, wc.bias))
`

// source is the method, in the syntax that archives have: functions of torch,
// and no other names than the module's.
func source(cfg nn.Config) string {
	var text strings.Builder
	text.WriteString(head)
	for k := range cfg.NumInteractions {
		part := block
		if k < cfg.NumInteractions-1 { // the vectors after the last block are not used
			part += gate
		}
		// A name has one type: each block's modules are classes of their own.
		part = strings.NewReplacer(`"K"`, strconv.Quote(strconv.Itoa(k)), "block", fmt.Sprint("block", k), "first", fmt.Sprint("first", k), "second", fmt.Sprint("second", k)).Replace(part)
		text.WriteString(part)
	}
	text.WriteString(readout)
	return strings.NewReplacer("PER_CUTOFF", float(math.Pi/cfg.Cutoff), "CUTOFF", float(cfg.Cutoff), ", H, ", fmt.Sprintf(", %d, ", cfg.HiddenDim)).Replace(text.String())
}

// float is a number that Python reads as one that is not whole.
func float(x float64) string {
	text := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += "."
	}
	return text
}
