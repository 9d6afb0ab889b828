package checkpoint

import "strings"

// wrappers put their name before those of what they wrap: DataParallel,
// Lightning and training scripts, torch.compile, distillation.
var wrappers = []string{"module.", "model.", "_orig_mod.", "student."}

// splitPrefix takes wrappers, in any mix and nesting, off a tensor's name.
func splitPrefix(full string) (prefix, name string) {
	name = full
	for {
		rest := name
		for _, w := range wrappers {
			rest = strings.TrimPrefix(rest, w)
		}
		if rest == name || rest == "" {
			return full[:len(full)-len(name)], name
		}
		name = rest
	}
}
