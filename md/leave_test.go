package md

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// everywhere is every ensemble at 60 K.
func everywhere() []Settings {
	list := append(append(thermostats(), barostats()...), Settings{})
	for i := range list {
		list[i].TimeStep, list[i].Seed, list[i].Temperature = 5, 11, Constant(60)
	}
	return list
}

// numbered is a simulation of replicas that have numbers of their own.
func numbered(t *testing.T, settings Settings, numbers []int, structures ...atoms.Structure) *Dynamics {
	t.Helper()
	d := simulation(t, argon(5.6), 60, settings, structures...)
	copy(d.System.Replicas, numbers)
	d.Thermalize(60)
	return d
}

// Replicas that leave between two steps change nothing of those that stay: neither
// what was computed of them, nor their way, nor where a checkpoint goes on.
func TestLeavingChangesNothing(t *testing.T) {
	all := []atoms.Structure{crystal(8), crystal(27), crystal(64), crystal(12)}
	for _, settings := range everywhere() {
		for _, leave := range [][]int{{0}, {3}, {2, 0}} {
			name := fmt.Sprintf("%v %v without %v", settings.Ensemble, settings.Coupling, leave)
			d := numbered(t, settings, []int{0, 1, 2, 3}, all...)
			var stay []int
			var structures []atoms.Structure
			for k, s := range all {
				if k != leave[0] && k != leave[len(leave)-1] {
					stay, structures = append(stay, k), append(structures, s)
				}
			}
			want := numbered(t, settings, stay, structures...)
			advance(t, d, 5)
			advance(t, want, 5)
			var alarms []Alarm
			for _, k := range leave {
				alarms = append(alarms, Alarm{k, assert.AnError})
			}
			d.FailAll(alarms)
			same := func() {
				t.Helper()
				require.Equal(t, want.System.Result, d.System.Result, name)
				require.Equal(t, want.System.Positions, d.System.Positions, name)
				require.Equal(t, want.System.Velocities, d.System.Velocities, name)
				require.Equal(t, want.System.Cells, d.System.Cells, name)
				for k := range stay {
					require.Equal(t, want.Conserved(k), d.Conserved(k), name)
					require.Equal(t, want.System.Pressure(k), d.System.Pressure(k), name)
				}
			}
			same()
			var file bytes.Buffer
			require.NoError(t, d.Save(&file, Identity{Hash: "argon"}))
			advance(t, d, 3)
			advance(t, want, 3)
			same()
			var err error
			d, err = Restore(&file, argon(5.6), Identity{Hash: "argon"})
			require.NoError(t, err)
			assert.Equal(t, stay, d.System.Replicas)
			require.Len(t, d.Failed, len(leave))
			advance(t, d, 3)
			same()
		}
	}
}

// Bonds of those that leave go with them, of several at once too, and each that stays holds.
func TestLeavingTakesItsBonds(t *testing.T) {
	four := argons(4, 3.8, false)
	settings := Settings{TimeStep: 5}
	for k := range 5 {
		settings.Bonds = append(settings.Bonds, Bond{I: 4*k + 1, J: 4*k + k%2*3, Length: 3.8})
	}
	settings.Bonds = append(settings.Bonds, Bond{I: 2, J: 3, Length: 3.8})
	d := simulation(t, argon(100), 60, settings, copies(four, 5)...)
	advance(t, d, 2)
	assert.Equal(t, []float64{7, 8, 8, 8, 8}, []float64{d.DOF(0), d.DOF(1), d.DOF(2), d.DOF(3), d.DOF(4)})
	d.FailAll([]Alarm{{3, assert.AnError}, {1, assert.AnError}, {3, context.Canceled}})
	assert.Equal(t, []Failure{{3, 2, assert.AnError}, {1, 2, assert.AnError}}, d.Failed)
	assert.Equal(t, []int{0, 2, 4}, d.System.Replicas)
	for n, want := range [][2]int{{1, 0}, {5, 4}, {9, 8}, {2, 3}} {
		assert.Equal(t, want, [2]int{d.bonds.list[n].I, d.bonds.list[n].J})
	}
	d.Thermalize(60)
	assert.Equal(t, []float64{7, 8, 8}, []float64{d.DOF(0), d.DOF(1), d.DOF(2)})
	advance(t, d, 2)
}

// All replicas whose bonds break in a step leave in it, and no other.
func TestBrokenBonds(t *testing.T) {
	settings := Settings{TimeStep: 5}
	for k := range 4 {
		settings.Bonds = append(settings.Bonds, Bond{I: 4 * k, J: 4*k + 1, Length: 3.8}, Bond{I: 4*k + 2, J: 4*k + 3, Length: 3.8})
	}
	d := simulation(t, argon(100), 60, settings, copies(argons(4, 3.8, false), 4)...)
	advance(t, d, 1)
	for _, k := range []int{1, 3} {
		d.System.Velocities[4*k+3][2] += 10 // Å/fs: it is fifty Å away after a step
	}
	advance(t, d, 1)
	assert.Equal(t, []int{0, 2}, d.System.Replicas)
	require.Len(t, d.Failed, 2)
	for i, replica := range []int{1, 3} {
		assert.Equal(t, replica, d.Failed[i].Replica)
		assert.EqualError(t, d.Failed[i].Err, "the bond of atoms 2 and 3 does not keep its 3.800 Å: is the time step too long?")
	}
}

// waters is as many, and the bonds of each.
func waters(t *testing.T, n int) (s *System, bonds []Bond) {
	t.Helper()
	s, err := NewSystem(copies(atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{}, {0.9572}, {-0.24, 0.9266}}}, n)...)
	require.NoError(t, err)
	for k := range n {
		bonds = append(bonds, Bond{I: 3 * k, J: 3*k + 1, Length: 0.9572}, Bond{I: 3 * k, J: 3*k + 2, Length: 0.9572})
	}
	return s, bonds
}

// Beginning, and leaving, take time in proportion to the replicas: each went over the
// bonds of all, so that 20,000 waters took nine seconds to begin, a thousand times
// what they take without bonds.
func TestManyBondsTakeLinearTime(t *testing.T) {
	const n = 10_000
	least := map[string]time.Duration{}
	took := func(what string, do func()) {
		begin := time.Now()
		do()
		took := time.Since(begin)
		if before, ok := least[what]; ok {
			took = min(took, before)
		}
		least[what] = took
	}
	for range 3 {
		s, bonds := waters(t, n)
		var d *Dynamics
		begin := func(bonds []Bond) {
			var err error
			d, err = New(argon(5), s, Settings{TimeStep: 1, Bonds: bonds})
			require.NoError(t, err)
		}
		took("New without bonds", func() { begin(nil) })
		took("New", func() { begin(bonds) })
		took("Thermalize", func() { d.Thermalize(10) })
		var alarms []Alarm
		for k := n - 1; k >= 0; k -= 20 {
			alarms = append(alarms, Alarm{k, assert.AnError})
		}
		took("FailAll", func() { d.FailAll(alarms) })
		assert.Equal(t, n-n/20, d.System.Len())
		assert.Len(t, d.Failed, n/20)
	}
	t.Log(least)
	for _, what := range []string{"New", "Thermalize", "FailAll"} {
		assert.Less(t, least[what], 100*least["New without bonds"], what)
	}
}
