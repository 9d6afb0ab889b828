package cli

import (
	"io"
	"os"
	"runtime"
	"sync"

	"painless/internal/atomicfile"
)

// Records is where a verb's structures go, one after another. They stand there
// whole, and a file that is replaced is whole: neither an error nor a signal nor a
// full disk leaves a part of a record.
type Records struct {
	out     io.Writer
	file    *atomicfile.File // out, if it is one
	stream  *os.File         // out, if it is opened here
	atomic  int              // bytes that are written at once or not at all
	pack    packer           // nil where records are written as they are
	some    bool             // records are written
	waiting []byte
	ends    []int // of the records in waiting
	err     error // the first of writing, after which there is no more
}

// Records opens an output: - is standard output, devices and FIFOs are written to
// as they are, and a file gets its name in Commit. What ends as .gz or .zst is
// compressed.
func (std Std) Records(path string) (r *Records, err error) {
	if path == "-" || atomicfile.IsStandardOutput(path) {
		return &Records{out: std.Out, atomic: atomicBytes(std.Out)}, nil
	}
	r = &Records{}
	if r.pack, err = packing(path); err != nil {
		return nil, err
	}
	if r.stream, err = atomicfile.Stream(path); err != nil {
		return nil, err
	}
	if r.stream != nil {
		r.out, r.atomic = r.stream, atomicBytes(r.stream)
		return r, nil
	}
	if r.file, err = atomicfile.Create(path); err != nil {
		return nil, err
	}
	r.out = r.file
	return r, nil
}

// atomicBytes is PIPE_BUF for a pipe: a write of that much is never cut.
func atomicBytes(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok {
		return 0
	}
	switch info, err := file.Stat(); {
	case err != nil || info.Mode()&os.ModeNamedPipe == 0:
		return 0
	case runtime.GOOS == "linux":
		return 4096
	}
	return 512
}

// Write adds to the record that End ends.
func (r *Records) Write(b []byte) (int, error) {
	r.waiting = append(r.waiting, b...)
	return len(b), nil
}

// End ends a record, and writes those that wait if they are many.
func (r *Records) End() error {
	r.ends = append(r.ends, len(r.waiting))
	if len(r.waiting) < enough {
		return nil
	}
	return r.Flush()
}

const enough = 1 << 18 // bytes

// Flush writes the records that are ended.
func (r *Records) Flush() error {
	first, begin := 0, 0
	for first < len(r.ends) && r.err == nil {
		next := len(r.ends) // all, or, into a pipe, those that it takes at once
		if r.atomic > 0 {
			for next = first + 1; next < len(r.ends) && r.ends[next]-begin <= r.atomic; {
				next++
			}
		}
		r.err = r.write(begin, r.ends[first:next])
		first, begin = next, r.ends[next-1]
	}
	r.waiting, r.ends = append(r.waiting[:0], r.waiting[begin:]...), r.ends[:0]
	return r.err
}

// unfinished is held while there is a part of a record in an output.
var unfinished sync.Mutex

// write writes the records that begin there in waiting.
func (r *Records) write(begin int, ends []int) error {
	records, packed := r.waiting[begin:ends[len(ends)-1]], r.pack != nil
	if r.some = true; packed {
		records = r.pack(records)
	}
	if len(records) > r.atomic {
		unfinished.Lock()
		defer unfinished.Unlock()
	}
	n, err := r.out.Write(records)
	if err != nil {
		whole := 0
		for _, end := range ends {
			if end-begin <= n && !packed {
				whole = end - begin
			}
		}
		r.takeBack(n - whole)
	}
	return err
}

// takeBack removes the last bytes that were written, if they are a file's last.
func (r *Records) takeBack(n int) {
	file, ok := r.out.(*os.File)
	if !ok || n == 0 {
		return
	}
	info, err := file.Stat()
	at, errSeek := file.Seek(0, io.SeekCurrent)
	if err == nil && errSeek == nil && info.Mode().IsRegular() && info.Size() == at {
		_ = file.Truncate(at - int64(n)) // the error of writing is reported
		_, _ = file.Seek(at-int64(n), io.SeekStart)
	}
}

// Commit ends the output: a file gets its name. Without replace it is an error,
// fs.ErrExist, where there is one.
func (r *Records) Commit(replace bool) error {
	if err := r.Flush(); err != nil {
		return err
	}
	if r.pack != nil && !r.some { // no bytes are no compressed file
		if err := r.write(0, []int{0}); err != nil {
			return err
		}
	}
	switch {
	case r.stream != nil:
		return r.stream.Close()
	case r.file == nil:
		return nil
	case replace:
		return r.file.Commit()
	}
	return r.file.CommitNew()
}

// Abort leaves no file, and ends other outputs after the last whole record; it may be deferred.
func (r *Records) Abort() {
	if r.file != nil {
		r.file.Abort()
	} else if r.Flush() == nil && r.stream != nil {
		r.stream.Close()
	}
}
