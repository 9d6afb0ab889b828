// Package foreign names the format of a file that is another than was expected, by
// its first bytes, whatever its name.
package foreign

import (
	"encoding/binary"
	"regexp"
	"strings"
)

// Format is what a file is.
type Format struct {
	Name   string // with its article, such as "a CIF file"
	Holds  Content
	Advice string // what makes extended XYZ of it, or the file itself
}

// Content is what a format is for.
type Content int

// What formats are for.
const (
	Anything Content = iota
	Structures
	Weights
	Nothing // the file stands for another, or is damaged
)

// String is the format's name, and what to do.
func (f Format) String() string {
	if f.Advice == "" {
		return f.Name
	}
	return f.Name + ": " + f.Advice
}

// known is a format and how its beginning is known.
type known struct {
	Format
	is func(head string) bool
}

// byASE is a format of structures that ASE reads under a name.
func byASE(name, format string, is func(string) bool) known {
	return known{Format{name, Structures, "ase convert -i " + format + " IN OUT.extxyz makes extended XYZ of it"}, is}
}

// byOpenBabel is a format of molecules that Open Babel reads under a name.
func byOpenBabel(name, format string, is func(string) bool) known {
	return known{Format{name, Structures, "obabel -i" + format + " IN -oxyz -O OUT.xyz makes XYZ of it"}, is}
}

const (
	download = "the download failed, or was of a page about the file"
	unpack   = "unpack it"
)

