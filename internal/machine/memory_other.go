//go:build !unix

package machine

// PeakMemory is the most memory that the process has had in use so far, bytes; 0
// where the system does not say it.
func PeakMemory() int64 { return 0 }
