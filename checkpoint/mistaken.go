package checkpoint

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"painless/internal/foreign"
)

// mistaken says what a file is that is no checkpoint: a download that went
// wrong, structures, or something else that people keep weights in.
func mistaken(head string) string {
	if xyz.MatchString(head) {
		return "an XYZ file: structures, which are inputs, and no weights"
	}
	if f, ok := foreign.Of(head); ok {
		switch f.Holds {
		case foreign.Structures:
			return f.Name + ": structures, and no weights"
		case foreign.Weights:
			return f.Name // another than can be read
		}
		return f.String()
	}
	n := min(len(head), 8)
	for n < min(len(head), 40) && head[n] >= ' ' && head[n] <= '~' { // a message, perhaps
		n++
	}
	return fmt.Sprintf("one that begins with %q", head[:n])
}

var xyz = regexp.MustCompile(`\A(\xEF\xBB\xBF)?\s*\d+[ \t]*\r?\n[^\n]*\n\s*([A-Z][a-z]?|\d+)\s+[-+.\d]`)

// folders is what is made of the files that training leaves in a folder, by a name in it.
var folders = []struct{ holds, advice string }{
	{"zero_to_fp32.py", "of DeepSpeed: python zero_to_fp32.py . OUT.pt, run in it, makes a file"},
	{".metadata", "of torch.distributed.checkpoint: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER OUT.pt makes a file"},
	{"saved_model.pb", "of TensorFlow, which is not read"},
}

// notRegular says what is at a path that is no regular file.
func notRegular(path string, mode fs.FileMode) error {
	if !mode.IsDir() {
		return fmt.Errorf("%s: expected a regular file, found %s", path, mode.Type())
	}
	for _, f := range folders {
		if _, err := os.Stat(filepath.Join(path, f.holds)); err == nil {
			return fmt.Errorf("%s: expected a file, found a folder %s", path, f.advice)
		}
	}
	var files []string
	for _, ending := range []string{"*.pt", "*.pth", "*.ckpt", "*.bin", "*.safetensors"} {
		found, _ := filepath.Glob(filepath.Join(path, ending)) // an error is of a pattern in the path: nothing is named then
		files = append(files, found...)
	}
	if len(files) > 0 {
		return fmt.Errorf("%s: expected a file, found a folder, in which is %s", path, strings.Join(files[:min(len(files), 3)], ", "))
	}
	return fmt.Errorf("%s: expected a file, found a folder", path)
}