// formats is those that are known, those with a signature first.
var formats = []known{
	{Format{"a Git LFS pointer, which stands for the file", Nothing, "git lfs pull fetches the file itself"}, text("version https://git-lfs")},
	byASE("VASP's vasprun.xml", "vasp-xml", all(text("<?xml"), has("<modeling>"))),
	byOpenBabel("a CML file", "cml", all(text("<"), has("<molecule"))),
	{Format{"a web page", Nothing, download}, text("<!doctype", "<html", "<head", "<?xml", "<!--")},
	{Format{"an ASE trajectory", Structures, "ase convert -i traj IN OUT.extxyz makes extended XYZ of it"}, func(head string) bool {
		return strings.HasPrefix(head, "- of UlmASE-Trajectory") || strings.HasPrefix(head, "AFFormatASE-Trajectory")
	}},
	{Format{"an SQLite database", Structures, "if it is ASE's, ase convert -i db IN OUT.extxyz makes extended XYZ of it"}, begins("SQLite format 3\x00")},
	{Format{"an LMDB database", Structures, "training code keeps structures so: write extended XYZ from there, with ase.io.write"}, func(head string) bool {
		return len(head) > 20 && head[16:20] == "\xde\xc0\xef\xbe"
	}},
	{Format{"an HDF5 file", Anything, ""}, begins("\x89HDF\r\n")},
	{Format{"a NetCDF file", Structures, "ase convert -i netcdftrajectory IN OUT.extxyz makes extended XYZ of AMBER's"}, begins("CDF\x01", "CDF\x02", "CDF\x05")},
	{Format{"a DCD trajectory, which has no elements", Structures, ""}, func(head string) bool { return len(head) >= 8 && head[4:8] == "CORD" }},
	{Format{"an XTC or TRR trajectory of GROMACS, which has no elements", Structures, "gmx trjconv writes PDB of it"}, begins("\x00\x00\x07\xcb", "\x00\x00\x07\xc9")},
	{Format{"arrays of NumPy in an npz archive", Anything, "write extended XYZ of them with ase.io.write, or a state dict with torch.save"}, func(head string) bool { return strings.HasSuffix(zipName(head), ".npy") }},
	{Format{"a PyTorch checkpoint", Weights, "it belongs to -model"}, isTorch},
	{Format{"a zip archive", Anything, unpack}, begins("PK\x03\x04", "PK\x05\x06")},
	{Format{"an array of NumPy", Anything, "write extended XYZ of it with ase.io.write, or a state dict with torch.save"}, begins("\x93NUMPY")},
	{Format{"a safetensors file", Weights, "it belongs to -model"}, func(head string) bool {
		return len(head) > 9 && head[8] == '{' && binary.LittleEndian.Uint64([]byte(head[:8])) <= 100_000_000
	}},
	{Format{"an ONNX file", Weights, "it belongs to -model"}, func(head string) bool {
		return len(head) > 4 && head[0] == 0x08 && head[1] < 0x20 && (head[2] == 0x12 || head[2] == 0x3a)
	}},
	{Format{"a GGUF file", Weights, ""}, begins("GGUF")},
	{Format{"a model of TensorFlow Lite", Weights, ""}, func(head string) bool { return len(head) >= 8 && head[4:8] == "TFL3" }},
	{Format{"a bare pickle, or another file of Python's", Anything, "write extended XYZ from there with ase.io.write, or a state dict with torch.save"}, pickled},
	{Format{"a gzip file", Anything, unpack}, begins("\x1f\x8b")},
	{Format{"an xz file", Anything, unpack}, begins("\xfd7zXZ")},
	{Format{"a bzip2 file", Anything, unpack}, begins("BZh")},
	{Format{"a zstd file", Anything, unpack}, begins("\x28\xb5\x2f\xfd")},
	{Format{"a 7z archive", Anything, unpack}, begins("7z\xbc\xaf")},
	{Format{"a RAR archive", Anything, unpack}, begins("Rar!\x1a\x07")},
	{Format{"an lz4 file", Anything, unpack}, begins("\x04\x22\x4d\x18")},
	{Format{"a file of compress, .Z", Anything, unpack}, begins("\x1f\x9d")},
	{Format{"an lzma file", Anything, unpack}, begins("\x5d\x00\x00")},
	{Format{"a tar archive", Anything, unpack}, func(head string) bool { return len(head) > 262 && head[257:262] == "ustar" }},
	{Format{"text in UTF-16, which PowerShell's > writes", Anything, "save it as UTF-8"}, begins("\xff\xfe")},
	{Format{"text in UTF-16", Anything, "save it as UTF-8"}, begins("\xfe\xff")},
	{Format{"a PDF document", Nothing, ""}, begins("%PDF-")},
	{Format{"a picture", Nothing, ""}, begins("\x89PNG", "\xff\xd8\xff", "GIF8")},
	{Format{"a program", Nothing, ""}, begins("\x7fELF", "MZ\x90", "\xcf\xfa\xed\xfe")},
	{Format{"nothing but zeros", Nothing, "a download, or what wrote it, did not end"}, func(head string) bool {
		return len(head) >= 64 && strings.Trim(head, "\x00") == ""
	}},

	byASE("a CIF file", "cif", all(pattern(`(?m)^data_\S*\s*$`), has("_cell_length_a", "_atom_site", "loop_", "_symmetry", "_space_group", "_audit"))),
	byASE("a PDB file", "proteindatabank", pattern(`(?m)\A(\s*\n)*(HEADER|TITLE |REMARK|CRYST1|COMPND|AUTHOR|MODEL |ATOM  |HETATM)`)),
	byASE("a LAMMPS dump", "lammps-dump-text", begins("ITEM: ")),
	byOpenBabel("a mol2 file", "mol2", has("@<TRIPOS>")),
	byOpenBabel("a mol or SD file", "sdf", pattern(`(?m)^.{0,42}V[23]000\s*$|^M  END`)),
	byASE("a LAMMPS data file", "lammps-data", pattern(`(?m)^\s*\d+\s+atoms\s*$(?s:.*?)^\s*\d+\s+(atom types|bonds|angles)`)),
	byASE("a Gaussian output", "gaussian-out", has("Entering Gaussian System", "Gaussian, Inc.")),
	{Format{"an output of ORCA", Structures, "ORCA writes the geometry beside it, as .xyz"}, has("* O   R   C   A *")},
	byOpenBabel("an ORCA input", "orcainp", pattern(`(?mi)^\s*\*\s*(xyz|int|xyzfile|gzmt)\s+-?\d+\s+\d+`)),
	byASE("a Gaussian input", "gaussian-in", pattern(`(?i)\A\s*(%(chk|oldchk|mem|nproc\w*|rwf)\b[^\n]*\n\s*)+#|\A\s*#[pnt]?\s+[\w-]+/\w`)),
	byASE("an XSF file", "xsf", pattern(`(?m)^\s*(ANIMSTEPS|PRIMVEC|CONVVEC|PRIMCOORD|CRYSTAL|SLAB|POLYMER|MOLECULE)\b`)),
	byASE("a file of Turbomole", "turbomole", begins("$coord", "$title")),
	byASE("a geometry of FHI-aims", "aims", pattern(`(?m)^\s*(atom|atom_frac|lattice_vector)\s+[-+.\d]+\s+[-+.\d]+\s+[-+.\d]+`)),
	byASE("an input of Quantum ESPRESSO", "espresso-in", pattern(`(?i)\A\s*&(control|system)`)),
	byASE("an input of CASTEP", "castep-cell", pattern(`(?i)%block\s+(lattice|positions)`)),
	byASE("an input of CP2K", "cp2k-restart", pattern(`(?i)\A\s*&(global|force_eval)`)),
	{Format{"a file of Molden", Structures, ""}, pattern(`(?i)\A\s*\[molden format\]`)},
	byASE("an output of VASP", "vasp-out", pattern(`\A\s*vasp\.\d`)),
	byASE("a file of DL_POLY", "dlp4", pattern(`\A[^\n]*\n\s*\d+\s+\d+(\s+\d+)?(\s+[-+.\deE]+)*\s*\n(\s*[-+.\deE]+){9}\s*\n\s*[A-Za-z]\S*\s+\d+`)),
	byASE("an XDATCAR of VASP", "vasp-xdatcar", all(vasp, pattern(`(?m)^Direct configuration=`))),
	byASE("a POSCAR, CONTCAR or CHGCAR of VASP", "vasp", vasp),
	byASE("a GRO file of GROMACS", "gromacs", pattern(`\A[^\n]*\n\s*\d+\s*\n\s*\d+[A-Za-z]\S*\s+\S+\s*\d+\s+-?\d+\.\d+\s`)),
	byASE("a GEN file of DFTB+", "gen", pattern(`\A\s*\d+\s+[CSFHcsfh]\s*\n(\s*[A-Z][a-z]?)+\s*\n\s*1\s+1\s+[-+.\d]`)),
	byASE("a cube file", "cube", pattern(`\A[^\n]*\n[^\n]*\n\s*-?\d+(\s+[-+.\deE]+){3,4}\s*\n(\s*\d+(\s+[-+.\deE]+){3}\s*\n){3}`)),
	byOpenBabel("an XYZ file of Tinker", "txyz", pattern(`\A\s*\d+\s+\S[^\n]*\n(\s*[-+.\d]+(\s+[-+.\d]+){5}\s*\n)?\s*1\s+[A-Z]\S*\s+-?\d+\.\d+\s+-?\d+\.\d+\s+-?\d+\.\d+\s+\d+`)),
	byASE("an ASE database in JSON", "json", all(text("{"), pattern(`"(numbers|unique_id|positions)"\s*:`))),
	{Format{"the index of a checkpoint in parts", Nothing, "load it in Python, and save all weights in one file"}, all(text("{"), has(`"weight_map"`))},
	{Format{"JSON", Anything, "write extended XYZ of it with ase.io.write"}, pattern(`\A\s*[{\[]\s*(["{\[]|$)`)},
	{Format{"a script", Nothing, ""}, pattern(`\A(#!|"""|import |from \w+ import)`)},
}

