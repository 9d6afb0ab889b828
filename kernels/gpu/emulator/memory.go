package emulator

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"painless/kernels/gpu"
)

// memory is the device's global memory. An address is the number of its
// allocation and an offset, so that running over the end of one never reaches
// another.
type memory struct {
	mu      sync.Mutex // of atomics
	allocs  []*allocation
	used    int64
	limit   int64
	launch  uint64 // count of launches
	checked bool
	charged bool
}

// allocation is size bytes, and for every 4 of them who wrote and who read
// them last: the launch and the block, counted from 1, everyone for atomics and letters, and
// for several readers, or host. 0 is nobody.
type allocation struct {
	data             []byte
	writers, readers []uint64
	freed, mapped    bool        // mapped is memory of the host, which writes and reads it as it likes between launches
	touched          [2][]uint64 // if charged, for every 32 bytes which launch read and which wrote them last
}

const (
	addressBits = 40
	everyone    = 1<<32 - 1
	host        = 1 // launch 0
)

func (m *memory) alloc(size int) (uint64, error) {
	if m.used+int64(size) > m.limit {
		return 0, fmt.Errorf("%w: %d bytes asked for, %d of %d in use", gpu.ErrOutOfMemory, size, m.used, m.limit)
	}
	m.used += int64(size)
	return m.add(&allocation{data: make([]byte, size)}), nil
}

// share makes b, which the host has written, memory that kernels find too.
func (m *memory) share(b []byte) uint64 {
	a := &allocation{data: b, mapped: true}
	address := m.add(a)
	for k := range a.writers {
		a.writers[k] = host
	}
	return address
}

// add gives an allocation its address.
func (m *memory) add(a *allocation) uint64 {
	size := len(a.data)
	a.writers, a.readers = make([]uint64, (size+3)/4), make([]uint64, (size+3)/4)
	if m.charged {
		a.touched = [2][]uint64{make([]uint64, (size+31)/32), make([]uint64, (size+31)/32)}
	}
	m.allocs = append(m.allocs, a)
	return uint64(len(m.allocs)) << addressBits
}

// free gives back device memory, or the host's.
func (m *memory) free(address uint64, mapped bool) error {
	a, offset := m.at(address)
	switch {
	case a == nil || offset != 0 || a.mapped != mapped:
		return fmt.Errorf("free of %#x, which was not allocated", address)
	case a.freed:
		return fmt.Errorf("free of %#x, which is free already", address)
	}
	if !mapped {
		m.used -= int64(len(a.data))
	}
	*a = allocation{freed: true, mapped: mapped}
	return nil
}

// at is the allocation of an address and the offset in it; nil if there is none.
func (m *memory) at(address uint64) (*allocation, uint64) {
	id := address >> addressBits
	if id == 0 || id > uint64(len(m.allocs)) {
		return nil, 0
	}
	return m.allocs[id-1], address & (1<<addressBits - 1)
}

// piece is size bytes at an address, or what is wrong with that.
func (m *memory) piece(address uint64, size int) (*allocation, int, string) {
	a, offset := m.at(address)
	switch {
	case a == nil:
		return nil, 0, fmt.Sprintf("address %#x is in no allocation", address)
	case a.freed:
		return nil, 0, fmt.Sprintf("address %#x is in memory that was freed", address)
	case offset+uint64(size) > uint64(len(a.data)):
		return nil, 0, fmt.Sprintf("out of bounds: bytes %d to %d of an allocation of %d", offset, offset+uint64(size), len(a.data))
	case offset%uint64(size) != 0:
		return nil, 0, fmt.Sprintf("misaligned: %d bytes at offset %d", size, offset)
	}
	return a, int(offset), ""
}

// mark is a block, as memory remembers in this launch who used it.
func (m *memory) mark(b *block) uint64 { return m.launch<<32 | uint64(b.number+1) }

// others is whether a mark is of this launch and not the block's own, or not its alone.
func (m *memory) others(mark, own uint64) bool { return mark>>32 == m.launch && mark != own }

// read checks an access of a block to size bytes.
func (m *memory) read(address uint64, size int, b *block) ([]byte, string) {
	a, offset, wrong := m.piece(address, size)
	if wrong != "" {
		return nil, wrong
	}
	if m.checked {
		own := m.mark(b)
		for k := offset / 4; k < (offset+size+3)/4; k++ {
			// Readers and writers say what they do before they look at each
			// other: one of them finds out.
			if before := atomic.LoadUint64(&a.readers[k]); before != own {
				now := own
				if m.others(before, own) {
					now |= everyone
				}
				if now != before {
					atomic.StoreUint64(&a.readers[k], now)
				}
			}
			switch by := atomic.LoadUint64(&a.writers[k]); {
			case by == 0:
				return nil, fmt.Sprintf("reads memory that nothing wrote, at byte %d of an allocation of %d", 4*k, len(a.data))
			case m.others(by, own):
				return nil, fmt.Sprintf("reads what another block writes in the same launch, at byte %d of an allocation of %d", 4*k, len(a.data))
			}
		}
	}
	return a.data[offset : offset+size], ""
}

