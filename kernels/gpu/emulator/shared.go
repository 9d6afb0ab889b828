package emulator

import "fmt"

// shared is a block's shared memory, and for every 4 bytes which threads used
// them since the last barrier: also those of a warp need not run together. What a copy is on its way to is nobody's.
type shared struct {
	data    []byte
	users   []user
	barrier uint32 // count of barriers, from 1
	coming  int    // users that copies are on their way to
	checked bool
}

// user is who wrote and who read last.
type user struct {
	written, read use
	atomic        bool // written by nothing but atomics since the last barrier
	coming        bool // a copy is on its way there
}

// use is a thread, between two barriers of its block, and of its warp.
type use struct {
	barrier, met uint32 // counts; barrier 0 is never
	thread       int32  // −1 for several, −2 for several of warp 0, −3 of warp 1 and so on
}

// at is a lane's use of shared memory now.
func (w *warp) at(lane int) use {
	return use{w.block.shared.barrier, w.met, int32(w.index*lanes + lane)}
}

func (u use) warp() int32 {
	if u.thread < 0 {
		return -2 - u.thread
	}
	return u.thread / lanes
}

// since is whether no barrier was between u and now.
func (u use) since(now use) bool {
	return u.barrier == now.barrier && (u.warp() != now.warp() || u.met == now.met)
}

// beside is whether u is another thread's, too.
func (u use) beside(now use) bool { return u.thread != now.thread && u.since(now) }

// and is both uses, now and what was before.
func (u use) and(now use) use {
	switch {
	case u.barrier != now.barrier || u.thread == now.thread:
	case u.warp() == now.warp():
		now.thread = -2 - now.warp()
	default:
		now.thread = -1
	}
	return now
}

func (s *shared) reset(size int) {
	if cap(s.data) < size {
		s.data, s.users = make([]byte, size), make([]user, (size+3)/4)
	}
	s.data, s.users = s.data[:size], s.users[:(size+3)/4]
	clear(s.users)
	s.barrier, s.coming = 1, 0
}

func (s *shared) piece(address uint64, size int) string {
	switch {
	case address+uint64(size) > uint64(len(s.data)) || address > uint64(len(s.data)):
		return fmt.Sprintf("out of bounds: bytes %d to %d of %d of shared memory", address, address+uint64(size), len(s.data))
	case address%uint64(size) != 0:
		return fmt.Sprintf("misaligned: %d bytes at %d of shared memory", size, address)
	}
	return ""
}

// usable is what keeps any thread from bytes: there are none, or a copy is on its way to them.
func (s *shared) usable(address uint64, size int, does string) string {
	if wrong := s.piece(address, size); wrong != "" || s.coming == 0 {
		return wrong
	}
	for k := address / 4; k < (address+uint64(size)+3)/4; k++ {
		if s.users[k].coming {
			return fmt.Sprintf("%s shared memory that a copy is on its way to, at byte %d", does, 4*k)
		}
	}
	return ""
}

// expect says that a copy of a thread is on its way to bytes, which it may change at any time from now on.
func (s *shared) expect(address uint64, size int, now use) string {
	if _, wrong := s.write(address, size, now); wrong != "" {
		return wrong
	}
	s.await(address, size, true)
	return ""
}

// land writes what was on its way, for the thread that asked for it and has waited.
func (s *shared) land(address uint64, bytes []byte, now use) string {
	s.await(address, len(bytes), false)
	to, wrong := s.write(address, len(bytes), now)
	copy(to, bytes)
	return wrong
}

// await marks bytes that a copy is on its way to, or no longer.
func (s *shared) await(address uint64, size int, coming bool) {
	for k := address / 4; k < (address+uint64(size)+3)/4; k++ {
		s.users[k].coming = coming
		if coming {
			s.coming++
		} else {
			s.coming--
		}
	}
}

func (s *shared) read(address uint64, size int, now use) ([]byte, string) {
	if wrong := s.usable(address, size, "reads"); wrong != "" {
		return nil, wrong
	}
	if s.checked {
		for k := address / 4; k < (address+uint64(size)+3)/4; k++ {
			u := &s.users[k]
			switch {
			case u.written.barrier == 0:
				return nil, fmt.Sprintf("reads shared memory that nothing wrote, at byte %d", 4*k)
			case u.written.beside(now):
				return nil, fmt.Sprintf("race: reads what another thread wrote since the last barrier, at byte %d of shared memory", 4*k)
			}
			u.read = u.read.and(now)
		}
	}
	return s.data[address : address+uint64(size)], ""
}

func (s *shared) write(address uint64, size int, now use) ([]byte, string) {
	if wrong := s.usable(address, size, "writes"); wrong != "" {
		return nil, wrong
	}
	if s.checked {
		for k := address / 4; k < (address+uint64(size)+3)/4; k++ {
			u := &s.users[k]
			switch {
			case u.written.beside(now):
				return nil, fmt.Sprintf("race: writes what another thread wrote since the last barrier, at byte %d of shared memory", 4*k)
			case u.read.beside(now):
				return nil, fmt.Sprintf("race: writes what another thread read since the last barrier, at byte %d of shared memory", 4*k)
			}
			u.written, u.atomic = now, false
		}
	}
	return s.data[address : address+uint64(size)], ""
}

// update changes 4 or 8 bytes atomically and returns what they were.
func (s *shared) update(address uint64, size int, now use, change func(old uint64) uint64) (uint64, string) {
	if wrong := s.usable(address, size, "changes"); wrong != "" {
		return 0, wrong
	}
	if s.checked {
		for k := address / 4; k < (address+uint64(size))/4; k++ {
			u := &s.users[k]
			switch {
			case u.written.barrier == 0:
				return 0, fmt.Sprintf("changes shared memory that nothing wrote, at byte %d", 4*k)
			case u.written.beside(now) && !u.atomic:
				return 0, fmt.Sprintf("race: changes what another thread wrote since the last barrier, at byte %d of shared memory", 4*k)
			case u.read.beside(now):
				return 0, fmt.Sprintf("race: changes what another thread read since the last barrier, at byte %d of shared memory", 4*k)
			}
			if u.written.since(now) {
				u.written = u.written.and(now)
			} else {
				u.written, u.atomic = now, true
			}
		}
	}
	return changed(s.data[address:], size, change), ""
}