// Of is the format of a file that begins so; of 512 bytes or more much is known. ok is
// false where it is none that is known.
func Of(head string) (f Format, ok bool) {
	head = head[:min(len(head), maxHead)]
	for _, k := range formats {
		if k.is(head) {
			return k.Format, true
		}
	}
	return Format{}, false
}

// maxHead is how much of a file is looked at.
const maxHead = 1 << 14

func begins(with ...string) func(string) bool {
	return func(head string) bool {
		for _, w := range with {
			if strings.HasPrefix(head, w) {
				return true
			}
		}
		return false
	}
}

// text is begins in any capitals, after blanks and a byte order mark.
func text(with ...string) func(string) bool {
	is := begins(with...)
	return func(head string) bool {
		head = strings.TrimLeft(strings.TrimPrefix(head, "\xef\xbb\xbf"), " \t\r\n")
		return is(strings.ToLower(head[:min(len(head), 64)]))
	}
}

func has(any ...string) func(string) bool {
	return func(head string) bool {
		for _, part := range any {
			if strings.Contains(head, part) {
				return true
			}
		}
		return false
	}
}

func all(each ...func(string) bool) func(string) bool {
	return func(head string) bool {
		for _, is := range each {
			if !is(head) {
				return false
			}
		}
		return true
	}
}

func pattern(expression string) func(string) bool { return regexp.MustCompile(expression).MatchString }

// vasp is a title, a scale, three vectors, elements or their counts.
var vasp = pattern(`\A[^\n]*\n\s*-?[.\d]+(\s+[.\d]+){0,2}\s*\n((\s*[-+.\deE]+){3}\s*\n){3}(\s*[A-Za-z]\S*)*\s*\n?(\s*\d+)+\s*\n`)

// zipName is the name of a zip archive's first entry.
func zipName(head string) string {
	const header, length = 30, 26
	if !strings.HasPrefix(head, "PK\x03\x04") || len(head) < header {
		return ""
	}
	n := int(binary.LittleEndian.Uint16([]byte(head[length:])))
	return head[header:][:min(n, len(head)-header)]
}

func isTorch(head string) bool {
	const magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
	name := zipName(head)
	return strings.HasSuffix(name, "data.pkl") || strings.Contains(name, "/data/") || strings.HasSuffix(name, "/.format_version") ||
		pickled(head) && strings.Contains(head[:min(len(head), 32)], magic)
}

// pickled is a pickle of protocol 2 or above.
func pickled(head string) bool {
	return len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
}
