package nn

import (
	"regexp"
	"slices"
	"strings"

	"painless/checkpoint"
)

// ofEnergies is the names under which training code keeps what its labels were
// scaled and shifted by, such as energy_mean or atomref.
var ofEnergies = regexp.MustCompile(`(?i)^(energy_|forces?_|target_|label_|y_)?(mean|std|scale|shift|offset)s?$|^(atom_?refs?|e0s?|atomic_energies|element_energies|normali[sz]er)$`)

// unapplied returns the names of what stands beside the weights and looks as if
// energies were to be scaled or shifted by it, which the network does not do:
// among the tensors that were left out, and in the metadata and its configurations.
func unapplied(c *checkpoint.Checkpoint, leftOut []string) (names []string) {
	for _, name := range leftOut {
		if slices.ContainsFunc(strings.Split(name, "."), ofEnergies.MatchString) {
			names = append(names, name)
		}
	}
	look := func(prefix string, values map[string]any) {
		for name, value := range values {
			switch value.(type) {
			case nil, bool, string: // says nothing that could be applied
				continue
			}
			if ofEnergies.MatchString(name) {
				names = append(names, prefix+name)
			}
		}
	}
	look("", c.Metadata)
	for _, key := range []string{"config", "hyper_parameters", "args"} {
		if values, ok := c.Metadata[key].(map[string]any); ok {
			look(key+".", values)
		}
	}
	slices.Sort(names)
	return names
}
