package main

import (
	"fmt"
	"strings"
)

// table is the report as markdown.
func (r *report) table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s, %d threads, %s; PyTorch %s, ONNX Runtime %s\n\n", r.CPU, r.Threads, r.Date, r.Peers["PyTorch"], r.Peers["ONNX Runtime"])
	t.WriteString("| model | structure | atoms | edges | painless E+F ms | PyTorch E+F ms | ONNX Runtime E only ms | PyTorch / painless | ONNX Runtime / painless |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range r.Against {
		ours, torch, onnx := median(c.Painless), median(c.PyTorch), median(c.ONNX)
		fmt.Fprintf(&t, "| %s | %s | %d | %d | %.3f | %.2f | %.2f | %.1f | %.1f |\n",
			c.Model, c.Structure, c.Atoms, c.Edges, 1e3*ours, 1e3*torch, 1e3*onnx, torch/ours, onnx/ours)
	}
	fmt.Fprintf(&t, "\n| model | structure | atoms | edges | 1 thread ms | %d threads ms | ratio | µs/atom | ns/edge |\n|---|---|---|---|---|---|---|---|---|\n", r.Threads)
	for _, s := range r.Alone {
		one, all := median(s.One), median(s.All)
		fmt.Fprintf(&t, "| %s | %s | %d | %d | %.3f | %.3f | %.2f | %.2f | %.0f |\n",
			s.Model, s.Structure, s.Atoms, s.Edges, 1e3*one, 1e3*all, one/all, 1e6*all/float64(s.Atoms), 1e9*all/float64(s.Edges))
	}
	t.WriteString("\n| model | load and tabulate ms |\n|---|---|\n")
	for _, l := range r.Load {
		fmt.Fprintf(&t, "| %s | %.1f |\n", l.Model, 1e3*median(l.Seconds))
	}
	return t.String()
}
