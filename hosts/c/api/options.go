package api

import (
	"runtime"
	"strconv"
	"strings"
)

// launchers is what MPI's launchers set for each rank.
var launchers = []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_SIZE"}

// Threads is how many threads are meant, at most one for each core that the
// process may use: what was asked for or, for 0, OMP_NUM_THREADS; without it, 1
// where an MPI launcher runs a process for each core, and else all. Threads that
// find no core spin in each other's way. getenv is the host's environment, which
// Go has only as it was when the library was loaded.
func Threads(asked int, getenv func(name string) string) int {
	cores := runtime.GOMAXPROCS(0)
	if asked != 0 {
		return min(asked, cores)
	}
	outermost, _, _ := strings.Cut(getenv("OMP_NUM_THREADS"), ",") // of nested regions
	if n, err := strconv.Atoi(strings.TrimSpace(outermost)); err == nil && n > 0 {
		return min(n, cores)
	}
	if getenv("OMPI_MCA_ess") == "singleton" { // Open MPI's MPI_Init sets PMIX_RANK for itself where nobody launched the process
		return cores
	}
	for _, name := range launchers {
		if getenv(name) != "" {
			return 1
		}
	}
	return cores
}
