package hdf5

// The names of the datasets.
const (
	structures   = "/structures"
	labels       = "/labels"
	metadata     = "/metadata"
	numbersName  = structures + "/atomic_numbers"
	splitsName   = structures + "/atomic_numbers_splits"
	positionName = structures + "/positions"
	cellsName    = structures + "/cells"
	pbcName      = structures + "/pbc"
	energyName   = labels + "/energy"
	forcesName   = labels + "/forces"
	fSplitsName  = labels + "/forces_splits"
	stressName   = labels + "/stress"
	maskName     = labels + "/stress_mask"
	indicesName  = labels + "/structure_indices"
)

// indexField is a frame's field of a structure's index; the labels are at data's own keys.
const indexField = "structure_index"

// objects is the paths of all of these, from the outside in.
var objects = []string{
	structures, labels, metadata,
	splitsName, numbersName, positionName, cellsName, pbcName,
	energyName, forcesName, fSplitsName, stressName, maskName, indicesName,
}
