package main

import (
	"debug/elf"
	"fmt"
	"strconv"
	"strings"
)

// glibcVersion is a version of the GNU C library, 2.minor.
type glibcVersion struct{ minor int }

func (v glibcVersion) String() string { return fmt.Sprintf("2.%d", v.minor) }

// glibc is the least version that has every symbol that a library takes from it.
// A library that needs others is an error.
func glibc(path string) (v glibcVersion, err error) {
	file, err := elf.Open(path)
	if err != nil {
		return v, fmt.Errorf("%s: expected a library in ELF: %w", path, err)
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range libraries {
		if name != "libc.so.6" && !strings.HasPrefix(name, "ld-linux") {
			return v, fmt.Errorf("%s: expected a library that needs libc alone, found that it needs %s", path, name)
		}
	}
	symbols, err := file.ImportedSymbols()
	if err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range symbols {
		number, ok := strings.CutPrefix(s.Version, "GLIBC_2.")
		if !ok {
			continue // a weak one, of whoever has it
		}
		number, _, _ = strings.Cut(number, ".")
		minor, err := strconv.Atoi(number)
		if err != nil {
			return v, fmt.Errorf("%s: symbol %s: expected a version of glibc, found %s", path, s.Name, s.Version)
		}
		v.minor = max(v.minor, minor)
	}
	if v.minor == 0 {
		return v, fmt.Errorf("%s: expected symbols of glibc, found none", path)
	}
	return v, nil
}
