package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeBill writes the bill of materials of a binary, a CycloneDX file in JSON,
// and puts it beside the licences in the tree.
func (r *release) writeBill(binary, path string) error {
	if _, err := command(nil, filepath.Join(r.tools, "cyclonedx-gomod"), "bin", "-json", "-version", "v"+r.version, "-noserial", "-notimestamp",
		"-licenses", "-std", "-output", path, binary); err != nil {
		return err
	}
	bill, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// The fonts are of their module, whatever folder a release takes a part of them from.
	text := strings.NewReplacer("./"+fontsFolder+"@(devel)", fontsModule+"@"+r.fonts,
		`"name": "./`+fontsFolder+"\",\n      \"version\": \"(devel)\"", `"name": "`+fontsModule+"\",\n      \"version\": \""+r.fonts+`"`).Replace(string(bill))
	if !strings.Contains(text, fontsModule) || strings.Contains(text, fontsFolder) {
		return fmt.Errorf("%s: expected a module of fonts from %s", path, fontsFolder)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(filepath.Dir(binary)), documents, "painless.cdx.json"), []byte(text), 0o644)
}
