package checkpoint

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// allowance is how much memory a file may take beside its own bytes: what is
// made of it is counted before it is made. It is a constant and a multiple of
// the file's size, compressed as it is.
type allowance struct {
	most, left int64 // bytes
	fresh      int64 // bytes since garbage was collected
}

const (
	allowedAtLeast = 128 << 20 // bytes
	allowedPerByte = 3
	// collectEvery is how much may be made before garbage is collected: left to
	// itself it could double what is in use.
	collectEvery = 64 << 20
)

func newAllowance(fileSize int64) *allowance {
	most := allowedAtLeast + allowedPerByte*fileSize
	return &allowance{most: most, left: most}
}

// take counts n bytes that are about to be made. After an error all that follows
// is one. Without an allowance nothing is counted.
func (a *allowance) take(n int) error {
	if a == nil {
		return nil
	}
	if a.left -= int64(n); a.left < 0 {
		a.left = math.MinInt64 / 2
		return fmt.Errorf("expected a file whose contents take at most %d MB of memory, %d times its size and %d MB, found more", a.most>>20, allowedPerByte, allowedAtLeast>>20)
	}
	if a.fresh += int64(n); a.fresh > collectEvery {
		a.fresh = 0
		runtime.GC()
	}
	return nil
}

// give gives back n bytes that nothing holds any more.
func (a *allowance) give(n int) {
	if a != nil {
		a.left += int64(n)
	}
}

// What values take, as Go lays them out: an interface that holds them, and what they are made of.
const (
	slotBytes    = 16 // of a stack or a list
	numberBytes  = 8
	textBytes    = 16 // of text that stands in the pickle
	listBytes    = 32
	dictBytes    = 48
	objectBytes  = 64
	bytesBytes   = 24
	tensorBytes  = 64
	storageBytes = 256 // and its place among those of the file
	indexBytes   = 56  // of a key in a map
)

// room makes room for n more elements, and counts it.
func room[T any](a *allowance, s []T, n int) ([]T, error) {
	if len(s)+n <= cap(s) {
		return s, nil
	}
	more := max(n, len(s)/4, min(len(s), 64))
	var x T
	before := cap(s) * int(unsafe.Sizeof(x))
	if err := a.take((len(s) + more) * int(unsafe.Sizeof(x))); err != nil {
		return s, err
	}
	grown := make([]T, len(s), len(s)+more)
	copy(grown, s)
	a.give(before)
	return grown, nil
}
