//go:build unix

package machine

import (
	"runtime"
	"syscall"
)

// PeakMemory is the most memory that the process has had in use so far, bytes; 0
// where the system does not say it.
func PeakMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) // bytes, where others have KiB
	}
	return int64(usage.Maxrss) << 10
}
