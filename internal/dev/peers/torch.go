package main

import "fmt"

// torchScript is the variant of PyTorch that every version has: see torch_peer.py.
const torchScript = "torchscript"

func (b *bench) torchPeer() *peer {
	return b.peer("PyTorch", b.python, "internal/dev/peers/torch_peer.py", fmt.Sprint(b.threads), b.device)
}

func (b *bench) inTorch(p *peer, variant string) entrant {
	return entrant{peer: p, name: "PyTorch " + variant, variant: variant}
}

// beside times painless beside each of PyTorch's variants on the same device, in
// turns of whole processes: a GPU may be one process's alone, and what fails in
// one variant, as a capture of a CUDA graph, is not the next one's.
func (b *bench) beside(models []model) {
	var all []*comparison
	for _, m := range models {
		all = append(all, b.comparisons(m)...)
	}
	each := func(e entrant, rounds int) {
		for _, c := range all {
			for range rounds {
				if !b.turn(c, e) {
					break
				}
			}
		}
		b.stop(e.peer)
	}
	ours, torch := b.painless(b.ours(b.threads)), b.torchPeer()
	each(ours, 1)
	if err := torch.start(); err != nil {
		b.failed("PyTorch", err)
		return
	}
	for i, variant := range torch.Variants {
		if i > 0 {
			each(ours, 1)
		}
		each(b.inTorch(torch, variant), b.rounds)
	}
}
