package nn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"painless/checkpoint"
)

// choice is the candidates of a checkpoint, and the one that is taken.
type choice struct {
	*candidate
	states []*checkpoint.State
	all    []*candidate // that are nearly networks, the likeliest first
}

// maxNetworks in a file: they are compared with one another.
const maxNetworks = 100

// choose takes the one whole network of a checkpoint, whatever its names begin
// with. Averages stand back behind the weights that they are of, and sets under
// keys that are not usual behind usual ones; of several that are alike none is
// taken. Where none is whole it is the one with the most of a network's tensors.
func choose(c *checkpoint.Checkpoint) (*choice, error) {
	if c.State == nil {
		return nil, errors.New("the checkpoint has no tensors")
	}
	x := &choice{states: append([]*checkpoint.State{c.State}, c.Others...)}
	var asked, pool []*candidate
	most := newCandidate(c.State, "") // of a network's tensors
	for _, state := range x.states {
		for _, y := range candidates(state) {
			if !c.Asked || state == c.State {
				if len(y.order) > len(most.order) {
					most = y
				}
				if y.near {
					asked = append(asked, y)
				}
			}
			if y.near {
				x.all = append(x.all, y)
			}
		}
	}
	if len(x.all) > maxNetworks {
		return nil, fmt.Errorf("expected at most %d networks in a file, found %d", maxNetworks, len(x.all))
	}
	for _, y := range asked {
		if y.whole && !slices.ContainsFunc(pool, y.same) {
			pool = append(pool, y)
		}
	}
	if raw := slices.DeleteFunc(slices.Clone(pool), (*candidate).isAverage); len(raw) > 0 {
		pool = raw
	}
	if len(pool) > 0 && pool[0].state.Usual {
		first := pool[0].state
		pool = slices.DeleteFunc(slices.Clone(pool), func(y *candidate) bool { return y.state != first })
	}
	pool = slices.DeleteFunc(slices.Clone(pool), func(y *candidate) bool { return slices.ContainsFunc(pool, y.isWithin) })
	switch {
	case len(pool) == 1:
		if x.candidate = pool[0]; x.hasWord("teacher") || x.isAverage() {
			if y := broken(asked); y != nil {
				x.candidate = y
			}
		}
	case len(pool) > 1:
		var places []string
		for _, y := range pool {
			places = append(places, "-key "+x.placeOf(y))
		}
		return nil, fmt.Errorf("expected one network, found %d: %s takes one of them", len(pool), strings.Join(places, " or "))
	default:
		x.candidate = most
	}
	if x.clash != nil {
		return nil, x.clash
	}
	return x, nil
}

// broken is a student that is not whole, beside a teacher or an average that is.
func broken(candidates []*candidate) *candidate {
	for _, x := range candidates {
		if !x.whole && !x.isAverage() && !x.hasWord("teacher") {
			return x
		}
	}
	return nil
}

// isWithin reports whether a candidate is an attribute of another one.
func (x *candidate) isWithin(y *candidate) bool {
	return x.state == y.state && len(x.prefix) > len(y.prefix) && strings.HasPrefix(x.prefix, y.prefix)
}

// placeOf is a candidate's key, or its prefix where several are under that key,
// or both where that could be another's.
func (x *choice) placeOf(y *candidate) string {
	prefix := strings.TrimSuffix(y.prefix, ".")
	alone, unique := true, true
	for _, z := range x.all {
		if z == y {
			continue
		}
		alone = alone && z.state.Key != y.state.Key
		unique = unique && z.state.Key != prefix && strings.TrimSuffix(z.prefix, ".") != prefix
	}
	switch {
	case alone || prefix == "":
		return y.state.Key
	case unique || y.state.Key == "":
		return prefix
	}
	return y.state.Key + "." + prefix
}

// others is the other networks of the file, whole or nearly, as -key takes them.
func (x *choice) others() (places []string) {
	own := x.names()
	for _, y := range x.all {
		shared := y.state == x.state && slices.ContainsFunc(y.order, func(name string) bool { return own[y.full[name]] })
		if !shared && !y.same(x.candidate) {
			places = append(places, x.placeOf(y))
		}
	}
	return places
}

// asideWords is the words of modules beside a network that take no part in its energies.
var asideWords = append([]string{"teacher", "loss", "losses", "criterion", "criteria", "metric", "metrics", "mae", "mse", "rmse", "train", "val", "test",
	"optimizer", "scheduler"}, averages...)

// leftOut is the tensors under the network's key that are not its own. Of those
// within it, which may take part in its energies, only counters, other networks
// and what is called a teacher, a loss or a metric may be left out.
func (x *choice) leftOut() (names []string, err error) {
	own := x.names()
	flat := map[string]bool{} // averages that a hook keeps beside the weights, without dots
	for _, full := range x.full {
		flat[strings.ReplaceAll(full, ".", "_")] = true
	}
	var inner []string // prefixes of networks within this one
	for _, y := range x.all {
		if y.isWithin(x.candidate) {
			inner = append(inner, y.prefix)
		}
	}
	for full, t := range x.state.All() {
		rest, within := strings.CutPrefix(full, x.prefix)
		switch {
		case own[full]:
			continue
		case within && !aside(rest, t) && !flat[strings.TrimPrefix(full, "ema_")] && !slices.ContainsFunc(inner, func(prefix string) bool { return strings.HasPrefix(full, prefix) }):
			return nil, fmt.Errorf("surplus tensor %s: a network of %d interactions has no such weights, and without them it would be another", Shown(full), len(x.blocks))
		}
		names = append(names, full)
	}
	for _, s := range x.states {
		if s != x.state && s.Key == x.state.Key { // the rest, where a key took a part
			names = append(names, s.Names()...)
		}
	}
	return names, nil
}

// aside reports whether a tensor of this name within a network is none of its weights.
func aside(name string, t *checkpoint.Tensor) bool {
	first, _, nested := strings.Cut(name, ".")
	switch {
	case t.Len() == 1 && len(t.Shape) == 0 && !t.DType().IsFloat(), t.Len() == 1 && isCutoff(name): // a counter; what stated read
		return true
	case !nested || patterns[first] != nil:
		return false
	}
	return slices.ContainsFunc(wordsOf(first), func(w string) bool { return slices.Contains(asideWords, w) })
}
