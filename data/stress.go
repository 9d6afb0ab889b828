package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// stressLabel is a stress, or a virial made one.
type stressLabel struct {
	tensor [6]float64 // eV/Å³: xx, yy, zz, yz, xz, xy
	from   string     // the key
	notes  []string
}

// virialKeys is where stress is looked for where nothing else is said and no stress
// is there: GPUMD, GAP and dpdata write −V·stress, eV, by these names.
var virialKeys = []string{"virial", "virials"}

// stressAt is the stress at a key; nil where there is none. A virial's is −virial/V:
// nil and an error where there is no volume, unless it is nothing but zeros.
func (f *Frame) stressAt(key string) (*stressLabel, error) {
	from := key
	if _, ok := f.Get(from); !ok && key == StressKey {
		if i := slices.IndexFunc(virialKeys, func(k string) bool { _, ok := f.Get(k); return ok }); i >= 0 {
			from = virialKeys[i]
		}
	}
	if _, ok := f.Get(from); !ok {
		return nil, nil
	}
	tensor, n, err := f.tensor(from)
	if err != nil {
		return nil, err
	}
	s := &stressLabel{tensor: tensor, from: from}
	if isVirial(from) {
		if n != 9 {
			return nil, fmt.Errorf("%s: expected nine numbers, as nothing states the order of six, found %d", from, n)
		}
		if err := s.ofVirial(f); err != nil {
			return nil, err
		}
		s.notes = append(s.notes, fmt.Sprintf("stress is −%s/V", from))
	} else if n == 6 {
		s.notes = append(s.notes, fmt.Sprintf("the six numbers of %s are read as xx, yy, zz, yz, xz, xy", from))
	}
	if from == StressKey && f.contradicts(s.tensor) {
		s.notes = append(s.notes, "virial is not −V·stress: the stress is used")
	}
	return s, nil
}

func isVirial(key string) bool { return strings.Contains(strings.ToLower(key), "virial") }

// ofVirial makes a virial a stress.
func (s *stressLabel) ofVirial(f *Frame) error {
	volume, ok := f.volume()
	if !ok {
		if s.tensor == [6]float64{} {
			return nil
		}
		return fmt.Errorf("%s: expected a periodic cell with a volume, found none", s.from)
	}
	for c := range s.tensor {
		s.tensor[c] = 0 - s.tensor[c]/volume // of 0 it is not −0
	}
	return nil
}

// contradicts says whether the frame has a virial too that is another's.
func (f *Frame) contradicts(stress [6]float64) bool {
	virial := &stressLabel{from: virialKeys[0]}
	var n int
	var err error
	if virial.tensor, n, err = f.tensor(virial.from); err != nil || n != 9 || virial.ofVirial(f) != nil {
		return false
	}
	largest, differ := 0.0, 0.0
	for c := range stress {
		largest = max(largest, math.Abs(stress[c]))
		differ = max(differ, math.Abs(stress[c]-virial.tensor[c]))
	}
	return differ > 1e-2*largest // digits are lost on the way
}

// otherStresses says what looks like a stress in a frame without one.
func (f *Frame) otherStresses() []string {
	keys := f.fields(func(field Field) bool {
		return isNumbers(field.Value, 6, 9) && (isVirial(field.Key) || strings.Contains(strings.ToLower(field.Key), "stress"))
	})
	if len(keys) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%.300s may be a stress and is left out", strings.Join(keys[:min(len(keys), 5)], ", "))}
}

// MoveStress makes the stress at a key, in whatever shape, that of the key stress, in
// place of what had it. It reports whether there is one, and how it was read. A stress
// that is where and what it should be stays as it is written, and so does a virial that
// was not asked for and that cannot be made one.
func (f *Frame) MoveStress(key string) (found bool, notes []string, err error) {
	s, err := f.stressAt(key)
	if _, own := f.Get(key); err != nil && !own {
		return false, []string{err.Error()}, nil
	}
	if s == nil {
		return false, nil, err
	}
	if _, err := f.Floats(StressKey, 9); s.from == StressKey && err == nil {
		return true, nil, nil
	}
	f.Drop(s.from)
	f.SetStress(s.tensor)
	return true, s.notes, nil
}

// tensor is the numbers of a key as xx, yy, zz, yz, xz, xy, which six of them are;
// of nine that are not symmetric it takes those that ASE takes.
func (f *Frame) tensor(key string) (t [6]float64, n int, err error) {
	n = 9
	if value, _ := f.Get(key); isNumbers(value, 6) {
		n = 6
	}
	s, err := f.Floats(key, n)
	if err == nil {
		err = finite(key, s)
	}
	if err != nil {
		return t, n, err
	}
	if n == 6 {
		return [6]float64(s), n, nil
	}
	return [6]float64{s[0], s[4], s[8], s[7], s[6], s[3]}, n, nil
}
