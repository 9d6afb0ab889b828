package nn

import "painless/kernels/gpu"

// few is whether a batch has so few atoms that they go through the network in launches of their own, which wait for
// results and not for work. The same bits come out.
func (e *gpuEngine) few() bool {
	n := e.input.Numbers.Len()
	return 0 < n && n <= gpu.FewAtoms && !e.weights.exact
}

// doFew does a stage of the schedule for few atoms. What stays within a group of features is one launch: an update's last layer and the
// message after it, and on the way back that layer's reverse and the message's before it.
func (e *gpuEngine) doFew(s step) error {
	k, w, block := e.kernels, &e.weights, s.block
	last := len(w.filters) - 1
	switch s.stage {
	case message:
		if block == 0 {
			return k.FewMessage(e.after[0], e.fewMessage(0))
		}
	case update:
		return k.FewUpdate(e.after[block+1], e.pre[block], e.gates[block], e.after[block], &w.updates[block], e.fewMessage(block+1))
	case turn:
		return k.FewTurn(e.energy, e.after[last], &w.updates[last], &w.readout, &e.ofFew)
	case messageBackward:
		if block == last {
			return k.FewTurnBack(e.gin, e.force, e.g, e.after[last], &w.updates[last], &e.ofFew, e.fewMessage(last))
		}
		return k.FewUpdateBack(e.gin, e.force, e.g, e.after[block], e.pre[block], e.gates[block], &w.updates[block], &e.ofFew, e.fewMessage(block))
	case updateBackward:
		e.g, e.gin = e.gin, e.g
	case collect:
		if e.energyOnly {
			return e.do(s)
		}
		return k.SumAndReduce(e.results, e.forces, e.virials, e.force, e.search.Order, e.energy, &e.input, gpu.Groups(e.net.HiddenDim))
	}
	return nil
}

// fewMessage is block k's message.
func (e *gpuEngine) fewMessage(k int) *gpu.FewMessage {
	return &gpu.FewMessage{Edges: &e.edges, Filter: e.weights.filters[k], Cutoff: float32(e.net.Cutoff), Before: e.beforeMessage(k)}
}