func (m *memory) write(address uint64, size int, b *block) ([]byte, string) {
	a, offset, wrong := m.piece(address, size)
	if wrong != "" {
		return nil, wrong
	}
	if m.checked {
		own := m.mark(b)
		for k := offset / 4; k < (offset+size+3)/4; k++ {
			if by := atomic.SwapUint64(&a.writers[k], own); m.others(by, own) {
				return nil, fmt.Sprintf("writes where another block writes in the same launch, at byte %d of an allocation of %d", 4*k, len(a.data))
			}
			if by := atomic.LoadUint64(&a.readers[k]); m.others(by, own) {
				return nil, fmt.Sprintf("writes what another block reads in the same launch, at byte %d of an allocation of %d", 4*k, len(a.data))
			}
		}
	}
	return a.data[offset : offset+size], ""
}

// touch is how many of the sectors, addresses over 32, the launch had not read,
// or written, so far.
func (m *memory) touch(sectors []uint64, writes bool) (n uint64) {
	way := 0
	if writes {
		way = 1
	}
	for _, sector := range sectors {
		a, offset := m.at(32 * sector)
		if a == nil || a.freed || offset >= uint64(len(a.data)) {
			continue // which the access itself finds out
		}
		if atomic.SwapUint64(&a.touched[way][offset/32], m.launch) != m.launch {
			n++
		}
	}
	return n
}

// ofHost is whether a sector is of the host's memory.
func (m *memory) ofHost(sector uint64) bool {
	a, _ := m.at(32 * sector)
	return a != nil && a.mapped
}

// update changes 4 or 8 bytes atomically, or reads them if change is nil, and returns what they were; does is what errors call that.
func (m *memory) update(address uint64, size int, b *block, does string, change func(old uint64) uint64) (uint64, string) {
	a, offset, wrong := m.piece(address, size)
	if wrong != "" {
		return 0, wrong
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.checked {
		own := m.mark(b)
		all := own | everyone
		for k := offset / 4; k < (offset+size)/4; k++ {
			switch by := atomic.SwapUint64(&a.writers[k], all); {
			case by == 0:
				return 0, fmt.Sprintf("%s memory that nothing wrote, at byte %d of an allocation of %d", does, 4*k, len(a.data))
			case by != all && m.others(by, own):
				return 0, fmt.Sprintf("%s what another block writes in the same launch, at byte %d of an allocation of %d", does, 4*k, len(a.data))
			case change != nil && m.others(atomic.LoadUint64(&a.readers[k]), own):
				return 0, fmt.Sprintf("%s what another block reads in the same launch, at byte %d of an allocation of %d", does, 4*k, len(a.data))
			}
		}
	}
	if change == nil {
		change = func(old uint64) uint64 { return old }
	}
	return changed(a.data[offset:], size, change), ""
}

// changed changes 4 or 8 bytes and is what they were.
func changed(data []byte, size int, change func(old uint64) uint64) uint64 {
	if size == 8 {
		old := binary.LittleEndian.Uint64(data)
		binary.LittleEndian.PutUint64(data, change(old))
		return old
	}
	old := binary.LittleEndian.Uint32(data)
	binary.LittleEndian.PutUint32(data, uint32(change(uint64(old))))
	return uint64(old)
}

// fromHost is size bytes that the host writes, or reads.
func (m *memory) fromHost(address uint64, size int, writes bool) ([]byte, error) {
	a, offset := m.at(address)
	if a == nil || a.freed || offset+uint64(size) > uint64(len(a.data)) {
		return nil, fmt.Errorf("copy of %d bytes at %#x: not within an allocation", size, address)
	}
	for k := offset / 4; k < (offset+uint64(size)+3)/4; k++ {
		if writes {
			a.writers[k] = host
		} else if m.checked && a.writers[k] == 0 {
			return nil, fmt.Errorf("download of %d bytes: nothing wrote byte %d of an allocation of %d", size, 4*k, len(a.data))
		}
	}
	return a.data[offset : offset+uint64(size)], nil
}
